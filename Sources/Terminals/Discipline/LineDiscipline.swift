import Foundations
import LinuxABI
import Machine

/// What lies between a device and the programs that read and write its terminal: N_TTY of Linux, to the byte.
///
/// Takes bytes and modes, keeps queues, and knows nothing of locks, threads or devices. Input goes from `receive` to `read`; echo and
/// output go to `output`, from which the device takes them. Sources: termios(3), POSIX.1-2017 chapter 11, and Linux's behaviour.
struct LineDiscipline: ~Copyable {
  /// Bytes of input it keeps, and the longest line with its end.
  static let capacity = 4096
  static let mask = capacity - 1

  /// The modes. Set by `setModes`.
  var modes: Termios
  /// What the device is to send.
  var output: ByteQueue
  /// Whether a stopped terminal takes no output, as pseudo terminals do; others keep it.
  let refusesWhenStopped: Bool

  // Input, in a ring. All positions only grow, and wrap round.
  var input: GrowableArray<UInt8>
  /// One bit a place in the ring: whether a line ends there.
  var lineEnds = InlineArray<64, UInt64>(repeating: 0)
  /// Where the next byte goes.
  var head = 0
  /// Up to where programs may read, when input does not come by lines.
  var committed = 0
  /// Up to where there are whole lines, when it does.
  var lineHead = 0
  /// From where programs read.
  var tail = 0

  /// Bytes that are not just put into the queue.
  var specials = InlineArray<4, UInt64>(repeating: 0)
  /// Whether input is not treated at all.
  var isRaw = false
  /// Whether the next byte is taken as it is.
  var isLiteralNext = false
  /// Whether erased characters are being printed.
  var isErasing = false

  // Echo that waits for room, as bytes and operations: see `LineDiscipline+Echo`.
  var echo: GrowableArray<UInt8>
  var echoHead = 0
  var echoMark = 0
  var echoCommitted = 0
  var echoTail = 0

  /// Where the cursor is.
  var column: UInt32 = 0
  /// Where it was at the first character of the line that is typed.
  var lineColumn: UInt32 = 0
  /// Whether output is held up, by STOP or by a program.
  var isStopped = false
  /// Whether a program held it up: then no input starts it.
  var isStoppedByCall = false
  /// Something that whoever feeds input has to do outside.
  var pendingSignal: Signal?
  /// Whether a whole line was printed again: one byte has then done as much as thousands.
  var hasReprinted = false
  /// What a pseudo terminal's master is told in packet mode.
  var events: Events = []

  /// What happened that others are told of.
  struct Events: OptionSet {
    var rawValue: UInt8
    static let flushedInput = Events(rawValue: 1)
    static let flushedOutput = Events(rawValue: 2)
    static let stopped = Events(rawValue: 4)
    static let started = Events(rawValue: 8)
    /// Signal characters threw output away.
    static let dropsOutput = Events(rawValue: 16)
  }

  /// Creates a line discipline with empty queues.
  ///
  /// - Throws: `ENOMEM`.
  init(_ modes: Termios, outputLimit: Int, refusesWhenStopped: Bool) throws(Errno) {
    // All that can fail comes first: a value that is half made cannot be given back.
    var input = GrowableArray<UInt8>()
    try input.resize(to: Self.capacity, filledWith: 0)
    var echo = GrowableArray<UInt8>()
    try echo.resize(to: Self.capacity, filledWith: 0)
    let output = try ByteQueue(limit: outputLimit)
    self.modes = modes
    self.refusesWhenStopped = refusesWhenStopped
    self.input = input
    self.echo = echo
    self.output = output
    collectSpecials()
  }

  // MARK: State

  @inline(__always)
  var isCanonical: Bool { modes.local.contains(.ICANON) }

  /// Whether programs read by lines.
  @inline(__always)
  var readsLines: Bool { modes.local.intersection([.ICANON, .EXTPROC]) == .ICANON }

  @inline(__always)
  var count: Int { head &- tail }

  /// How much could be read.
  var readableCount: Int { readsLines ? lineHead &- tail : committed &- tail }

  /// Whether a read would get something; for poll(2), which minds VMIN.
  func isReadable(polling: Bool = false) -> Bool {
    if readsLines { return lineHead != tail }
    let least = polling && modes.characters.time == 0 ? max(1, Int(modes.characters.minimum)) : 1
    return committed &- tail >= least
  }

