/// How times become commands to a local APIC's timer.
///
/// Source: Intel SDM vol. 3A, 11.5.4: the timer counts down from 32 bits, or waits for a value of the time-stamp counter.
struct LocalTimerRate: Equatable, Sendable {
  /// What the timer is told.
  enum Command: Equatable, Sendable {
    /// To interrupt after so many of its ticks.
    case count(UInt32)
    /// To interrupt at this value of the time-stamp counter.
    case timestamp(UInt64)
  }

  /// Ticks a nanosecond, times 2³²: of its own clock, or of the time-stamp counter.
  let scale: UInt64
  /// Whether it waits for a value of the time-stamp counter.
  let usesDeadline: Bool

  /// A timer whose clock has this rate; nil when that cannot be right.
  init?(ticksPerSecond: UInt64, usesDeadline: Bool) {
    guard ticksPerSecond >= 1_000, ticksPerSecond < 1 << 40 else { return nil }
    let (high, low) = ((ticksPerSecond << 20) / 1_000_000_000, (ticksPerSecond << 20) % 1_000_000_000)
    scale = high << 12 | (low << 12) / 1_000_000_000
    self.usesDeadline = usesDeadline
  }

  init(scale: UInt64, usesDeadline: Bool) {
    (self.scale, self.usesDeadline) = (scale, usesDeadline)
  }

  /// What makes it interrupt in `nanoseconds`, at least one tick from now and at most as far as it reaches.
  @inline(__always)
  func command(nanoseconds: UInt64, timestamp: @autoclosure () -> UInt64) -> Command {
    let product = nanoseconds.multipliedFullWidth(by: scale)
    let ticks = product.high >> 32 != 0 ? UInt64.max : product.high << 32 | product.low >> 32
    guard usesDeadline else {
      return .count(ticks > UInt64(UInt32.max) ? .max : UInt32(truncatingIfNeeded: max(ticks, 1)))
    }
    let (deadline, isPastEnd) = timestamp().addingReportingOverflow(max(ticks, 1))
    return .timestamp(isPastEnd ? .max : deadline)
  }
}
