public import Foundations
import Machine
import Waiting

/// A timer by any of the clocks, which follows when its clock is set. Derived from by what is to happen.
///
/// Once `open` it is kept by its CPU's queue until `close`. It expires once each time it is armed.
open class ClockTimer: TimerHandler {
  private struct State: ~Copyable {
    var timer: Timer?
    /// When it expires; nil when it is not armed.
    var deadline: ClockDeadline?
    /// Its place among those that follow the clock.
    var entry: WaitEntry?
  }

  /// The clock that it was made for.
  public final let base: TimeBase
  /// Whether it wakes a machine that is suspended. CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM.
  public final let wakes: Bool
  private final let state = SpinLock(State())

  /// Creates a timer by the clock `base`.
  public init(_ base: TimeBase) {
    (self.base, wakes) = (base, false)
    super.init()
  }

  /// Creates a timer by the clock `base` that wakes a suspended machine if `wakes`.
  public init(_ base: TimeBase, wakes: Bool) {
    (self.base, self.wakes) = (base, wakes)
    super.init()
  }

  /// The time has come.
  ///
  /// - Context: interrupts off, no lock held. It may arm the timer again. One that is disarmed or closed at this moment may
  ///   still be told.
  open func expired() {}

  /// The clock was set.
  ///
  /// - Context: any; no lock of the timer's own is held.
  open func clockWasSet() {}

  /// Makes it able to expire.
  ///
  /// - Throws: `ENOMEM`, `ENODEV` when there are no timers.
  /// - Context: once.
  public final func open() throws(Errno) {
    var timer: Timer? = try Timer(handler: self)
    if wakes { try WakeTimers.add(self) }
    state.withLock { $0.timer = timer.take() }
    guard base.isSettable else { return }
    let entry = WaitEntry(ClockFollower(self))
    state.withLock { $0.entry = entry }
    Clock.steps.add(entry)
  }

  /// Ends it: it does not expire any more, and nobody keeps it.
  ///
  /// - Context: a thread without locks.
  public final func close() {
    let entry = state.withLock { $0.entry.take() }
    if let entry { Clock.steps.remove(entry) }
    if wakes { WakeTimers.remove(self) }
    // Dropped outside the lock: it waits for a handler that runs.
    let timer = state.withLock { state in
      state.deadline = nil
      return state.timer.take()
    }
    _ = consume timer
  }

  /// Makes it expire when the clock `base` says `time`, or at once when that has passed.
  ///
  /// - Parameter base: the clock that it was made for, or one that cannot be set.
  /// - Context: any.
  public final func arm(at time: UInt64, by base: TimeBase) {
    state.withLock { state in
      state.deadline = ClockDeadline(base, time)
      Self.program(&state)
    }
  }

  /// Stops it.
  ///
  /// - Context: any.
  public final func disarm() {
    state.withLock { state in
      state.deadline = nil
      switch state.timer {
      case .some(let timer): timer.cancel()
      case .none: break
      }
    }
  }

  /// When it expires, by the monotonic clock as far as is known now; nil when it is not armed.
  final var monotonicDeadline: UInt64? { state.withLock { $0.deadline?.monotonic } }

  private static func program(_ state: inout State) {
    guard let deadline = state.deadline else { return }
    switch state.timer {
    case .some(let timer): timer.arm(at: deadline.monotonic)
    case .none: break
    }
  }

  /// The clock was set: its time comes sooner or later.
  fileprivate final func follow() {
    state.withLock { Self.program(&$0) }
    clockWasSet()
  }

  public final override func timerExpired(now: UInt64, expirations: UInt64) {
    let hasCome = state.withLock { state in
      guard let deadline = state.deadline else { return false }
      guard deadline.hasPassed else {
        // It was armed anew, or its clock was set back, just now.
        Self.program(&state)
        return false
      }
      state.deadline = nil
      return true
    }
    if hasCome { expired() }
  }
}

/// Tells a timer that its clock was set.
private final class ClockFollower: Waiter {
  // Leaves the queue when the timer is closed.
  private let timer: ClockTimer

  init(_ timer: ClockTimer) {
    self.timer = timer
    super.init()
  }

  override func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool {
    timer.follow()
    return true
  }
}
