/// Whether a line's interrupts are worth serving: a device that nobody serves would otherwise keep its CPU busy for ever.
///
/// A line is given up when nearly all of its last 100,000 interrupts were claimed by no handler; Linux draws the same line
/// (`note_interrupt`).
struct StormDetector: Sendable {
  /// After how many interrupts the sum is drawn.
  static let period = 100_000
  /// How many unclaimed ones of them are a storm.
  static let limit = 99_900

  /// Interrupts since the sum was last drawn.
  private(set) var count = 0
  /// Those of them that nobody claimed.
  private(set) var unclaimed = 0

  /// Counts an interrupt.
  ///
  /// - Returns: whether the line is to be masked.
  mutating func note(isClaimed: Bool) -> Bool {
    count += 1
    if !isClaimed { unclaimed += 1 }
    guard count >= Self.period else { return false }
    let isStorm = unclaimed > Self.limit
    count = 0
    unclaimed = 0
    return isStorm
  }
}
