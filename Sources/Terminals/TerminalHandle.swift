public import Foundations
public import Machine
public import Waiting

/// An open terminal: what one open(2) gave, and dup(2) and fork(2) share. Its last reference closes it.
public final class TerminalHandle {
  /// Which terminal.
  public let terminal: Terminal
  let generation: Int
  let canRead: Bool

  init(_ terminal: Terminal, generation: Int, canRead: Bool) {
    (self.terminal, self.generation, self.canRead) = (terminal, generation, canRead)
  }

  deinit { terminal.close(generation) }

  /// Whether the terminal was hung up since it was opened: it then reads nothing and takes nothing.
  public var isHungUp: Bool { terminal.state.withLock { $0.generation != generation } }

  /// read(2): moves input to `buffer`, waiting for it as the modes say.
  ///
  /// - Returns: how many bytes; 0 at the end of the file, after a hang-up, or when the time of VTIME is over.
  /// - Throws: `EAGAIN` when it would wait and `nonBlocking`, `EINTR` for a signal, SIGTTIN to the caller's group included (the call
  ///   is to be restarted as its handler says), `EIO` in the background when that signal cannot stop it, `EFAULT`.
  /// - Context: a thread, without locks.
  public func read(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int {
    try terminal.read(&buffer, nonBlocking: nonBlocking, generation)
  }

  /// write(2): moves what `buffer` has to the output, waiting for room.
  ///
  /// - Returns: how many bytes.
  /// - Throws: as `read`, with SIGTTOU if TOSTOP is set; `EIO` after a hang-up.
  /// - Context: a thread, without locks.
  public func write(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int {
    try terminal.write(&buffer, nonBlocking: nonBlocking, generation)
  }

  /// ioctl(2). FIONBIO and the like are the descriptor's and do not come here, nor does TIOCGPTPEER.
  ///
  /// - Returns: what the call returns.
  /// - Throws: `ENOTTY` for what terminals do not know, `EIO` after a hang-up, and what ioctl_tty(2) says.
  /// - Context: a thread, without locks.
  public func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    guard !isHungUp else { throw request == TerminalRequest.TIOCSPGRP.rawValue ? .ENOTTY : .EIO }
    return try terminal.control(request, argument, ControlSide(isMaster: false, canRead: canRead))
  }

  /// What it is ready for. poll(2).
  public func poll() -> PollEvents { terminal.poll(generation) }

  /// Calls `body` with each queue that is woken when what `poll` says changes.
  public func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {
    body(terminal.readers)
    body(terminal.writers)
  }
}

extension Terminal {
  /// Opens the terminal.
  ///
  /// - Parameters:
  ///   - canRead: whether it is opened for reading.
  ///   - controlling: whether it becomes the controlling terminal of a session leader that has none: not with O_NOCTTY, and not
  ///     by the name of the console.
  /// - Throws: `EBUSY` when another wants it alone, `EIO` for a locked slave or one whose master is closed, what the device throws.
  /// - Context: a thread, without locks.
  public func open(canRead: Bool = true, controlling: Bool) throws(Errno) -> TerminalHandle {
    let isPrivileged = jobControl.isCallerPrivileged
    let (generation, isFirst) = try state.withLock { state throws(Errno) in
      if let master = state.master {
        guard master.isOpen, !master.isLocked else { throw .EIO }
      }
      guard state.openCount == 0 || !state.isExclusive || isPrivileged else { throw .EBUSY }
      state.master?.isSlaveClosed = false
      state.openCount += 1
      return (state.generation, state.openCount == 1)
    }
    do throws(Errno) {
      if isFirst { try device.open() }
    } catch {
      state.withLock { if $0.generation == generation { $0.openCount -= 1 } }
      throw error
    }
    let handle = TerminalHandle(self, generation: generation, canRead: canRead)
    if controlling && canRead { becomeControlling() }
    return handle
  }

  func close(_ generation: Int) {
    var session: Int32 = 0
    let isLast = update { state in
      // A device is closed by a hang-up, but the master of a pseudo terminal sees the last file go.
      guard isPseudo || state.generation == generation else { return false }
      state.openCount -= 1
      guard state.openCount == 0 else { return false }
      state.isExclusive = false
      if state.master != nil {
        state.master?.isSlaveClosed = true
      } else {
        state.flushInput()
        // Output that STOP holds up is sent all the same: nobody could start it.
        state.discipline.isStoppedByCall = false
        state.discipline.start()
        session = state.session
        (state.session, state.foreground) = (0, 0)
      }
      return true
    }
    guard isLast else { return }
    if session != 0 { jobControl.dropControllingTerminal(self, session: session) }
    device.close()
    masterReaders.wakeAll()
    masterWriters.wakeAll()
  }

  // MARK: Hang-up

  /// Hangs up: all who have it open are cut off, and the session is told. vhangup(2), or the line is gone.
  ///
  /// - Context: a thread, without locks.
  public func hangUp() {
    let modes = isPseudo || device.forgetsModes ? initialModes : modes
    let (session, foreground, wasOpen) = update { state in
      let result = (state.session, state.foreground, state.openCount > 0)
      (state.session, state.foreground) = (0, 0)
      state.generation += 1
      if !isPseudo { state.openCount = 0 }
      state.isExclusive = false
      state.received.removeAll()
      state.discipline.reset(modes)
      state.discipline.events = []
      state.master?.status = 0
      return result
    }
    if session != 0 { jobControl.hangUp(self, session: session, foreground: foreground) }
    if !isPseudo {
      if device.forgetsModes { _ = device.setModes(modes, from: modes) }
      if wasOpen { device.close() }
    }
    wakeEverybody()
  }

  func poll(_ generation: Int) -> PollEvents {
    let canWrite = writeTurn.isFree
    return state.withLock { state in
      guard state.generation == generation else {
        return [.input, .output, .error, .hangUp, .readNormal, .writeNormal]
      }
      var events: PollEvents = []
      if state.discipline.isReadable(polling: true) { events.formUnion([.input, .readNormal]) }
      if canWrite && state.discipline.outputRoom >= Self.sufficientRoom { events.formUnion([.output, .writeNormal]) }
      return events
    }
  }
}
