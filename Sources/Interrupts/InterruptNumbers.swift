import Foundations
import Machine

/// The numbers by which programs know devices' messages: in /proc/interrupts, and in `msi_irqs` of /sys.
///
/// A vector is one CPU's, so two devices may have the same; a number is one device's. As on Linux, they are above those of all lines. Lock
/// order: the list's lock is a leaf.
enum InterruptNumbers {
  /// A message in use.
  struct Message {
    let number: UInt32
    let vector: UInt8
    let processor: Int
    let handler: InterruptHandler
    /// How often the vector had come when the message took it.
    let baseline: UInt32
  }

  /// The lowest number, where there are fewer lines. Source: Linux, nr_irqs_gsi of a PC with one I/O APIC.
  private static var first: UInt32 { 24 }

  private static let messages = SpinLock(GrowableArray<Message>())

  /// Takes the lowest free number for what sends `vector` to CPU `processor`.
  ///
  /// - Throws: `ENOMEM`.
  static func take(_ vector: UInt8, _ processor: Int, _ handler: InterruptHandler) throws(Errno) -> UInt32 {
    let lowest = max(first, UInt32(truncatingIfNeeded: max(0, InterruptLines.inputCount)))
    let baseline = VectorHandlers.arrivals(of: vector, on: processor)
    return try messages.withLock { messages throws(Errno) in
      // They are in the order of their numbers.
      var place = 0
      var number = lowest
      while place < messages.count, messages[place].number <= number {
        if messages[place].number == number { number += 1 }
        place += 1
      }
      try messages.insert(
        Message(number: number, vector: vector, processor: processor, handler: handler, baseline: baseline), at: place)
      return number
    }
  }

  /// Gives a number back.
  static func release(_ number: UInt32) {
    let removed: Message? = messages.withLock { messages in
      for index in 0..<messages.count where messages[index].number == number { return messages.remove(at: index) }
      return nil
    }
    _ = removed
  }

  /// The message with the lowest number above `number`, or of all.
  static func message(after number: UInt32?) -> Message? {
    messages.withLock { messages in
      for index in 0..<messages.count where number.map({ messages[index].number > $0 }) ?? true {
        return messages[index]
      }
      return nil
    }
  }
}
