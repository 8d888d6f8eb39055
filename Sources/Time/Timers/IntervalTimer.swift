/// When a timer expires, once or again and again, by the times that are passed in: what timerfd_settime(2), timer_settime(2) and
/// setitimer(2) have in common.
public struct IntervalTimer: Equatable, Sendable {
  /// When it expires next, in nanoseconds; 0 when it is not armed.
  public private(set) var next: UInt64 = 0
  /// From each expiry to the next, in nanoseconds; 0 for one expiry.
  public private(set) var interval: UInt64 = 0

  /// A timer that is not armed.
  @inline(__always)
  public init() {}

  /// Whether it will expire.
  @inline(__always)
  public var isArmed: Bool { next != 0 }

  /// Makes it expire at `time` and, if `interval` is not 0, so long after each expiry again.
  public mutating func arm(at time: UInt64, interval: UInt64) {
    // 0 stands for a timer that is not armed; the clocks' first nanosecond has passed for everybody.
    next = max(time, 1)
    self.interval = interval
  }

  /// Stops it.
  public mutating func disarm() { (next, interval) = (0, 0) }

  /// How long it is until it expires, in nanoseconds; 0 when it is not armed or its time has come.
  public func remaining(at now: UInt64) -> UInt64 { next > now ? next - now : 0 }

  /// Counts the expiries until `now`, and moves on to the next one behind it.
  public mutating func takeExpirations(until now: UInt64) -> UInt64 {
    guard isArmed, next <= now else { return 0 }
    guard interval > 0 else {
      next = 0
      return 1
    }
    let count = (now - next) / interval + 1
    // No further than now and an interval, so only the end of time can be in the way.
    let (later, isPastEnd) = next.addingReportingOverflow(count &* interval)
    next = isPastEnd ? .max : later
    return count
  }
}
