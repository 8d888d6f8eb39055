/// Compares the counter that time is told by with another one, now and then.
///
/// One bad comparison proves nothing: a hypervisor or firmware may have stopped the CPU between two readings. So each is the narrowest
/// of many, one that is not narrow is not counted, and only several that disagree make a counter unsteady.
public struct CounterWatchdog: Sendable {
  /// What a comparison came to.
  public enum Verdict: Equatable, Sendable {
    /// There is nothing to say yet.
    case inconclusive
    /// Both agree; the watched one was ahead by so many nanoseconds.
    case agrees(Int64)
    /// They do not agree, but not often enough.
    case suspicious(Int64)
    /// It is not to be trusted any more.
    case unsteady
  }

  private let watched: CounterSource
  private let reference: CounterSource
  private var last: (watched: UInt64, reference: UInt64, width: UInt64)?
  private var score = 0

  /// Shorter intervals say little, in nanoseconds.
  private static let shortest: UInt64 = 50_000_000
  /// What two readings may lie apart to count, in nanoseconds.
  private static let widest: UInt64 = 100_000
  /// Beside the errors of both rates, for what heat and the bus do, in parts per billion and nanoseconds.
  private static let allowance: UInt64 = 200_000
  private static let allowanceNanoseconds: UInt64 = 5_000
  private static let penalty = 4
  private static let limit = 10

  /// Watches `watched` by `reference`.
  public init(_ watched: CounterSource, by reference: CounterSource) {
    self.watched = watched
    self.reference = reference
  }

  /// How long to wait at most between two checks, in nanoseconds: longer, and a counter may have counted through.
  public var longestInterval: UInt64 { min(watched.longestGap, reference.longestGap) }

  /// Compares.
  ///
  /// - Parameter interval: the time since the last check as far as anybody knows, in nanoseconds; when it is too long, the
  ///   comparison begins anew.
  public mutating func check(
    interval: UInt64, _ counters: borrowing some CounterReader & ~Copyable
  ) -> Verdict {
    let moment = Self.moment(watched.kind, reference.kind, counters)
    let scale = CounterScale(watched.rate)
    let width = scale.nanoseconds(moment.width)
    guard width <= Self.widest else { return .inconclusive }
    guard let last, interval <= longestInterval else {
      self.last = (moment.ticks, moment.reference, width)
      return .inconclusive
    }
    let elapsed = scale.nanoseconds((moment.ticks &- last.watched) & watched.mask)
    let expected = CounterScale(reference.rate).nanoseconds((moment.reference &- last.reference) & reference.mask)
    guard expected >= Self.shortest || elapsed >= Self.shortest else { return .inconclusive }
    self.last = (moment.ticks, moment.reference, width)
    let difference = Int64(truncatingIfNeeded: elapsed &- expected)
    let parts = watched.errorPartsPerBillion &+ reference.errorPartsPerBillion &+ Self.allowance
    let (high, low) = expected.multipliedFullWidth(by: min(parts, 1_000_000_000))
    let share = WideInteger.divide(high: high, low: low, by: 1_000_000_000) ?? .max
    let tolerance = share &+ width &+ last.width &+ Self.allowanceNanoseconds
    guard difference.magnitude > tolerance else {
      score = max(score - 1, 0)
      return .agrees(difference)
    }
    score += Self.penalty
    return score > Self.limit ? .unsteady : .suspicious(difference)
  }

  private static func moment(
    _ watched: CounterKind, _ reference: CounterKind, _ counters: borrowing some CounterReader & ~Copyable
  ) -> RateMeasurement.Moment {
    var best = RateMeasurement.Moment(reference: 0, ticks: 0, width: .max)
    for _ in 0..<16 {
      let before = counters.ticks(watched)
      let count = counters.ticks(reference)
      let width = counters.ticks(watched) &- before
      if width < best.width { best = .init(reference: count, ticks: before &+ width / 2, width: width) }
    }
    return best
  }
}
