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
      forEachMember(ofGroup: number) { member in
        guard let receiver = member as? Process else { return }
        let one = attempt(signal, information, receiver, sender)
        // One that got it is enough; otherwise the last failure counts.
        if case .failure = result { result = one }
      }
      try result.get()
    case .all:
      var count = 0
      var failure: Errno?
      forEachProcess { other in
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
    guard let receiver = task(number), process == nil || receiver.processIdentifier == process else { throw .ESRCH }
    guard receiver.process === sender.process || maySend(signal, receiver, sender) else { throw .EPERM }
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
    if receiver !== sender.process {
      // One that has ended can be sent signals until it is waited for.
      if let task = receiver.leader, !maySend(signal, task, sender) { throw .EPERM }
    }
    if let signal { try receiver.send(signal, information, by: sender) }
  }

  /// Whether the credentials allow it. Source: kill(2); Linux kernel/signal.c, `kill_ok_by_cred`.
  private func maySend(_ signal: Signal?, _ receiver: Task, _ sender: Task) -> Bool {
    let (own, theirs) = (sender.credentials.users, receiver.credentialsForOthers.users)
    if own.effective == theirs.saved || own.effective == theirs.real || own.real == theirs.saved
      || own.real == theirs.real
    {
      return true
    }
    if sender.credentials.has(.CAP_KILL) { return true }
    guard signal == .SIGCONT, let session = sender.process.session else { return false }
    return receiver.process.session === session
  }
}
