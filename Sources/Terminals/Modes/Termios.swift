public import Machine

/// The modes of a terminal: what `struct termios` says. Source: termios(3).
public struct Termios: Equatable, Sendable {
  /// How input is treated.
  public var input: InputFlags
  /// How output is treated.
  public var output: OutputFlags
  /// How the line is driven.
  public var control: ControlFlags
  /// What else the terminal does.
  public var local: LocalFlags
  /// The number of the line discipline as programs wrote it. Nothing follows from it.
  public var line: UInt8 = 0
  /// The special characters. A character of 0 is off.
  public var characters: ControlCharacters
  /// Bits a second towards the computer, for `BOTHER`.
  public var inputSpeed: UInt32
  /// Bits a second from the computer, for `BOTHER`.
  public var outputSpeed: UInt32

  /// The modes that terminals begin with.
  public init() {
    input = [.ICRNL, .IXON]
    output = [.OPOST, .ONLCR]
    control = [.B38400, .CS8, .CREAD, .HUPCL]
    local = [.ISIG, .ICANON, .ECHO, .ECHOE, .ECHOK, .ECHOCTL, .ECHOKE, .IEXTEN]
    characters = ControlCharacters()
    inputSpeed = 38400
    outputSpeed = 38400
  }
}

/// The special characters: `c_cc`. Source: termios(3); the order is Linux's.
public struct ControlCharacters: Equatable, Sendable {
  /// How many there is room for.
  public static let count = 19

  // INTR QUIT ERASE KILL EOF TIME MIN SWTC START STOP SUSP EOL REPRINT DISCARD WERASE LNEXT EOL2
  private var bytes: InlineArray<19, UInt8> = [
    3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0,
  ]

  /// The characters that terminals begin with.
  public init() {}

  /// Compares all of them.
  public static func == (left: Self, right: Self) -> Bool {
    for index in 0..<count where left.bytes[index] != right.bytes[index] { return false }
    return true
  }

  /// Character number `index`, 0..<count.
  @inline(__always)
  public subscript(index: Int) -> UInt8 {
    get { bytes[index] }
    set { bytes[index] = newValue }
  }

  /// VINTR: sends SIGINT.
  public var interrupt: UInt8 {
    get { bytes[0] }
    set { bytes[0] = newValue }
  }
  /// VQUIT: sends SIGQUIT.
  public var quit: UInt8 {
    get { bytes[1] }
    set { bytes[1] = newValue }
  }
  /// VERASE: erases a character.
  public var erase: UInt8 {
    get { bytes[2] }
    set { bytes[2] = newValue }
  }
  /// VKILL: erases the line.
  public var kill: UInt8 {
    get { bytes[3] }
    set { bytes[3] = newValue }
  }
  /// VEOF: ends the line without being in it.
  public var endOfFile: UInt8 {
    get { bytes[4] }
    set { bytes[4] = newValue }
  }
  /// VTIME: how long to wait for more, in tenths of a second.
  public var time: UInt8 {
    get { bytes[5] }
    set { bytes[5] = newValue }
  }
  /// VMIN: how many bytes to wait for.
  public var minimum: UInt8 {
    get { bytes[6] }
    set { bytes[6] = newValue }
  }
  /// VSTART: lets output go on.
  public var start: UInt8 {
    get { bytes[8] }
    set { bytes[8] = newValue }
  }
  /// VSTOP: holds output up.
  public var stop: UInt8 {
    get { bytes[9] }
    set { bytes[9] = newValue }
  }
  /// VSUSP: sends SIGTSTP.
  public var suspend: UInt8 {
    get { bytes[10] }
    set { bytes[10] = newValue }
  }
  /// VEOL: ends the line.
  public var endOfLine: UInt8 {
    get { bytes[11] }
    set { bytes[11] = newValue }
  }
  /// VREPRINT: prints the line again.
  public var reprint: UInt8 {
    get { bytes[12] }
    set { bytes[12] = newValue }
  }
  /// VWERASE: erases a word.
  public var wordErase: UInt8 {
    get { bytes[14] }
    set { bytes[14] = newValue }
  }
  /// VLNEXT: takes the next character as it is.
  public var literalNext: UInt8 {
    get { bytes[15] }
    set { bytes[15] = newValue }
  }
  /// VEOL2: ends the line too.
  public var endOfLine2: UInt8 {
    get { bytes[16] }
    set { bytes[16] = newValue }
  }
}

// MARK: Forms in programs' memory

/// `struct termios` of the system calls: without speeds, unlike the C library's.
extension Termios: UserValue {
  /// 36 bytes.
  public static var userByteCount: Int { 36 }

