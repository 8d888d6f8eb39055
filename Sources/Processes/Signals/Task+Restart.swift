import Foundations
public import LinuxABI
import Machine
import Signals
import Time

/// Calls that a signal interrupted, which are made again or fail with `EINTR`. Source: signal(7), "Interruption of system calls";
/// what holds for a call is `restart` in its entry.
extension Task {
  private static let restartCallNumber = UInt64(SystemCallNumber.restart_syscall.rawValue)

  /// Decides about the call that was interrupted, if one was, before a handler is called.
  @inline(__always)
  final func finishCall(_ registers: borrowing UserContext, _ disposition: SignalDisposition) {
    guard isInterruptedCall(registers) else { return }
    let isMadeAgain = handling.waitEnd.isMadeAgain
    let restart = takeRestart(registers)
    if isMadeAgain || restart == .afterSignal && disposition.flags.contains(.SA_RESTART) {
      registers.repeatCall(registers.callNumber)
    } else {
      // It has failed, whatever signals come before the program goes on.
      registers.forgetSystemCall()
    }
  }

  /// Makes the call again that was interrupted, if one was, after signals that had no handler.
  final func repeatCall(_ registers: borrowing UserContext) {
    guard isInterruptedCall(registers) else { return }
    switch takeRestart(registers) {
    case .afterSignal, .unlessHandled: registers.repeatCall(registers.callNumber)
    case .remainingTime:
      let number = UInt32(truncatingIfNeeded: registers.callNumber)
      // One that goes on for the second time goes on with the same.
      if UInt64(number) != Self.restartCallNumber { handling.waitEnd.interrupted = (number, handling.waitEnd.last) }
      registers.repeatCall(Self.restartCallNumber)
    case .never, .uninterruptible, nil: break
    }
  }

  @inline(__always)
  private final func isInterruptedCall(_ registers: borrowing UserContext) -> Bool {
    registers.isSystemCall && registers.result == Int64(Errno.EINTR.systemCallResult)
  }

  private final func takeRestart(_ registers: borrowing UserContext) -> SystemCallRestart? {
    handling.waitEnd.isMadeAgain = false
    if let restart = handling.waitEnd.restart.take() { return restart }
    let number = UInt16(exactly: UInt32(truncatingIfNeeded: registers.callNumber))
    return number.flatMap(SystemCallNumber.init(rawValue:))?.restart
  }

  // MARK: For calls

  /// When a wait of `nanoseconds` that a call begins now ends, on the monotonic clock; if the call goes on after an
  /// interruption, when the wait that was interrupted ends.
  ///
  /// A call whose `restart` is `remainingTime` gets its deadline here.
  public final func deadline(after nanoseconds: UInt64) -> UInt64 {
    let deadline: UInt64
    if let resumed = handling.waitEnd.resumed.take() {
      deadline = resumed
    } else {
      let (sum, overflows) = Clock.nanoseconds.addingReportingOverflow(nanoseconds)
      deadline = overflows ? .max : sum
    }
    handling.waitEnd.last = deadline
    return deadline
  }

  /// Says how the call that is about to fail with `EINTR` is started again, where that is not as its entry says.
  public final func setRestart(_ restart: SystemCallRestart) { handling.waitEnd.restart = restart }

  /// Says that the call that is about to fail with `EINTR` is made again in any case: its program does not know that it waits.
  public final func setRestartAlways() {
    (handling.waitEnd.restart, handling.waitEnd.isMadeAgain) = (.afterSignal, true)
  }

  /// Goes on with the call that was interrupted, for restart_syscall(2).
  ///
  /// - Returns: its number; nil when there is none, or a handler was called since.
  public final func beginRestart() -> UInt32? {
    guard let interrupted = handling.waitEnd.interrupted else { return nil }
    handling.waitEnd.resumed = interrupted.deadline
    return interrupted.number
  }

  /// Ends what `beginRestart` began.
  public final func endRestart() { handling.waitEnd.resumed = nil }
}
