/// A counter in the machine that runs at a steady, known rate: a yardstick for other clocks, and the clock where they fail.
///
/// Reading one takes about a microsecond, for it is outside the CPU.
open class HardwareCounter {
  /// What it is called in the log, as Linux calls its clock sources.
  public let name: String
  /// Counts a second.
  public let frequencyHertz: UInt64
  /// A one for each bit that it has, from the lowest on.
  public let mask: UInt64

  /// Creates a counter.
  public init(name: String, frequencyHertz: UInt64, bitCount: Int) {
    self.name = name
    self.frequencyHertz = frequencyHertz
    mask = bitCount >= 64 ? .max : (1 << UInt64(bitCount)) - 1
  }

  /// The count now; only the bits of `mask` may be set.
  open func read() -> UInt64 { 0 }

  /// How far the counter went from `earlier` to `later`, less than one turn.
  public final func distance(from earlier: UInt64, to later: UInt64) -> UInt64 { (later &- earlier) & mask }
}
