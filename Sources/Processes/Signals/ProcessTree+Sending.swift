public import Foundations
public import LinuxABI
import Machine
import Security
public import Signals

/// To whom a signal is sent. Source: kill(2).
public enum SignalReceivers: Equatable, Sendable {
  /// The process with a number.
  case process(Int32)
  /// The members of the group with a number.
  case group(Int32)
  /// Every process but the first and the sender's.
  case all
}

/// Signals that programs send.
extension ProcessTree {
  /// Sends a signal, or with none finds out whether it might be sent.
  ///
  /// A process that has ended can be sent signals until it is waited for: nothing comes of them. Source: kill(2), NOTES.
  ///
  /// - Throws: `ESRCH` when there is nobody, `EPERM` when it may be sent to none of them, `EAGAIN`.
  /// - Context: the sender itself, without locks.
  public func send(
    _ signal: Signal?, _ information: SignalInformation, to receivers: SignalReceivers, by sender: Task
  ) throws(Errno) {
    switch receivers {
    case .process(let number):
      if number == sender.processIdentifier {
        if let signal { try sender.process.send(signal, information, by: sender) }
        return
      }
      // The number of a task stands for its process. Source: Linux kernel/signal.c, kill_pid_info.
      guard let receiver = (process(number) as? Process) ?? task(number)?.process else { throw .ESRCH }
      try send(signal, information, to: receiver, by: sender)
    case .group(let number):
      var result = Result<Void, Errno>.failure(.ESRCH)
      forEachMember(ofGroup: number, .all) { member in
        guard let receiver = member as? Process else { return }
        let one = attempt(signal, information, receiver, sender)
        // One that got it is enough; otherwise the last failure counts.
        if case .failure = result { result = one }
      }
      try result.get()
    case .all:
      var count = 0
      var failure: Errno?
      forEachProcess(.all) { other in
        guard let receiver = other as? Process, !receiver.isFirst, receiver !== sender.process else { return true }
        count += 1
        if case .failure(let error) = attempt(signal, information, receiver, sender), error != .EPERM {
          failure = error
        }
        return true
      }
      if let failure { throw failure }
      guard count > 0 else { throw .ESRCH }
    }
  }

  /// Sends a signal to one task.
  ///
  /// - Parameter process: the number of the process that it must belong to; nil for any.
  /// - Throws: `ESRCH`, `EPERM`, `EAGAIN`.
  /// - Context: as above.
  public func send(
    _ signal: Signal?, _ information: SignalInformation, toTask number: Int32, of process: Int32?, by sender: Task
  ) throws(Errno) {
    guard let receiver = task(number) else {
      // A process's first task has its number until the process is waited for, and cannot take a signal any more.
      guard let ended = self.process(number) as? Process, process == nil || process == number else { throw .ESRCH }
      return try checkSending(signal, to: ended, by: sender)
    }
    guard process == nil || receiver.processIdentifier == process else { throw .ESRCH }
    guard
      receiver.process === sender.process
        || maySend(signal, receiver.process, receiver.credentialsForOthers.users, sender)
    else { throw .EPERM }
    if let signal { try receiver.send(signal, information, by: sender) }
  }

  private func attempt(
    _ signal: Signal?, _ information: SignalInformation, _ receiver: Process, _ sender: Task
  ) -> Result<Void, Errno> {
    do throws(Errno) { return .success(try send(signal, information, to: receiver, by: sender)) } catch {
      return .failure(error)
    }
  }

  @inline(__always)
  private func send(
    _ signal: Signal?, _ information: SignalInformation, to receiver: Process, by sender: Task
  ) throws(Errno) {
    try checkSending(signal, to: receiver, by: sender)
    if let signal { try receiver.send(signal, information, by: sender) }
  }

  /// - Throws: `EPERM` when a signal may not be sent to `receiver`, as whom its last task acted if it has ended.
  private func checkSending(_ signal: Signal?, to receiver: Process, by sender: Task) throws(Errno) {
    guard receiver !== sender.process else { return }
    guard maySend(signal, receiver, receiver.credentialsForOthers.users, sender) else { throw .EPERM }
  }

  /// Whether the credentials allow it. Source: kill(2); Linux kernel/signal.c, `kill_ok_by_cred`.
  ///
  /// - Parameter theirs: as whom the one that is to get it acts, who belongs to `receiver`.
  private func maySend(_ signal: Signal?, _ receiver: Process, _ theirs: Identities<UserID>, _ sender: Task) -> Bool {
    let own = sender.credentials.users
    if own.effective == theirs.saved || own.effective == theirs.real || own.real == theirs.saved
      || own.real == theirs.real
    {
      return true
    }
    if sender.credentials.has(.CAP_KILL) { return true }
    guard signal == .SIGCONT, let session = sender.process.session else { return false }
    return receiver.session === session
  }
}
