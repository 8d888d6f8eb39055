/// How fast a clock ticks, by another.
public struct RateMeasurement: Equatable, Sendable {
  /// Ticks a second.
  public var ticksPerSecond: UInt64
  /// How wrong that may be, in millionths.
  public var errorPartsPerMillion: UInt64

  /// Creates a measurement.
  public init(ticksPerSecond: UInt64, errorPartsPerMillion: UInt64) {
    self.ticksPerSecond = ticksPerSecond
    self.errorPartsPerMillion = errorPartsPerMillion
  }

  /// How far another measurement of the same clock is away, in millionths of this one.
  public func deviation(of other: RateMeasurement) -> UInt64 {
    guard ticksPerSecond > 0 else { return .max }
    let difference =
      other.ticksPerSecond > ticksPerSecond
      ? other.ticksPerSecond - ticksPerSecond : ticksPerSecond - other.ticksPerSecond
    let (product, overflowed) = difference.multipliedReportingOverflow(by: 1_000_000)
    return overflowed ? .max : product / ticksPerSecond
  }

  // MARK: Measuring

  /// How often a counter that stands still is read before it is given up. One that runs changes far earlier.
  private static let stillLimit = 100_000
  private static let samples = 8

  /// Measures the clock `ticks` by `reference`, over `milliseconds`.
  ///
  /// - Parameter milliseconds: 1...50, so that the slowest reference turns at most once.
  /// - Returns: nil when the reference or the clock stands still.
  public static func measure(
    by reference: HardwareCounter, milliseconds: UInt64, ticks: () -> UInt64
  ) -> RateMeasurement? {
    let goal = reference.frequencyHertz * milliseconds / 1_000
    let first = Sample.best(of: samples, reference, ticks)
    var elapsed: UInt64 = 0
    var still = 0
    while elapsed < goal {
      let now = reference.distance(from: first.count, to: reference.read())
      still = now == elapsed ? still + 1 : 0
      guard still < stillLimit else { return nil }
      elapsed = now
    }
    let last = Sample.best(of: samples, reference, ticks)
    let counts = reference.distance(from: first.count, to: last.count)
    let span = last.ticks &- first.ticks
    let (product, overflowed) = span.multipliedReportingOverflow(by: reference.frequencyHertz)
    guard counts > 0, span > 0, !overflowed, product / counts > 0 else { return nil }
    // Each end is known to half of what its reading took, and the reference to one count.
    let uncertainty = (first.width + last.width) / 2
    let error = min(uncertainty, span).multipliedReportingOverflow(by: 1_000_000)
    return RateMeasurement(
      ticksPerSecond: product / counts,
      errorPartsPerMillion: (error.overflow ? 1_000_000 : error.partialValue / span) + 1_000_000 / counts + 1)
  }

  /// Measures until two measurements in a row agree, for one alone proves nothing: under a busy hypervisor either clock may have
  /// stood still meanwhile.
  ///
  /// - Parameter attempts: how many measurements there are at most.
  /// - Returns: nil when a clock stands still or no two agree.
  public static func agreed(
    by reference: HardwareCounter, milliseconds: UInt64, attempts: Int, tolerancePartsPerMillion: UInt64,
    ticks: () -> UInt64
  ) -> RateMeasurement? {
    var previous: RateMeasurement?
    for _ in 0..<attempts {
      guard let current = measure(by: reference, milliseconds: milliseconds, ticks: ticks) else { return nil }
      if let previous {
        let tolerance = max(
          tolerancePartsPerMillion, previous.errorPartsPerMillion + current.errorPartsPerMillion)
        if previous.deviation(of: current) <= tolerance {
          return previous.errorPartsPerMillion < current.errorPartsPerMillion ? previous : current
        }
      }
      previous = current
    }
    return nil
  }

  /// Count and ticks of one moment.
  private struct Sample {
    var count: UInt64
    var ticks: UInt64
    var width: UInt64

    /// Of several tries the one during which the least time passed, so that an interruption by firmware or a hypervisor
    /// does not count.
    static func best(of tries: Int, _ reference: HardwareCounter, _ ticks: () -> UInt64) -> Sample {
      var best = Sample(count: 0, ticks: 0, width: .max)
      for _ in 0..<tries {
        let before = ticks()
        let count = reference.read()
        let width = ticks() &- before
        if width < best.width { best = Sample(count: count, ticks: before &+ width / 2, width: width) }
      }
      return best
    }
  }
}
