import Foundations

/// A terminal: takes UTF-8 text with escape sequences and keeps a display showing it.
///
/// Understands the part of VT100 and xterm that Linux's own console does: SGR with 16, 256 and all colours, cursor movement,
/// erasing, inserting and deleting, tabs, scroll region, saved cursor, wrapping, DEC line drawing. It never answers, never allocates
/// after `init`, and hostile input costs no more time than its length times the size of the screen. Sources: ECMA-48; DEC VT100
/// User Guide, chapter 3; console_codes(4).
public struct TextScreen<Display: TextDisplay & ~Copyable>: ~Copyable, TextSink {
  /// What a line feed does.
  public enum LineFeed: Sendable {
    /// Goes down in the same column, as programs behind a terminal driver expect.
    case down
    /// Goes to the beginning of the next line, as the kernel's own texts expect.
    case nextLine
  }

  /// Where it is shown.
  public let display: Display
  var grid: CellGrid
  var parser = EscapeParser()
  private var decoder = UTF8Decoder()
  var state: TerminalState
  let initialLineFeed: LineFeed

  /// A blank screen on `display`, which is cleared.
  public init(on display: consuming Display, lineFeed: LineFeed = .nextLine) {
    grid = CellGrid(columns: display.columns, rows: display.rows)
    state = TerminalState(columns: grid.columns, rows: grid.rows, lineFeedReturns: lineFeed == .nextLine)
    initialLineFeed = lineFeed
    self.display = display
    redraw()
  }

  /// How many characters stand in a row.
  public var columns: Int { grid.columns }
  /// How many rows there are.
  public var rows: Int { grid.rows }
  /// The column of the cursor, from 0.
  public var cursorColumn: Int { state.cursor.column }
  /// The row of the cursor, from 0.
  public var cursorRow: Int { state.cursor.row }

  /// The cell at a place; a blank outside the screen.
  public subscript(column: Int, row: Int) -> Cell { grid[column, row] }

  /// Takes `bytes`, which may end anywhere, and shows what they change.
  public mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices { take(bytes[index]) }
    flush()
  }

  /// Draws everything anew, for a display that something else has written to.
  public mutating func redraw() {
    let blank = Cell(" ")
    display.clear(blank)
    grid.assumeShown(blank)
    flush()
  }

  private mutating func flush() {
    let cursor = (column: state.cursor.column, row: state.cursor.row)
    grid.flush(to: display, cursor: state.modes.contains(.cursorVisible) ? cursor : nil)
  }

  private mutating func take(_ byte: UInt8) {
    var step = decoder.decode(byte)
    if step == .malformedBeforeByte {
      perform(parser.take("\u{fffd}"))
      step = decoder.decode(byte)
    }
    switch step {
    case .incomplete: break
    case .scalar(let scalar): perform(parser.take(scalar))
    case .malformed, .malformedBeforeByte: perform(parser.take("\u{fffd}"))
    }
  }

  private mutating func perform(_ action: EscapeParser.Action) {
    switch action {
    case .none: break
    case .print(let scalar): put(scalar)
    case .control(let byte): control(byte)
    case .escape(let intermediate, let final): escape(intermediate, final)
    case .sequence(let prefix, let intermediate, let final): sequence(prefix, intermediate, final)
    }
  }

  /// The blank that erasing leaves: in the current background, as Linux and xterm do it.
  var blank: Cell { Cell(" ", CellStyle(background: state.cursor.style.background)) }
}

/// What a terminal remembers besides its characters.
struct TerminalState: Sendable {
  /// What `ESC 7` saves and `ESC 8` restores.
  struct Cursor: Sendable {
    var column = 0
    var row = 0
    /// The last column is filled: the next character goes to the next line. The cursor itself stays until then.
    var isWrapPending = false
    var style = CellStyle()
    var sets: (CharacterSet, CharacterSet) = (.unicode, .unicode)
    var usesSecondSet = false
    var isOriginRelative = false

    /// The character set in use.
    var characterSet: CharacterSet { usesSecondSet ? sets.1 : sets.0 }
  }

  /// The switches. Source: ECMA-48, section 7; DEC VT100 User Guide, table 3-6.
  struct Modes: OptionSet, Sendable {
    let rawValue: UInt8
    static let cursorVisible = Modes(rawValue: 1)
    static let wraps = Modes(rawValue: 2)
    static let inserts = Modes(rawValue: 4)
    static let lineFeedReturns = Modes(rawValue: 8)
  }

  var cursor = Cursor()
  var saved = Cursor()
  var modes: Modes
  /// The rows that scroll.
  var region: Range<Int>
  var tabs = TabStops()
  var lastPrinted: Unicode.Scalar = " "

  init(columns: Int, rows: Int, lineFeedReturns: Bool) {
    modes = lineFeedReturns ? [.cursorVisible, .wraps, .lineFeedReturns] : [.cursorVisible, .wraps]
    region = 0..<rows
  }
}

/// The columns that a tab goes to.
struct TabStops: Sendable {
  /// Bit n of word m: column 64 m + n.
  private var bits = InlineArray<16, UInt64>(repeating: 0x0101_0101_0101_0101)

  mutating func set(_ column: Int, _ isStop: Bool) {
    guard column >= 0 && column < 1024 else { return }
    let bit = UInt64(1) << UInt64(column & 63)
    if isStop { bits[column >> 6] |= bit } else { bits[column >> 6] &= ~bit }
  }

  mutating func clear() { bits = InlineArray(repeating: 0) }

  /// The first stop right of `column`, at most `last`.
  func next(after column: Int, last: Int) -> Int {
    var place = column
    while place < last {
      place &+= 1
      if isStop(place) { break }
    }
    return min(place, last)
  }

  /// The first stop left of `column`, at least 0.
  func previous(before column: Int) -> Int {
    var place = column
    while place > 0 {
      place &-= 1
      if isStop(place) { break }
    }
    return max(place, 0)
  }

  private func isStop(_ column: Int) -> Bool {
    column >= 0 && column < 1024 && bits[column >> 6] >> UInt64(column & 63) & 1 == 1
  }
}
