public import Foundations
import LinuxABI
import Machine
import Security
import Signals
public import VFS
import Waiting

/// A task, a process or a group that is told when a file is ready, as whoever named it might tell it. Source: fcntl(2), F_SETOWN;
/// Linux fs/fcntl.c, `send_sigio`.
public final class ProcessFileOwner: FileOwner {
  private let tree: ProcessTree
  private let receiver: FileNotification.Receiver
  /// Another does not become the owner by getting its number.
  private let identifier: ProcessIdentifier
  /// Who named the owner: what counts is what they were then.
  private let namer: Identities<UserID>

  /// The owner with `number`, named by `caller`.
  ///
  /// - Throws: `ESRCH` when nothing has the number.
  /// - Context: the thread of `caller`, without locks.
  public init(_ receiver: FileNotification.Receiver, _ number: Int32, by caller: Task) throws(Errno) {
    let tree = caller.process.tree
    guard let identifier = tree.state.withLock({ $0.identifiers.find(number) }) else { throw .ESRCH }
    (self.tree, self.receiver, self.identifier) = (tree, receiver, identifier)
    namer = caller.credentials.users
    super.init()
  }

  public override var number: Int32 {
    let exists = tree.state.withLock { _ in
      switch receiver {
      case .task: identifier.task != nil
      case .process: identifier.process != nil
      case .group: identifier.group != nil
      }
    }
    return exists ? identifier.number : 0
  }

  // References are used within the tree's lock, where none can be the last.
  public override func tell(_ event: FileEvent, signal: Int32, descriptor: Descriptor) {
    let signal = UInt8(exactly: signal).flatMap(Signal.init(rawValue:))
    tree.state.withLock { _ in
      switch receiver {
      case .task:
        guard let task = identifier.task, mayTell(task.credentialsForOthers) else { return }
        Self.send(event, signal, descriptor, to: task.process, task)
      case .process: tell(identifier.process, event, signal, descriptor)
      case .group: identifier.group?.forEach { tell($0, event, signal, descriptor) }
      }
    }
  }

  private func tell(_ node: ProcessNode?, _ event: FileEvent, _ signal: Signal?, _ descriptor: Descriptor) {
    guard let process = node as? Process, mayTell(process.credentialsForOthers) else { return }
    Self.send(event, signal, descriptor, to: process, nil)
  }

  /// Whether who named the owner might have sent it a signal. Source: Linux fs/fcntl.c, `sigio_perm`.
  private func mayTell(_ credentials: borrowing Credentials) -> Bool {
    let theirs = credentials.users
    return namer.effective == .root || namer.effective == theirs.saved || namer.effective == theirs.real
      || namer.real == theirs.saved || namer.real == theirs.real
  }

  private static func send(
    _ event: FileEvent, _ signal: Signal?, _ descriptor: Descriptor, to process: Process, _ task: Task?
  ) {
    if let signal {
      // Codes of other signals' own would be misunderstood.
      let code = hasOwnCodes(signal) ? SignalCode.queuedIO : SignalCode(rawValue: event.rawValue)
      let band = Int64(event.band.rawValue)
      do throws(Errno) {
        return try process.send(
          signal, .poll(signal, code, band: band, descriptor: descriptor.rawValue), to: task)
      } catch {
        // There is no room for what it would say: so a signal that says nothing.
      }
    }
    // It needs no room.
    try? process.send(.SIGIO, .kernel(.SIGIO), to: task)
  }

  /// Whether the codes of `signal` mean something of its own. Source: Linux, `sig_specific_sicodes`, without SIGIO's.
  private static func hasOwnCodes(_ signal: Signal) -> Bool {
    switch signal {
    case .SIGILL, .SIGFPE, .SIGSEGV, .SIGBUS, .SIGTRAP, .SIGCHLD, .SIGSYS: true
    default: false
    }
  }
}
