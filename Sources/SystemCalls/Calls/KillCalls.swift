import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Signals

/// Sending signals.
extension SystemCallContext {
  /// The signal with `number`; nil for 0, which only asks whether one might be sent.
  private func signalOrNone(_ number: Int32) throws(Errno) -> Signal? {
    guard number != 0 else { return nil }
    guard let number = UInt8(exactly: number), let signal = Signal(rawValue: number) else { throw .EINVAL }
    return signal
  }

  /// What a receiver is told of the caller.
  @inline(__always)
  private func information(_ signal: Signal?, _ code: SignalCode) -> SignalInformation {
    .sent(
      signal ?? .SIGKILL, code, process: task.processIdentifier, user: task.credentials.users.real.rawValue)
  }

  /// kill(2)
  func kill(_ number: Int32, _ signalNumber: Int32) throws(Errno) {
    let signal = try signalOrNone(signalNumber)
    let receivers: SignalReceivers
    switch number {
    case 1...: receivers = .process(number)
    case 0: receivers = .group(task.process.tree.place(of: task.process).group)
    case -1: receivers = .all
    // It has no positive counterpart.
    case .min: throw .ESRCH
    default: receivers = .group(-number)
    }
    try task.process.tree.send(signal, information(signal, .user), to: receivers, by: task)
  }

  /// tkill(2)
  func tkill(_ number: Int32, _ signalNumber: Int32) throws(Errno) {
    guard number > 0 else { throw .EINVAL }
    let signal = try signalOrNone(signalNumber)
    try task.process.tree.send(signal, information(signal, .thread), toTask: number, of: nil, by: task)
  }

  /// tgkill(2)
  func tgkill(_ process: Int32, _ number: Int32, _ signalNumber: Int32) throws(Errno) {
    guard process > 0, number > 0 else { throw .EINVAL }
    let signal = try signalOrNone(signalNumber)
    try task.process.tree.send(signal, information(signal, .thread), toTask: number, of: process, by: task)
  }

  /// rt_sigqueueinfo(2)
  func rtSigqueueinfo(
    _ number: Int32, _ signalNumber: Int32, _ information: UserPointer<Siginfo>
  ) throws(Errno) {
    let given = try load(information, to: number)
    let signal = try signalOrNone(signalNumber)
    try task.process.tree.send(signal, numbered(given, signal), to: .process(number), by: task)
  }

  /// rt_tgsigqueueinfo(2)
  func rtTgsigqueueinfo(
    _ process: Int32, _ number: Int32, _ signalNumber: Int32, _ information: UserPointer<Siginfo>
  ) throws(Errno) {
    guard process > 0, number > 0 else { throw .EINVAL }
    let given = try load(information, to: number)
    let signal = try signalOrNone(signalNumber)
    try task.process.tree.send(signal, numbered(given, signal), toTask: number, of: process, by: task)
  }

  /// pidfd_send_signal(2)
  func pidfdSendSignal(
    _ descriptor: Int32, _ signalNumber: Int32, _ information: UserPointer<Siginfo>, _ flags: PidfdSignalFlags
  ) throws(Errno) {
    // The others are for handles of tasks and groups.
    guard flags.isEmpty else { throw .EINVAL }
    let process = try handle(descriptor).process
    let signal = try signalOrNone(signalNumber)
    // Its number may be another's by now.
    guard task.process.tree.process(process.number) === process else { throw .ESRCH }
    var told = self.information(signal, .user)
    if !information.isNull {
      told = try load(information, to: process.number)
      guard told.signal == signal else { throw .EINVAL }
    }
    try task.process.tree.send(signal, told, to: .process(process.number), by: task)
  }

  /// What a program wants to be told to `number`: nothing that only the kernel or kill(2) say, unless to itself.
  private func load(_ information: UserPointer<Siginfo>, to number: Int32) throws(Errno) -> SignalInformation {
    let given = try SignalInformation.load(information)
    if given.code.rawValue >= 0 || given.code == .thread {
      guard number == task.processIdentifier else { throw .EPERM }
    }
    return given
  }

  private func numbered(_ given: SignalInformation, _ signal: Signal?) -> SignalInformation {
    signal.map { given.numbered($0) } ?? given
  }
}
