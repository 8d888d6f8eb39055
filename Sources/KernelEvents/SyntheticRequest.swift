public import Foundations
import Machine

/// What a program writes to a device's file `uevent`, to have an event sent: an action, and perhaps behind it a UUID by
/// which it knows the event again, and words of its own.
///
/// Source: Linux Documentation/ABI/testing/sysfs-uevent.
public struct SyntheticRequest: Sendable {
  /// Characters of a UUID.
  static let identifierCount = 36

  /// What is to be told.
  public let action: KernelEventAction
  /// Where in the text the UUID and the words are; nil without them.
  let arguments: Range<Int>?

  /// Reads the beginning of `text`.
  ///
  /// - Throws: `EINVAL` when that is no action.
  public init(_ text: Span<UInt8>) throws(Errno) {
    var count = text.count
    if count > 0, text[count - 1] == 0x0a || text[count - 1] == 0 { count -= 1 }
    var end = 0
    while end < count, text[end] != 0x20 { end += 1 }
    guard let action = KernelEventAction(name: text.extracting(0..<end)) else { throw .EINVAL }
    self.action = action
    arguments = end < count ? end + 1..<count : nil
  }

  /// Adds to `event` what `text`, of which this was read, says besides the action.
  ///
  /// - Throws: `EINVAL` when it is not as it should be; `ENOMEM`, also when it is too long.
  public func addArguments(in text: Span<UInt8>, to event: inout KernelEvent) throws(Errno) {
    try event.add(argumentsIn: text, arguments)
  }

  // MARK: Reading

  /// Whether there is a UUID at `start` of `text`, which has as many characters there.
  static func isIdentifier(_ text: Span<UInt8>, at start: Int) -> Bool {
    for index in 0..<identifierCount {
      let byte = text[start + index]
      switch index {
      case 8, 13, 18, 23: if byte != 0x2d { return false }
      default: if !isHexadecimal(byte) { return false }
      }
    }
    return true
  }

  /// The letters and digits from `start` on, up to `delimiter` or the end.
  ///
  /// - Throws: `EINVAL` when there are none, or other characters among them.
  static func word(
    in text: Span<UInt8>, from start: Int, to limit: Int, endsWith delimiter: UInt8
  ) throws(Errno) -> Range<Int> {
    var end = start
    while end < limit, text[end] != delimiter {
      guard isAlphanumeric(text[end]) else { throw .EINVAL }
      end += 1
    }
    guard end > start else { throw .EINVAL }
    return start..<end
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: false
    }
  }
}
