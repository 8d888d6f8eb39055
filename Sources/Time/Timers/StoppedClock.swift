import Machine
import Synchronization

/// All clocks standing still while the machine is suspended, as on Linux, whose CLOCK_MONOTONIC does not count that time.
///
/// No timer expires meanwhile: each CPU with armed timers is interrupted once a second, only to see whether a timer that is to wake
/// the machine would have expired. Source: Linux Documentation/admin-guide/pm/sleep-states.rst; clock_gettime(2).
public enum StoppedClock {
  /// How often a CPU looks, in nanoseconds: within what any counter needs to be read in.
  private static let lookInterval: UInt64 = 1_000_000_000
  private static let shortest: UInt64 = 1_000_000

  private static let isStopped = Atomic<Bool>(false)
  /// After how long the first timer wakes, in nanoseconds of standing still.
  private static let limit = Atomic<UInt64>(0xffff_ffff_ffff_ffff)
  private static let elapsed = Atomic<UInt64>(0)
  private static let handler = SpinLock<TimerHandler?>(nil)

  /// Makes the clocks stand still.
  ///
  /// - Parameter alarm: told once, with interrupts off, when a timer is due that wakes the machine: see `ClockTimer.wakes`. It may be
  ///   told before this returns.
  /// - Context: a thread; by one at a time.
  public static func begin(alarm: TimerHandler) {
    handler.withLock { $0 = alarm }
    let now = Clock.nanoseconds
    let next = WakeTimers.nextDeadline
    limit.store(next.map { $0 > now ? $0 - now : 0 } ?? .max, ordering: .relaxed)
    elapsed.store(0, ordering: .relaxed)
    Clock.stop()
    isStopped.store(true, ordering: .sequentiallyConsistent)
    Timers.serveAll()
    look()
  }

  /// Lets the clocks go on.
  ///
  /// - Returns: how long they stood still, in nanoseconds.
  /// - Context: as of `begin`.
  @discardableResult
  public static func end() -> UInt64 {
    isStopped.store(false, ordering: .sequentiallyConsistent)
    let still = Clock.goOn()
    ClockMaintenance.beginAnew()
    let old = handler.withLock { handler in handler.take() }
    _ = consume old
    Timers.serveAll()
    return still
  }

  /// In how many nanoseconds a CPU's timer is to interrupt, whatever is armed; nil while the clocks go.
  @inline(__always)
  static var interval: UInt64? {
    guard isStopped.load(ordering: .relaxed) else { return nil }
    return interval(elapsed: elapsed.load(ordering: .relaxed), limit: limit.load(ordering: .relaxed))
  }

  static func interval(elapsed: UInt64, limit: UInt64) -> UInt64 {
    let left = limit > elapsed ? limit - elapsed : lookInterval
    return max(shortest, min(left, lookInterval))
  }

  /// Sees whether a timer is due that wakes the machine.
  ///
  /// - Context: a CPU's timer interrupt.
  @inline(__always)
  static func look() {
    guard isStopped.load(ordering: .relaxed) else { return }
    lookClosely()
  }

  @inline(never)
  private static func lookClosely() {
    guard let still = Clock.updateStill() else { return }
    elapsed.store(still, ordering: .relaxed)
    guard still >= limit.load(ordering: .relaxed) else { return }
    limit.store(.max, ordering: .relaxed)
    let alarm = handler.withLock { handler in handler.take() }
    alarm?.timerExpired(now: Clock.nanoseconds, expirations: 1)
  }
}
