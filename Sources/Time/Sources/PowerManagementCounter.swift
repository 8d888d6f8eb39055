import Foundations

/// The power-management timer of ACPI: 24 or 32 bits at 3.579545 MHz, in every PC since 1997.
///
/// Source: ACPI 6.5, section 4.8.3.3.
public struct PowerManagementCounter<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let space: Space
  /// What it is.
  public let source: CounterSource

  private static var frequencyHertz: UInt64 { 3_579_545 }
  private static var errorPartsPerBillion: UInt64 { 100_000 }
  /// Chips are known that may be read while the counter changes, bit by bit; three readings in order prove one good.
  private static var attempts: Int { 8 }

  /// Takes the four bytes of the timer's register.
  ///
  /// - Parameter width: 24, or 32 when the FADT's flag TMR_VAL_EXT is set.
  /// - Returns: nil when the counter stands still.
  public init?(_ space: consuming Space, width: UInt64) {
    self.space = space
    source = CounterSource(
      .powerManagement, width: width == 32 ? 32 : 24, rate: CounterRate(known: Self.frequencyHertz),
      errorPartsPerBillion: Self.errorPartsPerBillion)
    let first = self.space.read32(at: 0)
    guard first != .max else { return nil }
    for _ in 0..<10_000 where self.space.read32(at: 0) != first { return }
    return nil
  }

  /// The count, in ticks.
  public var ticks: UInt64 {
    var first = UInt64(space.read32(at: 0)) & source.mask
    var second = UInt64(space.read32(at: 0)) & source.mask
    for _ in 0..<Self.attempts {
      let third = UInt64(space.read32(at: 0)) & source.mask
      if isInOrder(first, second), isInOrder(second, third) { break }
      (first, second) = (second, third)
    }
    return second
  }

  /// Whether `later` is at most a few thousand ticks after `earlier`: a millisecond, far more than one read takes.
  private func isInOrder(_ earlier: UInt64, _ later: UInt64) -> Bool { (later &- earlier) & source.mask < 1 << 12 }
}
