/// How many wanted to run, averaged over the last one, five and fifteen minutes. Source: proc(5), `/proc/loadavg`; Linux
/// Documentation/scheduler/loadavg.rst: each average falls exponentially, by steps of five seconds.
public struct LoadAverages: Equatable, Sendable {
  /// How often it is to be updated, in nanoseconds.
  public static var interval: UInt64 { 5_000_000_000 }
  /// What stands for one that wants to run, in the averages. Source: Linux linux/sched/loadavg.h, `FIXED_1`.
  public static var one: UInt64 { 1 << 11 }

  /// Over one minute, in units of 1 / `one`.
  public private(set) var oneMinute: UInt64 = 0
  /// Over five minutes.
  public private(set) var fiveMinutes: UInt64 = 0
  /// Over fifteen minutes.
  public private(set) var fifteenMinutes: UInt64 = 0

  /// Nobody wanted to run so far.
  public init() {}

  /// Notes that `count` have wanted to run in the last interval, or in the last `intervals`.
  public mutating func update(_ count: Int, intervals: UInt64 = 1) {
    let active = UInt64(clamping: count) &* Self.one
    // More of them make no difference any more.
    for _ in 0..<min(intervals, 1_000) {
      oneMinute = Self.step(oneMinute, 1_884, active)
      fiveMinutes = Self.step(fiveMinutes, 2_014, active)
      fifteenMinutes = Self.step(fifteenMinutes, 2_037, active)
    }
  }

  /// - Parameter decay: what is left of an average after a step: one / exp(5 s / 1, 5, 15 min).
  private static func step(_ average: UInt64, _ decay: UInt64, _ active: UInt64) -> UInt64 {
    let sum = average &* decay &+ active &* (one - decay)
    // Rounded up while it rises, so that it comes to what it should.
    return (active >= average ? sum &+ (one - 1) : sum) / one
  }
}
