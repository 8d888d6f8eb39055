public import Foundations
public import Machine

/// What a driver does when its device interrupts.
open class InterruptHandler {
  /// Creates a handler that finds nothing to do.
  public init() {}

  /// What /proc/interrupts calls it: its driver, or its device; empty for nothing.
  open var label: StaticString { "" }

  /// The number that the device's bus gives the message, for /proc/interrupts.
  open var messageNumber: UInt32 { 0 }

  /// Whether `handle` only notes that the device wants something, and somebody else serves it later, who says so by
  /// `InterruptConnection.finish`. A line that lasts until then is kept from interrupting meanwhile.
  open var isServedLater: Bool { false }

  /// Whether the device interrupts so often that the line which carries that is to be masked: read after each `handle` that has said yes.
  open var isFlooded: Bool { false }

  /// Takes note that the line was masked because its interrupts were nobody's: the device is not heard any more.
  ///
  /// - Context: as `handle`.
  open func lineWasMasked() {}

  /// Whether `handle` says yes only while its device has a cause for its interrupt, and ends that: it may be asked again and
  /// again. Only such handlers share a line that tells of changes alone, as ISA's do.
  open var canShareEdges: Bool { false }

  /// Serves the device.
  ///
  /// - Returns: whether the device wanted something. On a line that devices share, a handler that always says yes hides a
  ///   device that nobody serves.
  /// - Context: interrupts are off; must be short, and must not block.
  open func handle() -> Bool { false }
}

/// A vector of one CPU that a driver owns, for a device that sends messages. Dropping it gives it back.
public struct InterruptSource: ~Copyable {
  /// The CPU that is interrupted.
  public let processor: Int
  /// What the device must write to interrupt.
  public let message: InterruptMessage
  /// Its number for programs, which no other interrupt has.
  public let number: UInt32
  let vector: UInt8

  fileprivate init(processor: Int, vector: UInt8, message: InterruptMessage, number: UInt32) {
    self.processor = processor
    self.vector = vector
    self.message = message
    self.number = number
  }

  deinit {
    InterruptNumbers.release(number)
    DeviceVectors.release(vector, on: processor)
  }
}

/// The vectors that devices may have, on all CPUs.
///
/// Drivers ask for vectors, never for numbers. Lock order: the table's lock is a leaf.
public enum DeviceVectors {
  private static let table = SpinLock(VectorTable(InterruptVector.messageSignalled))

  /// Takes a vector on one of `processors`, one bit each, and makes `handler` serve it.
  ///
  /// The CPU with the fewest vectors is chosen.
  ///
  /// - Throws: `ENOSPC` when none of them has a vector left, `ENOMEM`.
  /// - Context: no lock is held.
  public static func allocate(
    on processors: UInt64 = .max, handler: InterruptHandler
  ) throws(Errno) -> InterruptSource {
    guard let (vector, processor) = take(on: processors) else { throw .ENOSPC }
    guard let destination = Processor.localAPIC(of: processor),
      let message = InterruptMessage(vector: vector, destination: destination)
    else {
      table.withLock { $0.release(vector, on: processor) }
      throw .ENOSPC
    }
    let number: UInt32
    do throws(Errno) { number = try InterruptNumbers.take(vector, processor, handler) } catch {
      table.withLock { $0.release(vector, on: processor) }
      throw error
    }
    VectorHandlers.set(DeviceVector(handler), for: vector, on: processor)
    return InterruptSource(processor: processor, vector: vector, message: message, number: number)
  }

  /// Takes a vector on one of `processors`, for which a handler is yet to be set.
  static func take(on processors: UInt64) -> (vector: UInt8, processor: Int)? {
    table.withLock { $0.take(on: processors & Processor.online) }
  }

  /// Takes the handler away, and gives the vector back.
  static func release(_ vector: UInt8, on processor: Int) {
    VectorHandlers.set(nil, for: vector, on: processor)
    table.withLock { $0.release(vector, on: processor) }
  }

  /// How many vectors of CPU `processor` are taken.
  public static func count(on processor: Int) -> Int { table.withLock { $0.count(on: processor) } }
}

/// A driver's handler as that of a vector which it shares with nobody.
private final class DeviceVector: VectorHandler {
  private let handler: InterruptHandler

  init(_ handler: InterruptHandler) {
    self.handler = handler
    super.init()
  }

  override func handle(_ vector: UInt8) { _ = handler.handle() }
}
