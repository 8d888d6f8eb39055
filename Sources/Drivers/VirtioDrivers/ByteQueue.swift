import Foundations
import Machine

/// Bytes in order, at most as many as it was made for: put in behind, taken out in front, without moving the rest.
struct ByteQueue: ~Copyable {
  private var storage = GrowableArray<UInt8>()
  private var first = 0
  /// How many bytes there are.
  private(set) var count = 0

  /// A queue for `capacity` bytes, 1 or more.
  ///
  /// - Throws: `ENOMEM`.
  init(capacity: Int) throws(Errno) { try storage.resize(to: max(1, capacity), filledWith: 0) }

  var isEmpty: Bool { count == 0 }
  /// How many more bytes there is room for.
  var room: Int { storage.count - count }

  private func place(_ offset: Int) -> Int {
    let place = first + offset
    return place < storage.count ? place : place - storage.count
  }

  /// Puts `bytes` in, as many as there is room for.
  ///
  /// - Returns: how many.
  mutating func append(_ bytes: Span<UInt8>) -> Int {
    let taken = min(bytes.count, room)
    for index in 0..<taken { storage[place(count + index)] = bytes[index] }
    count += taken
    return taken
  }

  /// Copies the first bytes into `bytes`, and leaves them.
  ///
  /// - Returns: how many.
  func peek(into bytes: inout MutableSpan<UInt8>) -> Int {
    let copied = min(bytes.count, count)
    for index in 0..<copied { bytes[index] = storage[place(index)] }
    return copied
  }

  /// Takes the first `number` bytes out; all when there are not so many.
  mutating func removeFirst(_ number: Int) {
    let removed = min(max(number, 0), count)
    first = place(removed)
    count -= removed
    if count == 0 { first = 0 }
  }

  /// Takes all bytes out.
  mutating func removeAll() { (first, count) = (0, 0) }
}
