public import Foundations
import LinuxABI
import Machine
public import Signals
import Waiting

/// Taking signals instead of having them delivered.
extension Task {
  /// Takes one of `wanted` that is pending, the task's own before its process's.
  public final func takeSignal(_ wanted: SignalSet) -> SignalInformation? {
    let others = SignalSet.all.subtracting(wanted.catchable)
    return process.state.withLock { state in
      guard
        let (signal, information) = signals.pending.take(blocked: others) ?? state.signals.pending.take(blocked: others)
      else { return nil }
      noteAgain(&state)
      var told = information
      process.timers.signalIsTaken(&told)
      // A program may have queued it as another.
      return told.numbered(signal)
    }
  }

  /// Waits for one of `wanted`, and takes it. Source: sigtimedwait(2).
  ///
  /// - Parameter deadline: in nanoseconds of the monotonic clock; nil for none.
  /// - Throws: `EAGAIN` at the deadline, `EINTR` for another signal.
  public final func waitForSignal(_ wanted: SignalSet, deadline: UInt64?) throws(Errno) -> SignalInformation {
    if let information = takeSignal(wanted) { return information }
    letThrough(wanted)
    var failure: Errno?
    do throws(Errno) { try process.signalEvents.wait(deadline: deadline) { hasDeliverableSignal } } catch {
      failure = error
    }
    blockAgain()
    if let information = takeSignal(wanted) { return information }
    throw failure == .ETIMEDOUT ? .EAGAIN : .EINTR
  }

  /// Lets signals through that are blocked, so that they wake the task.
  private final func letThrough(_ wanted: SignalSet) {
    process.state.withLock { state in
      signals.blockedBeforeWait = signals.blocked
      signals.blocked.subtract(wanted)
      noteAgain(&state)
    }
  }

  private final func blockAgain() {
    process.state.withLock { state in
      signals.blocked = signals.blockedBeforeWait
      signals.blockedBeforeWait = []
      noteAgain(&state)
    }
  }
}
