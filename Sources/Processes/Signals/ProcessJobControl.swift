import LinuxABI
import Security
import Signals
public import Terminals
import Time

/// What terminals ask of processes, and tell them.
public final class ProcessJobControl: TerminalJobControl {
  public override var caller: TerminalCaller {
    guard let process = Task.current?.process else {
      return TerminalCaller(session: 0, group: 0, isSessionLeader: false, terminal: nil)
    }
    let place = process.tree.place(of: process)
    return TerminalCaller(
      session: place.session, group: place.group, isSessionLeader: place.leadsSession, terminal: process.terminal)
  }

  public override func ignoresOrBlocks(_ signal: Signal) -> Bool {
    guard let task = Task.current else { return false }
    return task.blockedSignals.contains(signal) || task.dispositions.ignored.contains(signal)
  }

  public override var isCallerOrphaned: Bool {
    guard let process = Task.current?.process else { return false }
    return process.tree.isInOrphanedGroup(process)
  }

  public override var isCallerPrivileged: Bool { Task.current?.credentials.has(.CAP_SYS_ADMIN) ?? false }

  public override func signal(_ signal: Signal, group: Int32, session: Int32) {
    Processes.tree?.forEachMember(ofGroup: group) { member in
      guard member.session?.identifier.number == session else { return }
      (member as? Process)?.sendFromKernel(signal)
    }
  }

  public override func session(ofGroup group: Int32) -> Int32? { Processes.tree?.session(ofGroup: group) }

  public override func setControllingTerminal(_ terminal: Terminal) { Task.current?.process.setTerminal(terminal) }

  public override func leave(_ terminal: Terminal) { Task.current?.process.setTerminal(nil) }

  public override func dropControllingTerminal(_ terminal: Terminal, session: Int32) {
    forEachProcess(of: session, with: terminal) { $0.setTerminal(nil) }
  }

  public override func hangUp(_ terminal: Terminal, session: Int32, foreground: Int32) {
    forEachProcess(of: session, with: terminal) { process in
      process.setTerminal(nil)
      guard process.session?.leader === process else { return }
      process.setFormerForeground(foreground)
      process.sendFromKernel(.SIGHUP)
      process.sendFromKernel(.SIGCONT)
    }
  }

  public override var nanoseconds: UInt64 { Clock.nanoseconds }

  /// Calls `body` with each process of `session` that `terminal` controls. The tree's lock is held.
  private func forEachProcess(of session: Int32, with terminal: Terminal, _ body: (Process) -> Void) {
    Processes.tree?.forEachProcess { node in
      guard node.session?.identifier.number == session, let process = node as? Process, process.terminal === terminal
      else { return true }
      body(process)
      return true
    }
  }
}
