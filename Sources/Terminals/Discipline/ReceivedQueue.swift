import Foundations
import Machine

/// Input as a device received it, which the line discipline has not treated.
struct ReceivedQueue: ~Copyable {
  private var storage = GrowableArray<UInt16>()
  private let mask: Int
  private var taken = 0
  private var put = 0

  /// Creates a queue for `capacity` bytes, a power of two.
  ///
  /// - Throws: `ENOMEM`.
  init(capacity: Int) throws(Errno) {
    mask = capacity - 1
    try storage.resize(to: capacity, filledWith: 0)
  }

  var count: Int { put &- taken }
  var room: Int { mask + 1 - count }

  /// Appends a byte with what happened to it; false when there is no room.
  @inline(__always)
  mutating func append(_ byte: UInt8, _ condition: ReceiveCondition) -> Bool {
    guard room > 0 else { return false }
    storage[put & mask] = UInt16(byte) | UInt16(condition.rawValue) << 8
    put &+= 1
    return true
  }

  /// The first byte, with what happened to it.
  ///
  /// - Precondition: there is one.
  @inline(__always)
  mutating func removeFirst() -> (byte: UInt8, condition: ReceiveCondition) {
    let entry = storage[taken & mask]
    taken &+= 1
    return (UInt8(truncatingIfNeeded: entry), ReceiveCondition(rawValue: UInt8(entry >> 8)) ?? .normal)
  }

  /// What happened to the first byte.
  var firstCondition: ReceiveCondition {
    ReceiveCondition(rawValue: UInt8(storage[taken & mask] >> 8)) ?? .normal
  }

  mutating func removeAll() { taken = put }
}

/// What happened while a byte was received.
public enum ReceiveCondition: UInt8, Sendable {
  /// Nothing.
  case normal
  /// The line was at break; the byte means nothing.
  case breakCondition
  /// The parity was wrong.
  case parityError
  /// The stop bit was missing.
  case framingError
  /// Bytes before this were lost.
  case overrun
}
