import Foundations
import Machine

/// A queue of bytes whose memory is taken once, so that it works in interrupts.
struct ByteQueue: ~Copyable {
  private var storage = GrowableArray<UInt8>()
  private let mask: Int
  /// How many bytes it takes.
  let limit: Int
  // How many were ever taken and put; they wrap round.
  private var taken = 0
  private var put = 0

  /// Creates a queue for `limit` bytes.
  ///
  /// - Throws: `ENOMEM`.
  init(limit: Int) throws(Errno) {
    var capacity = 16
    while capacity < limit { capacity *= 2 }
    self.limit = limit
    mask = capacity - 1
    try storage.resize(to: capacity, filledWith: 0)
  }

  @inline(__always)
  var count: Int { put &- taken }
  @inline(__always)
  var isEmpty: Bool { put == taken }
  @inline(__always)
  var room: Int { limit - count }

  /// - Precondition: there is room.
  @inline(__always)
  mutating func append(_ byte: UInt8) {
    storage[put & mask] = byte
    put &+= 1
  }

  /// Appends bytes of `bytes` from `start` on, as many as there is room for, and returns how many.
  mutating func append(_ bytes: Span<UInt8>, from start: Int = 0) -> Int {
    let count = min(room, bytes.count - start)
    for index in 0..<count { storage[(put &+ index) & mask] = bytes[start + index] }
    put &+= count
    return count
  }

  /// - Precondition: it is not empty.
  @inline(__always)
  mutating func removeFirst() -> UInt8 {
    let byte = storage[taken & mask]
    taken &+= 1
    return byte
  }

  /// Moves the first bytes to `bytes` from `start` on, as many as both have, and returns how many.
  mutating func remove(into bytes: inout MutableSpan<UInt8>, from start: Int = 0) -> Int {
    let count = min(count, bytes.count - start)
    for index in 0..<count { bytes[start + index] = storage[(taken &+ index) & mask] }
    taken &+= count
    return count
  }

  mutating func removeAll() { taken = put }

  /// Keeps the first `count` bytes, if there are more.
  mutating func truncate(to count: Int) { put = taken &+ min(self.count, count) }
}

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
