import Foundations
import LinuxABI
import Machine
public import Signals
import Synchronization

/// Signals of a task over clone and execve.
extension Task {
  /// Whether a signal is there that its program is to be told of, or it is to stop.
  @inline(__always)
  final var hasDeliverableSignal: Bool { signalFlag.load(ordering: .relaxed) }

  /// The table of what is done about signals for a process that `request` asks for. Source: clone(2).
  ///
  /// - Throws: `ENOMEM`.
  final func dispositions(for request: CloneRequest) throws(Errno) -> SignalDispositions {
    if request.flags.contains(.CLONE_SIGHAND) {
      dispositions.noteSharing()
      return dispositions
    }
    let copy = try SignalDispositions(copying: dispositions)
    if request.clearsHandlers { copy.resetHandlers() }
    return copy
  }

  /// Gives a new task what it has of this one's signals. Source: clone(2), fork(2), sigaltstack(2).
  final func prepareSignals(of child: Task, _ flags: CloneFlags) {
    child.signals.blocked = signals.blocked
    // With memory in common the stack would be, too, unless this task waits meanwhile.
    if !flags.contains(.CLONE_VM) || flags.contains(.CLONE_VFORK) { child.handling.stack = handling.stack }
  }

  /// The table of what is done about signals for a new program, before anything is lost of the old.
  ///
  /// - Throws: `ENOMEM`.
  final func dispositionsForExecution() throws(Errno) -> SignalDispositions {
    dispositions.isShared ? try SignalDispositions(copying: dispositions) : dispositions
  }

  /// Makes signals what a new program begins with: handlers go, what is ignored, blocked or pending stays. Source: execve(2).
  final func resetSignalsForExecution(_ newDispositions: SignalDispositions) {
    if newDispositions !== dispositions { setDispositions(newDispositions) }
    newDispositions.resetHandlers()
    handling.stack = AlternateStack()
    handling.waitEnd = WaitEnd()
  }
}

extension SignalInformation {
  /// What waitid(2) tells of a child.
  public init(waitedFor report: ChildReport) {
    self = .child(
      .SIGCHLD, SignalCode(rawValue: report.kind.rawValue), process: report.number, user: report.user,
      status: report.detail, userTicks: 0, systemTicks: 0)
  }

  /// What a parent is told of a child.
  init(_ signal: Signal, of report: ChildReport) {
    // Hundredths of a second. Source: sigaction(2), `si_utime`.
    let tick: UInt64 = 10_000_000
    self = .child(
      signal, SignalCode(rawValue: report.kind.rawValue), process: report.number, user: report.user,
      status: report.detail, userTicks: Int64(report.usage.userNanoseconds / tick),
      systemTicks: Int64(report.usage.systemNanoseconds / tick))
  }
}