  /// What FIONREAD says: the ends of files that were typed do not count.
  var countForPrograms: Int {
    guard readsLines else { return count }
    var result = lineHead &- tail
    var place = tail
    while place != lineHead {
      if isLineEnd(place) && input[place & Self.mask] == 0 { result -= 1 }
      place &+= 1
    }
    return result
  }

  @inline(__always)
  func isLineEnd(_ place: Int) -> Bool { lineEnds[(place & Self.mask) >> 6] & (1 << UInt64(place & 63)) != 0 }

  @inline(__always)
  mutating func setLineEnd(_ place: Int) { lineEnds[(place & Self.mask) >> 6] |= 1 << UInt64(place & 63) }

  @inline(__always)
  mutating func clearLineEnd(_ place: Int) { lineEnds[(place & Self.mask) >> 6] &= ~(1 << UInt64(place & 63)) }

  private mutating func clearLineEnds() { lineEnds = InlineArray(repeating: 0) }

  /// Whether `byte` belongs to the character before it.
  @inline(__always)
  func isContinuation(_ byte: UInt8) -> Bool { modes.input.contains(.IUTF8) && byte & 0xc0 == 0x80 }

  // MARK: Changes

  /// Sets the modes, and treats what was typed as they want it.
  mutating func setModes(_ new: Termios) {
    let old = modes
    modes = new
    if !old.local.symmetricDifference(new.local).isDisjoint(with: [.ICANON, .EXTPROC]) {
      clearLineEnds()
      if !isCanonical || count == 0 {
        lineHead = tail
      } else {
        setLineEnd(head &- 1)
        lineHead = head
      }
      committed = head
      isErasing = false
      isLiteralNext = false
    }
    collectSpecials()
    // Otherwise nothing could start output that STOP has held up.
    if old.input.contains(.IXON) && !new.input.contains(.IXON) && !isStoppedByCall {
      start()
      processEchoes()
    }
  }

  /// Forgets the input.
  mutating func flushInput() {
    (head, committed, lineHead, tail) = (0, 0, 0, 0)
    isErasing = false
    clearLineEnds()
    events.insert(.flushedInput)
  }

  /// Begins anew, as after a hang-up.
  mutating func reset(_ modes: Termios) {
    flushInput()
    clearEcho()
    output.removeAll()
    self.modes = modes
    (isLiteralNext, isStopped, isStoppedByCall) = (false, false, false)
    (column, lineColumn) = (0, 0)
    pendingSignal = nil
    collectSpecials()
  }

  /// Holds output up.
  mutating func stop() {
    guard !isStopped else { return }
    isStopped = true
    events.insert(.stopped)
    events.remove(.started)
  }

  /// Lets output go on, unless a program held it up.
  mutating func start() {
    guard isStopped, !isStoppedByCall else { return }
    isStopped = false
    events.insert(.started)
    events.remove(.stopped)
  }

  private mutating func collectSpecials() {
    specials = InlineArray(repeating: 0)
    let (flags, local, characters) = (modes.input, modes.local, modes.characters)
    let treating: InputFlags = [.ISTRIP, .IUCLC, .IGNCR, .ICRNL, .INLCR, .IXON, .PARMRK]
    isRaw = flags.isDisjoint(with: treating) && local.isDisjoint(with: [.ICANON, .ISIG, .ECHO])
    guard !isRaw else { return }
    if !flags.isDisjoint(with: [.IGNCR, .ICRNL]) { setSpecial(0x0d) }
    if flags.contains(.INLCR) { setSpecial(0x0a) }
    if local.contains(.ICANON) {
      setSpecial(characters.erase)
      setSpecial(characters.kill)
      setSpecial(characters.endOfFile)
      setSpecial(0x0a)
      setSpecial(characters.endOfLine)
      if local.contains(.IEXTEN) {
        setSpecial(characters.wordErase)
        setSpecial(characters.literalNext)
        setSpecial(characters.endOfLine2)
        if local.contains(.ECHO) { setSpecial(characters.reprint) }
      }
    }
    if flags.contains(.IXON) {
      setSpecial(characters.start)
      setSpecial(characters.stop)
    }
    if local.contains(.ISIG) {
      setSpecial(characters.interrupt)
      setSpecial(characters.quit)
      setSpecial(characters.suspend)
    }
    // A character of 0 is off.
    specials[0] &= ~1
  }

  private mutating func setSpecial(_ byte: UInt8) { specials[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

  @inline(__always)
  func isSpecial(_ byte: UInt8) -> Bool { specials[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0 }
}
