import Machine
import Synchronization

/// The timer inside each CPU: one interrupt at a time, some time from now.
///
/// All CPUs' timers have one clock, measured once: their own, or the time-stamp counter where the CPU can wait for a value of it.
public enum LocalTimer {
  private static let ticksPerSecondCell = Atomic<UInt64>(0)
  private static let scale = Atomic<UInt64>(0)
  private static let deadlineIsUsed = Atomic<Bool>(false)

  /// The rate, in ticks a second; 0 until `measure` or `useDeadline` has succeeded.
  public static var ticksPerSecond: UInt64 { ticksPerSecondCell.load(ordering: .relaxed) }

  /// Whether timers wait for a value of the time-stamp counter.
  public static var usesDeadline: Bool { deadlineIsUsed.load(ordering: .relaxed) }

  /// Makes timers wait for values of the time-stamp counter, where CPUs can and the counter always runs at one rate.
  ///
  /// - Parameter ticksPerSecond: the time-stamp counter's rate.
  /// - Returns: whether they do.
  /// - Context: before `start`.
  public static func useDeadline(ticksPerSecond: UInt64) -> Bool {
    guard LocalInterruptController.hasDeadlineTimer, TimestampCounter.isInvariant else { return false }
    return set(ticksPerSecond, usesDeadline: true)
  }

  /// Measures the rate of the timers' own clock.
  ///
  /// - Parameter nanoseconds: a clock that is right.
  /// - Parameter duration: how long to measure, in nanoseconds.
  /// - Returns: whether the timer counts.
  /// - Context: interrupts off; the timer is not in use.
  public static func measure(duration: UInt64, nanoseconds: () -> UInt64) -> Bool {
    LocalInterruptController.startTimer(usesDeadline: false)
    LocalInterruptController.armTimer(ticks: .max)
    let begin = nanoseconds()
    let first = LocalInterruptController.timerRemaining
    var end = begin
    while end &- begin < duration { end = nanoseconds() }
    let last = LocalInterruptController.timerRemaining
    LocalInterruptController.armTimer(ticks: 0)
    let ticks = UInt64(first &- last)
    // Both fit: a count has 32 bits, and a billion has 30.
    guard first > last, end > begin else { return false }
    return set(ticks * 1_000_000_000 / (end - begin), usesDeadline: false)
  }

  private static func set(_ perSecond: UInt64, usesDeadline: Bool) -> Bool {
    guard let rate = LocalTimerRate(ticksPerSecond: perSecond, usesDeadline: usesDeadline) else { return false }
    ticksPerSecondCell.store(perSecond, ordering: .relaxed)
    scale.store(rate.scale, ordering: .relaxed)
    deadlineIsUsed.store(usesDeadline, ordering: .relaxed)
    return true
  }

  /// Makes this CPU's timer ready for `arm`.
  public static func start() { LocalInterruptController.startTimer(usesDeadline: usesDeadline) }

  /// Makes this CPU's timer interrupt in `nanoseconds`, at least one tick from now and at most as far as it reaches.
  @inline(__always)
  public static func arm(nanoseconds: UInt64) {
    let rate = LocalTimerRate(
      scale: scale.load(ordering: .relaxed), usesDeadline: deadlineIsUsed.load(ordering: .relaxed))
    switch rate.command(nanoseconds: nanoseconds, timestamp: TimestampCounter.now) {
    case .count(let ticks): LocalInterruptController.armTimer(ticks: ticks)
    case .timestamp(let value): LocalInterruptController.armTimer(timestamp: value)
    }
  }

  /// Stops this CPU's timer.
  public static func disarm() {
    if usesDeadline {
      LocalInterruptController.armTimer(timestamp: 0)
    } else {
      LocalInterruptController.armTimer(ticks: 0)
    }
  }
}
