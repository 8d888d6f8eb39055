public import Foundations

/// Bytes in order, at most as many as it was made for: put in behind, taken out in front, without moving the rest.
///
/// Its memory is taken once, so that it works in interrupts.
public struct ByteQueue: ~Copyable {
  private var storage = GrowableArray<UInt8>()
  private let mask: Int
  /// How many bytes it takes.
  public let limit: Int
  // How many were ever taken and put; they wrap round.
  private var taken = 0
  private var put = 0

  /// Creates an empty queue for `limit` bytes.
  ///
  /// - Throws: `ENOMEM`.
  public init(limit: Int) throws(Errno) {
    var capacity = 16
    while capacity < limit { capacity *= 2 }
    self.limit = limit
    mask = capacity - 1
    try storage.resize(to: capacity, filledWith: 0)
  }

  /// How many bytes there are.
  @inline(__always)
  public var count: Int { put &- taken }
  /// Whether there are none.
  @inline(__always)
  public var isEmpty: Bool { put == taken }
  /// How many more bytes there is room for.
  @inline(__always)
  public var room: Int { limit - count }

  /// Puts a byte in.
  ///
  /// - Precondition: there is room.
  @inline(__always)
  public mutating func append(_ byte: UInt8) {
    storage[put & mask] = byte
    put &+= 1
  }

  /// Puts bytes of `bytes` from `start` on in, as many as there is room for.
  ///
  /// - Returns: how many.
  public mutating func append(_ bytes: Span<UInt8>, from start: Int = 0) -> Int {
    let count = min(room, max(0, bytes.count - start))
    for index in 0..<count { storage[(put &+ index) & mask] = bytes[start + index] }
    put &+= count
    return count
  }

  /// Takes the first byte out.
  ///
  /// - Precondition: it is not empty.
  @inline(__always)
  public mutating func removeFirst() -> UInt8 {
    let byte = storage[taken & mask]
    taken &+= 1
    return byte
  }

  /// Takes the first `number` bytes out; all when there are not so many.
  public mutating func removeFirst(_ number: Int) { taken &+= min(max(number, 0), count) }

  /// Moves the first bytes to `bytes` from `start` on, as many as both have.
  ///
  /// - Returns: how many.
  public mutating func remove(into bytes: inout MutableSpan<UInt8>, from start: Int = 0) -> Int {
    let count = peek(into: &bytes, from: start)
    taken &+= count
    return count
  }

  /// Copies the first bytes to `bytes` from `start` on, as many as both have, and leaves them.
  ///
  /// - Returns: how many.
  public func peek(into bytes: inout MutableSpan<UInt8>, from start: Int = 0) -> Int {
    let count = min(count, max(0, bytes.count - start))
    for index in 0..<count { bytes[start + index] = storage[(taken &+ index) & mask] }
    return count
  }

  /// Takes all bytes out.
  public mutating func removeAll() { taken = put }

  /// Keeps the first `count` bytes, if there are more.
  public mutating func truncate(to count: Int) { put = taken &+ min(self.count, count) }
}
