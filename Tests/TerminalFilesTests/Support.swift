import Foundations
import LinuxABI
import Machine
import VFS

@testable import Terminals

/// A process as a test wants it.
final class TestJobControl: TerminalJobControl {
  var process = TerminalCaller(session: 0, group: 0, isSessionLeader: false, terminal: nil)

  override var caller: TerminalCaller { process }
  override func setControllingTerminal(_ terminal: Terminal) { process.terminal = terminal }
  override func dropControllingTerminal(_ terminal: Terminal, session: Int32) { process.terminal = nil }
  override var nanoseconds: UInt64 { HostThread.nanoseconds }

  /// Becomes a leader of `session` without a terminal.
  func lead(_ session: Int32) {
    process = TerminalCaller(session: session, group: session, isSessionLeader: true, terminal: nil)
  }
}

extension PseudoTerminals {
  /// TIOCSPTLCK with 0, for which a test has no program's memory.
  func unlockForTest(_ number: Int) throws(Errno) {
    guard let terminal = slave(number) else { throw .ENOENT }
    terminal.state.withLock { $0.master?.isLocked = false }
  }
}
