/// What a terminal remembers besides its characters.
struct TerminalState: Sendable {
  /// What `ESC 7` saves and `ESC 8` restores.
  struct Cursor: Sendable {
    var column = 0
    var row = 0
    /// The last column is filled: the next character goes to the next line. The cursor itself stays until then.
    var isWrapPending = false
    var style = CellStyle()
    /// The second is line drawing to begin with, as on Linux.
    var sets: (CharacterSet, CharacterSet) = (.unicode, .specialGraphics)
    var usesSecondSet = false
    var isOriginRelative = false

    /// The character set in use.
    var characterSet: CharacterSet { usesSecondSet ? sets.1 : sets.0 }

    /// Takes over where another cursor is.
    mutating func move(to other: Cursor) {
      (column, row, isWrapPending) = (other.column, other.row, other.isWrapPending)
    }
  }

  /// The switches. Source: ECMA-48, section 7; DEC VT100 User Guide, table 3-6.
  struct Modes: OptionSet, Sendable {
    let rawValue: UInt8
    static let cursorVisible = Modes(rawValue: 1)
    static let wraps = Modes(rawValue: 2)
    static let inserts = Modes(rawValue: 4)
    static let lineFeedReturns = Modes(rawValue: 8)
    static let applicationCursorKeys = Modes(rawValue: 16)
    static let applicationKeypad = Modes(rawValue: 32)
    /// Bytes are characters of code page 437: what `ESC [ 11 m` means on Linux.
    static let codePage = Modes(rawValue: 64)
  }

  var cursor = Cursor()
  var saved = Cursor()
  var modes: Modes
  /// The rows that scroll.
  var region: Range<Int>
  var tabs = TabStops()
  var lastPrinted: Unicode.Scalar = " "
  /// Whether a reset makes line feeds return.
  let lineFeedReturns: Bool

  init(columns: Int, rows: Int, lineFeedReturns: Bool) {
    self.lineFeedReturns = lineFeedReturns
    modes = lineFeedReturns ? [.cursorVisible, .wraps, .lineFeedReturns] : [.cursorVisible, .wraps]
    region = 0..<rows
  }
}
