import Foundations
import LinuxABI
import Machine
import Waiting

extension Terminal {
  /// How much moves at a time, over the stack.
  static let pieceSize = 256
  /// Room that is enough for any byte to become what it becomes: a tab, eight spaces.
  static let sufficientRoom = 8

  // MARK: Reading

  /// How long a read goes on: VMIN and VTIME. termios(3), canonical and noncanonical mode.
  private struct Patience {
    /// The bytes that a read waits for; 0 when a line ends it.
    var minimum: Int
    /// The longest time between bytes, in nanoseconds; 0 for any.
    var pause: UInt64
    /// When the read ends at the latest.
    var deadline: UInt64?
  }

  func read(_ buffer: inout IOBuffer, nonBlocking: Bool, _ generation: Int) throws(Errno) -> Int {
    guard isCurrent(generation) else { return 0 }
    try checkForeground(.SIGTTIN)
    try readTurn.take(nonBlocking: nonBlocking)
    defer { readTurn.give() }
    var patience = patience()
    var total = 0
    do throws(Errno) {
      while buffer.remaining > 0 {
        guard try awaitInput(patience, nonBlocking, generation) else { break }
        let (count, isEnd) = try moveInput(&buffer)
        total += count
        if isEnd || total >= patience.minimum { break }
        if patience.pause > 0 { patience.deadline = jobControl.nanoseconds &+ patience.pause }
      }
    } catch {
      guard total > 0 else { throw error }
    }
    return total
  }

  private func isCurrent(_ generation: Int) -> Bool { state.withLock { $0.generation == generation } }

  private func patience() -> Patience {
    let (readsLines, characters) = state.withLock { ($0.discipline.isCanonical, $0.discipline.modes.characters) }
    let time = UInt64(characters.time) * 100_000_000
    guard !readsLines else { return Patience(minimum: 0, pause: 0) }
    guard characters.minimum == 0 else { return Patience(minimum: Int(characters.minimum), pause: time) }
    // VMIN of 0 and no time: what is there now.
    return Patience(minimum: 1, pause: 0, deadline: time == 0 ? 0 : jobControl.nanoseconds &+ time)
  }

  /// Waits for input; false when there will be none: at a hang-up, or when the time is over.
  private func awaitInput(_ patience: Patience, _ nonBlocking: Bool, _ generation: Int) throws(Errno) -> Bool {
    func isReadable() -> Bool { state.withLock { $0.generation == generation && $0.discipline.isReadable() } }
    if isReadable() { return true }
    guard isCurrent(generation), patience.deadline != 0 else { return false }
    if nonBlocking { throw .EAGAIN }
    do throws(Errno) {
      try readers.wait(for: [.input, .hangUp], deadline: patience.deadline) { isReadable() || !isCurrent(generation) }
    } catch {
      guard error == .ETIMEDOUT else { throw error }
      return false
    }
    return isReadable()
  }

  /// Moves all that there is, or a line, to `buffer`.
  private func moveInput(_ buffer: inout IOBuffer) throws(Errno) -> (count: Int, isEnd: Bool) {
    var total = 0
    while buffer.remaining > 0 {
      var piece = InlineArray<256, UInt8>(repeating: 0)
      let wanted = min(buffer.remaining, Self.pieceSize)
      var span = piece.mutableSpan
      var bytes = span._mutatingExtracting(0..<wanted)
      let isWholeBuffer = wanted == buffer.remaining
      let (read, readsLines, hasMore) = update { state in
        let read = state.discipline.read(into: &bytes)
        if isWholeBuffer && read.count == wanted && !read.isEnd { state.discipline.skipEndOfFile() }
        return (read, state.discipline.readsLines, state.received.count > 0)
      }
      if hasMore { processInput() }
      if read.count > 0 {
        let moved = try buffer.write(piece.span.extracting(0..<read.count))
        total += moved
        if moved < read.count { return (total, true) }
      }
      if read.isEnd { return (total, true) }
      // A short piece is all there was; for lines, one that has no end ended by a change of modes.
      if read.count < wanted { return (total, readsLines) }
    }
    return (total, true)
  }

  // MARK: Writing

  func write(_ buffer: inout IOBuffer, nonBlocking: Bool, _ generation: Int) throws(Errno) -> Int {
    guard isCurrent(generation) else { throw .EIO }
    if state.withLock({ $0.discipline.modes.local.contains(.TOSTOP) }) { try checkForeground(.SIGTTOU) }
    try writeTurn.take(nonBlocking: nonBlocking)
    defer {
      writeTurn.give()
      writers.wakeAll([.output, .writeNormal])
    }
    update { $0.discipline.processEchoes() }
    var total = 0
    do throws(Errno) {
      while buffer.remaining > 0 {
        total += try moveOutput(&buffer, nonBlocking, generation)
      }
    } catch {
      guard total > 0 else { throw error }
    }
    return total
  }

  /// Moves the next piece of `buffer` to the output, and returns how much of it there was room for; the rest is not moved when that is
  /// more than nothing.
  private func moveOutput(_ buffer: inout IOBuffer, _ nonBlocking: Bool, _ generation: Int) throws(Errno) -> Int {
    var piece = InlineArray<256, UInt8>(repeating: 0)
    // No more than there is room for: what is fetched and does not fit is lost to a caller that goes by the buffer's position.
    let room = try awaitRoom(nonBlocking, generation)
    var span = piece.mutableSpan
    var target = span._mutatingExtracting(0..<min(room, Self.pieceSize, buffer.remaining))
    let count = try buffer.read(into: &target)
    var done = 0
    while done < count {
      let bytes = piece.span.extracting(0..<count)
      done += try update { state throws(Errno) in
        guard state.generation == generation else { throw .EIO }
        return state.discipline.write(bytes, from: done)
      }
      guard done < count else { break }
      do throws(Errno) {
        _ = try awaitRoom(nonBlocking, generation)
      } catch {
        guard done > 0 else { throw error }
        return done
      }
    }
    return done
  }

  /// Waits until there is room for whatever a byte becomes, and returns how much.
  private func awaitRoom(_ nonBlocking: Bool, _ generation: Int) throws(Errno) -> Int {
    func room() -> Int? {
      state.withLock { $0.generation == generation ? $0.discipline.outputRoom : nil }
    }
    guard let now = room() else { throw .EIO }
    if now >= Self.sufficientRoom { return now }
    if nonBlocking { throw .EAGAIN }
    try writers.wait(for: [.output, .hangUp]) { room().map { $0 >= Self.sufficientRoom } ?? true }
    guard let after = room() else { throw .EIO }
    return after
  }

  /// Waits until all output is sent. tcdrain(3).
  ///
  /// - Throws: `EINTR`.
  func waitUntilSent() throws(Errno) {
    guard !isPseudo else { return }
    let generation = state.withLock { $0.generation }
    func isSent() -> Bool {
      let isTaken = state.withLock { $0.discipline.output.isEmpty || $0.generation != generation }
      return isTaken && device.unsentCount == 0
    }
    // Nobody says when a device has sent the last that it took, so that is looked at now and then.
    while !isSent() {
      do throws(Errno) {
        try writers.wait(deadline: jobControl.nanoseconds &+ 10_000_000) { isSent() }
      } catch {
        guard error == .ETIMEDOUT else { throw error }
      }
    }
  }
}
