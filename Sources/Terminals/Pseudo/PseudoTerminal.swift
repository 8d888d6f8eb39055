public import Foundations
public import Machine
public import Waiting

/// The master of a pseudo terminal: what opening `/dev/ptmx` gives. Its last reference closes it, and hangs the slave up.
///
/// What is written to it is input of the terminal, and what it reads is the terminal's output. Source: pty(7).
public final class PseudoTerminalMaster {
  /// The terminal, whose device is the slave.
  public let terminal: Terminal
  /// The number N of `/dev/pts/N`.
  public let number: Int
  private let registry: PseudoTerminals

  init(_ terminal: Terminal, number: Int, _ registry: PseudoTerminals) {
    (self.terminal, self.number, self.registry) = (terminal, number, registry)
  }

  deinit {
    registry.forget(number)
    terminal.closeMaster()
  }

  /// Lets the slave be opened. unlockpt(3); TIOCSPTLCK for programs.
  public func unlock() { terminal.state.withLock { $0.master?.isLocked = false } }

  /// Opens the slave as TIOCGPTPEER does: without a path, so it works in any mount namespace.
  ///
  /// - Throws: `EIO` while it is locked.
  public func openSlave(canRead: Bool = true, controlling: Bool) throws(Errno) -> TerminalHandle {
    try terminal.open(canRead: canRead, controlling: controlling)
  }

  /// read(2): moves output of the terminal to `buffer`; in packet mode behind a byte that says what it is.
  ///
  /// - Throws: `EIO` when the slave was closed by all and all was read, `EAGAIN`, `EINTR`, `EFAULT`.
  /// - Context: a thread, without locks.
  public func read(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int {
    try terminal.readMaster(&buffer, nonBlocking: nonBlocking)
  }

  /// write(2): moves what `buffer` has to the terminal's input, waiting for room.
  ///
  /// - Throws: `EAGAIN`, `EINTR`, `EFAULT`.
  /// - Context: a thread, without locks.
  public func write(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int {
    try terminal.writeMaster(&buffer, nonBlocking: nonBlocking)
  }

  /// ioctl(2), as `TerminalHandle.control`.
  public func control(_ request: UInt32, _ argument: UInt64) throws(Errno) -> Int {
    try terminal.control(request, argument, ControlSide(isMaster: true, canRead: true))
  }

  /// What it is ready for. poll(2).
  public func poll() -> PollEvents { terminal.pollMaster() }

  /// Calls `body` with each queue that is woken when what `poll` says changes.
  public func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) {
    body(terminal.masterReaders)
    body(terminal.masterWriters)
  }
}

extension Terminal {
  func closeMaster() {
    state.withLock { state in
      state.master?.isOpen = false
      state.master?.isPacketMode = false
    }
    hangUp()
  }

  func pollMaster() -> PollEvents {
    let canWrite = masterWriteTurn.isFree
    return state.withLock { state in
      guard let master = state.master else { return [] }
      var events: PollEvents = []
      if !state.discipline.output.isEmpty { events.formUnion([.input, .readNormal]) }
      if master.isPacketMode && master.status != 0 { events.formUnion([.priority, .input, .readNormal]) }
      if master.isSlaveClosed { events.insert(.hangUp) }
      if canWrite && !master.isStopped && state.received.room > 0 { events.formUnion([.output, .writeNormal]) }
      return events
    }
  }

  // MARK: Reading

  func readMaster(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int {
    guard buffer.remaining > 0 else { return 0 }
    try masterReadTurn.take(nonBlocking: nonBlocking)
    defer { masterReadTurn.give() }
    func isReady() -> Bool {
      state.withLock { state in
        !state.discipline.output.isEmpty || state.master.map { $0.isPacketMode && $0.status != 0 } ?? false
      }
    }
    func isClosed() -> Bool { state.withLock { $0.master?.isSlaveClosed ?? true } }
    if !isReady() {
      // What the slave wrote before it was closed comes first.
      if isClosed() && !isReady() { throw .EIO }
      if nonBlocking { throw .EAGAIN }
      try masterReaders.wait(for: [.input, .hangUp]) { isReady() || isClosed() }
      guard isReady() else { throw .EIO }
    }
    return try moveToMaster(&buffer)
  }

  private func moveToMaster(_ buffer: inout IOBuffer) throws(Errno) -> Int {
    var total = 0
    if let header = takePacketHeader() {
      let byte: InlineArray<1, UInt8> = [header]
      total += try buffer.write(byte.span)
      guard header == PacketStatus.data else { return total }
    }
    while buffer.remaining > 0 {
      var piece = InlineArray<256, UInt8>(repeating: 0)
      var span = piece.mutableSpan
      var bytes = span._mutatingExtracting(0..<min(buffer.remaining, Self.pieceSize))
      let count = update { state in
        let count = state.discipline.output.remove(into: &bytes)
        state.discipline.retryEchoes()
        return count
      }
      guard count > 0 else { break }
      let moved = try buffer.write(piece.span.extracting(0..<count))
      total += moved
      guard moved == count else { break }
    }
    return total
  }

  /// What the next packet begins with; nil when not in packet mode.
  private func takePacketHeader() -> UInt8? {
    state.withLock { state in
      guard let master = state.master, master.isPacketMode else { return nil }
      state.master?.status = 0
      return master.status
    }
  }

  // MARK: Writing

  func writeMaster(_ buffer: inout IOBuffer, nonBlocking: Bool) throws(Errno) -> Int {
    try masterWriteTurn.take(nonBlocking: nonBlocking)
    defer {
      masterWriteTurn.give()
      masterWriters.wakeAll([.output, .writeNormal])
    }
    var total = 0
    do throws(Errno) {
      while buffer.remaining > 0 { total += try moveFromMaster(&buffer, nonBlocking) }
    } catch {
      guard total > 0 else { throw error }
    }
    return total
  }

  private func moveFromMaster(_ buffer: inout IOBuffer, _ nonBlocking: Bool) throws(Errno) -> Int {
    func room() -> Int {
      state.withLock { state in state.master.map { $0.isStopped ? 0 : state.received.room } ?? 0 }
    }
    if room() == 0 {
      if nonBlocking { throw .EAGAIN }
      try masterWriters.wait(for: [.output, .hangUp]) { room() > 0 }
    }
    var piece = InlineArray<2048, UInt8>(repeating: 0)
    var span = piece.mutableSpan
    var target = span._mutatingExtracting(0..<min(room(), 2048, buffer.remaining))
    let count = try buffer.read(into: &target)
    // Only a character that TIOCSTI types can have taken room meanwhile, which then is lost as if typed too fast.
    return receive(piece.span.extracting(0..<count))
  }
}
