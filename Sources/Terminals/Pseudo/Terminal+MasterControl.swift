import Foundations
import LinuxABI
import Machine

extension Terminal {
  /// Requests that only a master knows. ioctl_tty(2).
  func controlMaster(_ request: TerminalRequest, _ argument: UInt64) throws(Errno) {
    switch request {
    case .TIOCPKT: setPacketMode(try UserPointer<Int32>(argument).load() != 0)
    case .TIOCSPTLCK:
      let locks = try UserPointer<Int32>(argument).load() != 0
      state.withLock { $0.master?.isLocked = locks }
    case .TIOCGPTN: try UserPointer<UInt32>(argument).store(minor)
    case .TIOCGPKT:
      try UserPointer<Int32>(argument).store(state.withLock { $0.master?.isPacketMode ?? false } ? 1 : 0)
    case .TIOCGPTLCK:
      try UserPointer<Int32>(argument).store(state.withLock { $0.master?.isLocked ?? false } ? 1 : 0)
    case .TIOCSIG:
      let signal = Signal(rawValue: UInt8(clamping: argument))
      guard let signal, signal == .SIGINT || signal == .SIGQUIT || signal == .SIGTSTP else { throw .EINVAL }
      let (group, session) = state.withLock { ($0.foreground, $0.session) }
      if group != 0 { jobControl.signal(signal, group: group, session: session) }
    default: throw .ENOTTY
    }
  }

  func setPacketMode(_ isOn: Bool) {
    state.withLock { state in
      guard var master = state.master, master.isPacketMode != isOn else { return }
      if isOn { master.status = 0 }
      master.isPacketMode = isOn
      state.master = master
    }
  }
}

extension TerminalState {
  /// Tells a master in packet mode of changes of flow control, and of any with EXTPROC.
  mutating func notePacketModes(_ old: Termios, _ new: Termios) {
    guard var master, master.isPacketMode else { return }
    let (oldFlow, newFlow) = (old.hasUsualFlowControl, new.hasUsualFlowControl)
    if oldFlow != newFlow {
      master.status &= ~(PacketStatus.doStop | PacketStatus.noStop)
      master.status |= newFlow ? PacketStatus.doStop : PacketStatus.noStop
    }
    if old.local.contains(.EXTPROC) || new.local.contains(.EXTPROC) { master.status |= PacketStatus.control }
    self.master = master
  }
}

extension Termios {
  /// Whether ^S and ^Q hold output up, so that the master can do it itself.
  fileprivate var hasUsualFlowControl: Bool {
    input.contains(.IXON) && characters.stop == 0x13 && characters.start == 0x11
  }
}
