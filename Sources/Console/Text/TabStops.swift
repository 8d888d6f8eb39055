/// The columns that a tab goes to.
struct TabStops: Sendable {
  /// Bit n of word m: column 64 m + n.
  private var bits = InlineArray<16, UInt64>(repeating: 0x0101_0101_0101_0101)

  mutating func set(_ column: Int, _ isStop: Bool) {
    guard column >= 0 && column < 1024 else { return }
    let bit = UInt64(1) << UInt64(column & 63)
    if isStop { bits[column >> 6] |= bit } else { bits[column >> 6] &= ~bit }
  }

  mutating func clear() { bits = InlineArray(repeating: 0) }

  /// The first stop right of `column`, at most `last`.
  func next(after column: Int, last: Int) -> Int {
    var place = column
    while place < last {
      place &+= 1
      if isStop(place) { break }
    }
    return min(place, last)
  }

  /// The first stop left of `column`, at least 0.
  func previous(before column: Int) -> Int {
    var place = column
    while place > 0 {
      place &-= 1
      if isStop(place) { break }
    }
    return max(place, 0)
  }

  private func isStop(_ column: Int) -> Bool {
    column >= 0 && column < 1024 && bits[column >> 6] >> UInt64(column & 63) & 1 == 1
  }
}
