import Foundations
import LinuxABI
import Machine
import Waiting

/// By which end a request came.
struct ControlSide {
  /// Whether it is the master's of a pseudo terminal.
  var isMaster: Bool
  /// Whether that was opened for reading.
  var canRead: Bool
}

extension Terminal {
  /// ioctl(2) for either end. Requests at a master are about the terminal, but for those about its own queues.
  func control(_ request: UInt32, _ argument: UInt64, _ side: ControlSide) throws(Errno) -> Int {
    guard let known = TerminalRequest(rawValue: request) else { return try device.control(request, argument) }
    switch known {
    case .TCGETS, .TCSETS, .TCSETSW, .TCSETSF, .TCGETA, .TCSETA, .TCSETAW, .TCSETAF, .TCGETS2, .TCSETS2, .TCSETSW2,
      .TCSETSF2, .TIOCGSOFTCAR, .TIOCSSOFTCAR:
      try controlModes(known, argument)
    case .TCSBRK, .TCSBRKP, .TIOCSBRK, .TIOCCBRK, .TCXONC, .TCFLSH, .TIOCOUTQ, .FIONREAD, .TIOCSTI:
      try controlQueues(known, argument, side)
    case .TIOCSCTTY, .TIOCNOTTY, .TIOCGPGRP, .TIOCSPGRP, .TIOCGSID, .TIOCVHANGUP:
      try controlJobs(known, argument, side)
    case .TIOCPKT, .TIOCGPTN, .TIOCSPTLCK, .TIOCSIG, .TIOCGPKT, .TIOCGPTLCK, .TIOCGPTPEER:
      guard side.isMaster else { throw .ENOTTY }
      try controlMaster(known, argument)
    case .TIOCEXCL, .TIOCNXCL, .TIOCGEXCL, .TIOCGWINSZ, .TIOCSWINSZ, .TIOCSETD, .TIOCGETD, .TIOCGDEV:
      try controlOthers(known, argument)
    }
    return 0
  }

  // MARK: Modes

  private func controlModes(_ request: TerminalRequest, _ argument: UInt64) throws(Errno) {
    switch request {
    case .TCGETS: try UserPointer<Termios>(argument).store(modes)
    case .TCGETS2: try UserPointer<TermiosWithSpeeds>(argument).store(TermiosWithSpeeds(modes))
    case .TCGETA: try UserPointer<Termio>(argument).store(Termio(modes))
    case .TIOCGSOFTCAR:
      try UserPointer<Int32>(argument).store(modes.control.contains(.CLOCAL) ? 1 : 0)
    case .TIOCSSOFTCAR:
      let isOn = try UserPointer<Int32>(argument).load() != 0
      var new = modes
      if isOn { new.control.insert(.CLOCAL) } else { new.control.remove(.CLOCAL) }
      setModes(new)
    default: try changeModes(request, argument)
    }
  }

  /// When modes take effect: now, when output is sent, and with input thrown away. tcsetattr(3).
  private enum Moment {
    case now
    case drained
    case flushed
  }

  private func changeModes(_ request: TerminalRequest, _ argument: UInt64) throws(Errno) {
    try checkForeground(.SIGTTOU)
    let new: Termios
    let moment: Moment
    switch request {
    case .TCSETS, .TCSETSW, .TCSETSF:
      var read = try UserPointer<Termios>(argument).load()
      let old = modes
      (read.inputSpeed, read.outputSpeed) = (old.inputSpeed, old.outputSpeed)
      new = read
      moment = request == .TCSETS ? .now : request == .TCSETSW ? .drained : .flushed
    case .TCSETS2, .TCSETSW2, .TCSETSF2:
      new = try UserPointer<TermiosWithSpeeds>(argument).load().modes
      moment = request == .TCSETS2 ? .now : request == .TCSETSW2 ? .drained : .flushed
    default:
      new = try UserPointer<Termio>(argument).load().applied(to: modes)
      moment = request == .TCSETA ? .now : request == .TCSETAW ? .drained : .flushed
    }
    if moment != .now { try waitUntilSent() }
    if moment == .flushed { update { $0.flushInput() } }
    setModes(new.withSpeeds())
  }

  /// Sets the modes, as far as the device has them.
  ///
  /// - Context: a thread, without locks.
  public func setModes(_ new: Termios) {
    let old = modes
    var new = device.setModes(new, from: old)
    if isPseudo { new.control = new.control.subtracting([.CSIZE, .PARENB]).union([.CS8, .CREAD]) }
    update { state in
      state.notePacketModes(old, new)
      state.discipline.setModes(new)
    }
    processInput()
    // A wait may be for what is now ready by other rules.
    wakeEverybody()
  }

  // MARK: Queues

  private func controlQueues(_ request: TerminalRequest, _ argument: UInt64, _ side: ControlSide) throws(Errno) {
    switch request {
    case .FIONREAD:
      let count = state.withLock { state in
        side.isMaster
          ? min(state.discipline.output.count, TerminalState.deliveredLimit) : state.discipline.countForPrograms
      }
      try UserPointer<Int32>(argument).store(Int32(truncatingIfNeeded: count))
    case .TIOCOUTQ:
      // What is written to a pseudo terminal is there at once.
      let count = isPseudo ? 0 : waitingOutputCount + device.unsentCount
      try UserPointer<Int32>(argument).store(Int32(truncatingIfNeeded: count))
    case .TIOCSTI:
      guard !side.isMaster else { throw .EIO }
      try typeByte(argument)
    case .TCFLSH:
      try checkForeground(.SIGTTOU)
      try flush(argument, side)
    case .TCXONC:
      try checkForeground(.SIGTTOU)
      try controlFlow(argument, side)
    default:
      try checkForeground(.SIGTTOU)
      try sendBreak(request, argument)
    }
  }

