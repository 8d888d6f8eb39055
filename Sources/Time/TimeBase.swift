/// The clocks that waits and timers go by. Source: clock_gettime(2).
public enum TimeBase: UInt8, Sendable {
  /// CLOCK_MONOTONIC.
  case monotonic
  /// CLOCK_REALTIME.
  case realTime
  /// CLOCK_BOOTTIME.
  case bootTime
  /// CLOCK_TAI.
  case atomicTime

  /// What the clock says, in nanoseconds.
  @inline(__always)
  public var now: UInt64 {
    switch self {
    case .monotonic: Clock.nanoseconds
    case .realTime: Clock.realTime
    case .bootTime: Clock.bootTime
    case .atomicTime: Clock.atomicTime
    }
  }

  /// Whether the clock may be set, or go on ahead after the machine was suspended, so that it comes to a time sooner or later
  /// than it seemed.
  @inline(__always)
  public var isSettable: Bool { self != .monotonic }

  /// What the monotonic clock says when this one says `time`, as far as is known now; 0 when that was before it began.
  @inline(__always)
  public func monotonic(_ time: UInt64) -> UInt64 {
    if self == .monotonic { return time }
    let ahead = Clock.offset(of: self)
    return time > ahead ? time - ahead : 0
  }
}

/// A time of one of the clocks, at which something is to happen.
public struct ClockDeadline: Sendable {
  /// The clock.
  public let base: TimeBase
  /// The time, in nanoseconds.
  public let time: UInt64

  /// Names `time` of a clock.
  @inline(__always)
  public init(_ base: TimeBase, _ time: UInt64) {
    self.base = base
    self.time = time
  }

  /// The time that lies `nanoseconds` ahead, or the end of time, by the monotonic clock.
  @inline(__always)
  public init(after nanoseconds: UInt64) {
    let (time, isPastEnd) = Clock.nanoseconds.addingReportingOverflow(nanoseconds)
    self.init(.monotonic, isPastEnd ? .max : time)
  }

  /// What the monotonic clock says then, as far as is known now.
  @inline(__always)
  public var monotonic: UInt64 { base.monotonic(time) }

  /// Whether the clock has come to it.
  public var hasPassed: Bool { base.now >= time }
}
