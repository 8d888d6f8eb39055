/// Measures the rate of one counter by another.
///
/// Whoever runs below the kernel (firmware, a hypervisor) may stop it at any moment, between any two readings. So the moments at
/// which a measurement begins and ends are each the narrowest of several readings, and only measurements that agree count.
public struct RateMeasurement: Equatable, Sendable {
  /// The rate.
  public var rate: CounterRate
  /// How wrong it may be, in parts per billion, beside what the yardstick itself may be wrong.
  public var errorPartsPerBillion: UInt64

  /// The readings of which the narrowest counts.
  private static let tries = 16
  /// Readings of the yardstick after which it is taken to stand still: far more than any measurement takes.
  private static let readingLimit = 4_000_000

  /// Both counters at one moment.
  struct Moment {
    var reference: UInt64
    var ticks: UInt64
    /// How long the reading took, in the measured counter's ticks.
    var width: UInt64

    /// Takes the narrowest of several readings.
    static func take(reference: () -> UInt64, ticks: () -> UInt64) -> Moment {
      var best = Moment(reference: 0, ticks: 0, width: .max)
      for _ in 0..<tries {
        let before = ticks()
        let count = reference()
        let width = ticks() &- before
        if width < best.width { best = Moment(reference: count, ticks: before &+ width / 2, width: width) }
      }
      return best
    }
  }

  /// Measures once.
  ///
  /// - Parameters:
  ///   - source: what the yardstick is; it is read often enough that it does not count through unseen.
  ///   - nanoseconds: how long to measure, 1,000,000...1,000,000,000.
  ///   - reference: reads the yardstick.
  ///   - ticks: reads the counter to be measured, which must be 64 bits wide.
  /// - Returns: nil when the yardstick stands still or what comes out is not believable.
  public init?(by source: CounterSource, nanoseconds: UInt64, reference: () -> UInt64, ticks: () -> UInt64) {
    let wanted = source.rate.ticks(nanoseconds: nanoseconds)
    let first = Moment.take(reference: reference, ticks: ticks)
    var elapsed: UInt64 = 0
    var last = first.reference
    var remaining = Self.readingLimit
    while elapsed < wanted {
      guard remaining > 0 else { return nil }
      remaining -= 1
      let now = reference()
      elapsed &+= (now &- last) & source.mask
      last = now
    }
    let end = Moment.take(reference: reference, ticks: ticks)
    elapsed &+= (end.reference &- last) & source.mask
    let counted = end.ticks &- first.ticks
    // counted / elapsed × rate, and the uncertainties of both ends in parts of what was counted.
    let (high, low) = counted.multipliedFullWidth(by: source.rate.millihertz)
    guard counted > 0, let quotient = WideInteger.divide(high: high, low: low, by: elapsed),
      let rate = CounterRate(millihertz: quotient)
    else { return nil }
    self.rate = rate
    let width = Self.parts(first.width / 2 &+ end.width / 2 &+ 1, of: counted)
    errorPartsPerBillion = width &+ Self.parts(2, of: elapsed)
  }

  static func parts(_ part: UInt64, of whole: UInt64) -> UInt64 {
    let (high, low) = part.multipliedFullWidth(by: 1_000_000_000)
    return min(WideInteger.divide(high: high, low: low, by: max(whole, 1)) ?? .max, 1_000_000_000)
  }

  /// Measures until three measurements agree, at most `attempts` times.
  ///
  /// - Parameters:
  ///   - attempts: 3...16.
  ///   - measure: measures once, or returns nil.
  /// - Returns: the middle one of the three that agree best, with an error that covers the other two; nil when no three
  ///   agree: one of the counters is unsteady.
  public static func agreed(attempts: Int, _ measure: () -> RateMeasurement?) -> RateMeasurement? {
    var rates = InlineArray<16, UInt64>(repeating: 0)
    var errors = InlineArray<16, UInt64>(repeating: 0)
    var count = 0
    for _ in 0..<min(attempts, 16) {
      guard let next = measure() else { return nil }
      // Kept in order of the rate, so that those which agree are neighbours.
      var place = count
      while place > 0, rates[place - 1] > next.rate.millihertz {
        rates[place] = rates[place - 1]
        errors[place] = errors[place - 1]
        place -= 1
      }
      rates[place] = next.rate.millihertz
      errors[place] = next.errorPartsPerBillion
      count += 1
      if let agreement = agreement(rates, errors, count) { return agreement }
    }
    return nil
  }

  /// Measurements agree when they are no further apart than this beside their errors, in parts per billion.
  private static let tolerance: UInt64 = 200_000

  private static func agreement(
    _ rates: InlineArray<16, UInt64>, _ errors: InlineArray<16, UInt64>, _ count: Int
  ) -> RateMeasurement? {
    guard count >= 3 else { return nil }
    var best: (spread: UInt64, index: Int)?
    for index in 0...count - 3 {
      let spread = parts(rates[index + 2] - rates[index], of: rates[index + 1])
      guard spread <= min(errors[index] &+ errors[index + 2], 2_000_000) &+ tolerance else { continue }
      if best.map({ spread < $0.spread }) ?? true { best = (spread, index) }
    }
    guard let best, let rate = CounterRate(millihertz: rates[best.index + 1]) else { return nil }
    let error = max(best.spread, errors[best.index + 1])
    return RateMeasurement(rate: rate, errorPartsPerBillion: error)
  }

  init(rate: CounterRate, errorPartsPerBillion: UInt64) {
    self.rate = rate
    self.errorPartsPerBillion = errorPartsPerBillion
  }
}