  private func typeByte(_ argument: UInt64) throws(Errno) {
    // Typing for others is how programs break out of where they are confined; Linux asks for the same by default today.
    guard jobControl.isCallerPrivileged else { throw .EIO }
    receive(try UserPointer<UInt8>(argument).load())
  }

  private func flush(_ argument: UInt64, _ side: ControlSide) throws(Errno) {
    // TCIFLUSH, TCOFLUSH, TCIOFLUSH.
    guard argument <= 2 else { throw .EINVAL }
    update { state in
      if argument != 1 {
        if side.isMaster { state.discipline.output.removeAll() } else { state.flushInput() }
      }
      if argument != 0 {
        if side.isMaster { state.received.removeAll() } else { state.flushAllOutput() }
      }
    }
  }

  private func controlFlow(_ argument: UInt64, _ side: ControlSide) throws(Errno) {
    // TCOOFF, TCOON, TCIOFF, TCION.
    switch argument {
    case 0, 1:
      let stops = argument == 0
      update { state in
        if side.isMaster { state.master?.isStopped = stops } else { state.stopByCall(stops) }
      }
    case 2, 3:
      if side.isMaster {
        // The master's modes are those that terminals begin with, and so are its START and STOP.
        receive(argument == 2 ? ControlCharacters().stop : ControlCharacters().start)
      } else {
        update { state in state.sendFlowCharacter(stops: argument == 2) }
      }
    default: throw .EINVAL
    }
  }

  private func sendBreak(_ request: TerminalRequest, _ argument: UInt64) throws(Errno) {
    if request == .TIOCCBRK { return _ = try setBreak(false) }
    try waitUntilSent()
    if request == .TIOCSBRK { return _ = try setBreak(true) }
    guard request == .TCSBRKP || argument == 0 else { return }
    // TCSBRK: a quarter of a second; TCSBRKP: tenths of one, and none means the same.
    let tenths = min(argument, 600)
    let duration: UInt64 = request == .TCSBRK || tenths == 0 ? 250_000_000 : tenths * 100_000_000
    guard try setBreak(true) else { return }
    let deadline = jobControl.nanoseconds &+ duration
    do throws(Errno) {
      try writers.wait(deadline: deadline) { false }
    } catch {
      _ = try setBreak(false)
      if error != .ETIMEDOUT { throw error }
    }
  }

  /// Begins or ends a break; false where the device has none, which is no error.
  private func setBreak(_ isOn: Bool) throws(Errno) -> Bool {
    do throws(Errno) {
      try device.setBreak(isOn)
      return true
    } catch {
      guard error == .ENOTTY else { throw error }
      return false
    }
  }

  // MARK: Jobs

  private func controlJobs(_ request: TerminalRequest, _ argument: UInt64, _ side: ControlSide) throws(Errno) {
    switch request {
    case .TIOCSCTTY: try setControlling(steals: argument == 1, canRead: side.canRead)
    case .TIOCNOTTY:
      guard !side.isMaster else { throw .ENOTTY }
      try giveUp()
    case .TIOCVHANGUP:
      guard jobControl.isCallerPrivileged else { throw .EPERM }
      hangUp()
    case .TIOCSPGRP:
      do throws(Errno) {
        try checkForeground(.SIGTTOU)
      } catch {
        throw error == .EIO ? .ENOTTY : error
      }
      try setForeground(try UserPointer<Int32>(argument).load())
    default:
      guard side.isMaster || jobControl.caller.terminal === self else { throw .ENOTTY }
      let (session, foreground) = state.withLock { ($0.session, $0.foreground) }
      if request == .TIOCGSID && session == 0 { throw .ENOTTY }
      try UserPointer<Int32>(argument).store(request == .TIOCGSID ? session : foreground)
    }
  }

  // MARK: Others

  private func controlOthers(_ request: TerminalRequest, _ argument: UInt64) throws(Errno) {
    switch request {
    case .TIOCEXCL: state.withLock { $0.isExclusive = true }
    case .TIOCNXCL: state.withLock { $0.isExclusive = false }
    case .TIOCGEXCL: try UserPointer<Int32>(argument).store(state.withLock { $0.isExclusive } ? 1 : 0)
    case .TIOCGWINSZ: try UserPointer<WindowSize>(argument).store(size)
    case .TIOCSWINSZ: resize(try UserPointer<WindowSize>(argument).load())
    case .TIOCGETD: try UserPointer<Int32>(argument).store(0)
    case .TIOCSETD:
      // N_TTY is the only one.
      guard try UserPointer<Int32>(argument).load() == 0 else { throw .EINVAL }
    default:
      let device = minor & 0xff | major << 8 | (minor & ~0xff) << 12
      try UserPointer<UInt32>(argument).store(device)
    }
  }
}

extension TerminalState {
  /// TCOOFF, TCOON: what a program held up only a program starts.
  mutating func stopByCall(_ stops: Bool) {
    if stops {
      guard !discipline.isStoppedByCall else { return }
      discipline.isStoppedByCall = true
      discipline.stop()
    } else if discipline.isStoppedByCall {
      discipline.isStoppedByCall = false
      discipline.start()
    }
  }

  /// TCIOFF, TCION: asks the other side to stop or to go on.
  mutating func sendFlowCharacter(stops: Bool) {
    let characters = discipline.modes.characters
    let byte = stops ? characters.stop : characters.start
    guard byte != 0 else { return }
    guard master != nil else {
      urgent = byte
      return
    }
    // It is for the other side's output, so STOP does not hold it up; TCOOFF does.
    let wasStopped = discipline.isStopped
    discipline.start()
    if discipline.outputRoom > 0 { discipline.output.append(byte) }
    if wasStopped { discipline.stop() }
  }
}
