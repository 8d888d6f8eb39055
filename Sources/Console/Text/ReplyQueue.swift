/// Answers of a terminal that wait to be taken: short, and lost when nobody takes them.
struct ReplyQueue: Sendable {
  private var bytes = InlineArray<64, UInt8>(repeating: 0)
  private var count = 0

  /// Adds an answer, or nothing when there is no room for all of it.
  mutating func append(_ answer: Span<UInt8>) {
    guard count &+ answer.count <= 64 else { return }
    for index in answer.indices {
      bytes[count] = answer[index]
      count &+= 1
    }
  }

  /// Moves as much as there is room for to `destination`.
  ///
  /// - Returns: how many bytes.
  mutating func remove(into destination: inout MutableSpan<UInt8>) -> Int {
    let moved = min(count, destination.count)
    for index in 0..<moved { destination[index] = bytes[index] }
    for index in moved..<count { bytes[index &- moved] = bytes[index] }
    count &-= moved
    return moved
  }
}
