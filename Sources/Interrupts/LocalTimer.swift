import Machine
import Synchronization

/// The timer inside each CPU: one interrupt at a time, some time from now.
///
/// All CPUs' timers have one clock, measured once.
public enum LocalTimer {
  private static let ticksPerSecondCell = Atomic<UInt64>(0)
  /// Ticks a nanosecond, times 2³².
  private static let scale = Atomic<UInt64>(0)

  /// The rate, in ticks a second; 0 until `measure` has succeeded.
  public static var ticksPerSecond: UInt64 { ticksPerSecondCell.load(ordering: .relaxed) }

  /// Measures the rate.
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
    let perSecond = ticks * 1_000_000_000 / (end - begin)
    guard perSecond >= 1_000, perSecond < 1 << 32 else { return false }
    ticksPerSecondCell.store(perSecond, ordering: .relaxed)
    scale.store((perSecond << 32) / 1_000_000_000, ordering: .relaxed)
    return true
  }

  /// Makes this CPU's timer ready for `arm`.
  public static func start() { LocalInterruptController.startTimer(usesDeadline: false) }

  /// Makes this CPU's timer interrupt in `nanoseconds`, at least one tick and at most 2³² ticks from now.
  @inline(__always)
  public static func arm(nanoseconds: UInt64) {
    let product = nanoseconds.multipliedFullWidth(by: scale.load(ordering: .relaxed))
    let ticks = product.high << 32 | product.low >> 32
    let isTooFar = product.high >> 32 != 0 || ticks > UInt64(UInt32.max)
    LocalInterruptController.armTimer(ticks: isTooFar ? .max : UInt32(truncatingIfNeeded: max(ticks, 1)))
  }

  /// Stops this CPU's timer.
  public static func disarm() { LocalInterruptController.armTimer(ticks: 0) }
}
