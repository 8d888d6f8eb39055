import Foundations
import Machine

/// A timer of one queue. The number of one that was given up is not valid for the next with its place.
public struct TimerNumber: Equatable, Sendable {
  let index: Int
  let generation: UInt64
}

/// What cancelling a timer came to.
public enum TimerCancellation: Equatable, Sendable {
  /// It was armed, and its handler will not be called for that.
  case cancelled
  /// It was not armed, and its handler does not run.
  case notArmed
  /// Its handler runs at this moment, on the queue's CPU, or the caller is that handler. It will not be called again unless
  /// somebody arms the timer.
  case running
}

/// The timers of one CPU.
///
/// Creating a timer may allocate; arming, cancelling and expiring never do. Any CPU may call anything but `interrupt`. A
/// handler runs with interrupts off on the queue's CPU, in order of the timers' deadlines, never before the timer's time. Of
/// calls for one timer by several CPUs the last to get the queue's lock counts.
public final class TimerQueue: Sendable {
  private let state: SpinLock<TimerQueueState>

  /// A queue without timers.
  ///
  /// - Parameter clock: the time now in nanoseconds, the same that `interrupt` is given; it takes no lock.
  public init(device: sending TimerDevice, clock: @escaping @Sendable () -> UInt64) {
    state = SpinLock(TimerQueueState(device: device, clock: clock))
  }

  /// Creates a timer that is not armed.
  ///
  /// - Throws: `ENOMEM`.
  public func makeTimer(_ handler: TimerHandler) throws(Errno) -> TimerNumber {
    // A class reference may not be captured as `sending`; it goes in through an optional that is emptied.
    var handler: TimerHandler? = handler
    return try state.withLock { state throws(Errno) in
      guard let taken = handler.take() else { throw .EINVAL }
      return try state.makeTimer(taken)
    }
  }

  /// Gives up a timer; a handler that runs at the moment ends.
  ///
  /// - Throws: `EINVAL` when there is no such timer, `EBUSY` when its handler runs: the timer is disarmed but stays.
  public func removeTimer(_ timer: TimerNumber) throws(Errno) {
    let handler = try state.withLock { state throws(Errno) in try state.removeTimer(timer) }
    // The last reference may go here, with the lock open.
    _ = consume handler
  }

  /// Arms a timer, or arms it anew.
  ///
  /// - Parameters:
  ///   - deadline: when to expire, in nanoseconds; at once when it is past.
  ///   - slack: how much later will do, in nanoseconds, so that one interrupt can serve several timers.
  ///   - period: when not 0, expires again this much after each deadline, until it is cancelled.
  /// - Throws: `EINVAL` when there is no such timer.
  public func arm(_ timer: TimerNumber, deadline: UInt64, slack: UInt64 = 0, period: UInt64 = 0) throws(Errno) {
    let device = try state.withLock { state throws(Errno) in
      try state.arm(timer, deadline: deadline, slack: slack, period: period)
    }
    device?.notify()
  }

  /// Cancels a timer, whether it is armed or not.
  ///
  /// - Throws: `EINVAL` when there is no such timer.
  @discardableResult
  public func cancel(_ timer: TimerNumber) throws(Errno) -> TimerCancellation {
    try state.withLock { state throws(Errno) in try state.cancel(timer) }
  }

  /// Calls the handlers of all timers whose time has come, and programs the device for the next.
  ///
  /// - Parameter now: the time, in nanoseconds.
  /// - Returns: how many handlers were called.
  /// - Context: the device's interrupt, on the queue's CPU; not from a handler.
  @discardableResult
  public func interrupt(now: UInt64) -> Int {
    var called = 0
    // Handlers that arm timers for the past must not keep the CPU here: their turn comes with the next interrupt.
    let limit = state.withLock { $0.beginInterrupt() }
    while called < limit, let expiry = state.withLock({ $0.takeExpired(now: now) }) {
      expiry.handler.timerExpired(now: now, expirations: expiry.expirations)
      state.withLock { $0.handlerHasEnded() }
      called += 1
    }
    state.withLock { $0.endInterrupt() }
    return called
  }

  /// When the next timer must be seen to, in nanoseconds, or nil when none is armed.
  public var nextDeadline: UInt64? { state.withLock { $0.nextDeadline } }

  /// How many timers are armed.
  public var armedCount: Int { state.withLock { $0.armedCount } }
}