  /// Takes the modes from their form; the speeds are those of the codes.
  public init(userBytes bytes: Span<UInt8>) {
    self.init()
    input = InputFlags(rawValue: bytes.word(at: 0))
    output = OutputFlags(rawValue: bytes.word(at: 4))
    control = ControlFlags(rawValue: bytes.word(at: 8))
    local = LocalFlags(rawValue: bytes.word(at: 12))
    line = bytes[16]
    for index in 0..<ControlCharacters.count { characters[index] = bytes[17 + index] }
  }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.setWord(input.rawValue, at: 0)
    bytes.setWord(output.rawValue, at: 4)
    bytes.setWord(control.rawValue, at: 8)
    bytes.setWord(local.rawValue, at: 12)
    bytes[16] = line
    for index in 0..<ControlCharacters.count { bytes[17 + index] = characters[index] }
  }
}

/// `struct termios2`: the modes with speeds.
struct TermiosWithSpeeds: UserValue {
  var modes: Termios

  static var userByteCount: Int { 44 }

  init(_ modes: Termios) { self.modes = modes }

  init(userBytes bytes: Span<UInt8>) {
    modes = Termios(userBytes: bytes)
    modes.inputSpeed = bytes.word(at: 36)
    modes.outputSpeed = bytes.word(at: 40)
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    modes.write(toUserBytes: &bytes)
    bytes.setWord(modes.inputSpeed, at: 36)
    bytes.setWord(modes.outputSpeed, at: 40)
  }
}

/// `struct termio`: System V's modes, the lower halves of the flags and eight characters.
struct Termio: UserValue {
  private var flags: InlineArray<4, UInt16> = .init(repeating: 0)
  private var line: UInt8
  private var characters: InlineArray<8, UInt8> = .init(repeating: 0)

  static var userByteCount: Int { 18 }

  init(_ modes: Termios) {
    flags[0] = UInt16(truncatingIfNeeded: modes.input.rawValue)
    flags[1] = UInt16(truncatingIfNeeded: modes.output.rawValue)
    flags[2] = UInt16(truncatingIfNeeded: modes.control.rawValue)
    flags[3] = UInt16(truncatingIfNeeded: modes.local.rawValue)
    line = modes.line
    for index in 0..<8 { characters[index] = modes.characters[index] }
  }

  init(userBytes bytes: Span<UInt8>) {
    for index in 0..<4 { flags[index] = UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8 }
    line = bytes[8]
    for index in 0..<8 { characters[index] = bytes[9 + index] }
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    for index in 0..<4 {
      bytes[2 * index] = UInt8(truncatingIfNeeded: flags[index])
      bytes[2 * index + 1] = UInt8(truncatingIfNeeded: flags[index] >> 8)
    }
    bytes[8] = line
    for index in 0..<8 { bytes[9 + index] = characters[index] }
  }

  /// `modes` with what this says changed.
  func applied(to modes: Termios) -> Termios {
    func merged(_ old: UInt32, _ new: UInt16) -> UInt32 { old & 0xffff_0000 | UInt32(new) }
    var modes = modes
    modes.input.rawValue = merged(modes.input.rawValue, flags[0])
    modes.output.rawValue = merged(modes.output.rawValue, flags[1])
    modes.control.rawValue = merged(modes.control.rawValue, flags[2])
    modes.local.rawValue = merged(modes.local.rawValue, flags[3])
    modes.line = line
    for index in 0..<8 { modes.characters[index] = characters[index] }
    return modes
  }
}

/// The size of a terminal's window: `struct winsize`.
public struct WindowSize: Equatable, Sendable, UserValue {
  /// Rows of characters.
  public var rows: UInt16
  /// Columns of characters.
  public var columns: UInt16
  /// Pixels from left to right.
  public var width: UInt16
  /// Pixels from top to bottom.
  public var height: UInt16

  /// Creates a size.
  public init(rows: UInt16 = 0, columns: UInt16 = 0, width: UInt16 = 0, height: UInt16 = 0) {
    (self.rows, self.columns, self.width, self.height) = (rows, columns, width, height)
  }

  /// 8 bytes.
  public static var userByteCount: Int { 8 }

  /// Takes a size from its form.
  public init(userBytes bytes: Span<UInt8>) {
    rows = UInt16(bytes[0]) | UInt16(bytes[1]) << 8
    columns = UInt16(bytes[2]) | UInt16(bytes[3]) << 8
    width = UInt16(bytes[4]) | UInt16(bytes[5]) << 8
    height = UInt16(bytes[6]) | UInt16(bytes[7]) << 8
  }

  /// Writes the form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.setWord(UInt32(rows) | UInt32(columns) << 16, at: 0)
    bytes.setWord(UInt32(width) | UInt32(height) << 16, at: 4)
  }
}

extension Span<UInt8> {
  fileprivate func word(at offset: Int) -> UInt32 {
    UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16 | UInt32(self[offset + 3])
      << 24
  }
}

extension MutableSpan<UInt8> {
  fileprivate mutating func setWord(_ word: UInt32, at offset: Int) {
    for index in 0..<4 { self[offset + index] = UInt8(truncatingIfNeeded: word >> UInt32(8 * index)) }
  }
}
