import Foundations
import Time

/// Counters that count with a simulated time, which passes only when they are read or somebody lets it pass.
final class SimulatedMachine: CounterReader {
  /// A counter of the machine.
  struct Counter {
    var millihertz: UInt64
    var width: UInt64 = 64
    /// What it says at time 0.
    var start: UInt64 = 0
    /// How long a reading takes, in picoseconds.
    var cost: UInt64 = 20_000
  }

  var counters: [CounterKind: Counter] = [
    .timestamp: Counter(millihertz: 2_096_123_456_000, cost: 10_000),
    .highPrecision: Counter(millihertz: 100_000_000_000, cost: 500_000),
    .powerManagement: Counter(millihertz: 3_579_545_000, width: 24, cost: 1_000_000),
    .interval: Counter(millihertz: 1_193_182_000, width: 16, cost: 3_000_000),
  ]
  /// The time, in picoseconds.
  var picoseconds: UInt64 = 0
  /// Called before each reading: it may let time pass.
  var beforeReading: ((SimulatedMachine) -> Void)?
  /// Ticks that the time-stamp counter of the CPU that reads is ahead.
  var skew: Int64 = 0

  func pass(nanoseconds: UInt64) { picoseconds += nanoseconds * 1_000 }

  func ticks(_ kind: CounterKind) -> UInt64 {
    beforeReading?(self)
    guard let counter = counters[kind] else { return 0 }
    picoseconds += counter.cost
    let wide = UInt128(picoseconds) * UInt128(counter.millihertz) / 1_000_000_000_000_000
    let ticks = counter.start &+ UInt64(truncatingIfNeeded: wide)
    let skewed = kind == .timestamp ? ticks &+ UInt64(bitPattern: skew) : ticks
    return counter.width == 64 ? skewed : skewed & (1 << counter.width - 1)
  }

  func source(_ kind: CounterKind, errorPartsPerBillion: UInt64 = 0) throws -> CounterSource {
    guard let counter = counters[kind], let rate = CounterRate(millihertz: counter.millihertz) else {
      throw Errno.ENODEV
    }
    return CounterSource(kind, width: counter.width, rate: rate, errorPartsPerBillion: errorPartsPerBillion)
  }
}
