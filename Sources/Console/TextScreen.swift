import Foundations

/// A terminal: takes UTF-8 text with escape sequences and keeps a display showing it.
///
/// Understands the part of VT100 and xterm that Linux's own console does: SGR with 16, 256 and all colours, cursor movement,
/// erasing, inserting and deleting, tabs, scroll region, saved cursor, wrapping, DEC line drawing, reports. It never allocates
/// after `init`, and hostile input costs no more time than its length times the size of the screen. Sources: ECMA-48; DEC VT100
/// User Guide, chapter 3; console_codes(4).
///
/// Two write to it, the kernel and programs. They share the characters and the cursor's position; each has its own style, modes
/// and place in a sequence, so that a message of the kernel does no harm in the middle of an editor's.
public struct TextScreen<Display: TextDisplay & ~Copyable>: ~Copyable, TextSink {
  /// What a line feed does.
  public enum LineFeed: Sendable {
    /// Goes down in the same column, as programs behind a terminal driver expect.
    case down
    /// Goes to the beginning of the next line, as the kernel's own texts expect.
    case nextLine
  }

  /// Whose text it is.
  public enum Writer: Sendable {
    /// The kernel's: its line feeds are as `init` says, and it begins on a line of its own.
    case kernel
    /// That of programs: a line feed goes down.
    case program
  }

  /// Where it is shown.
  public let display: Display
  var grid: CellGrid
  var parser = EscapeParser()
  private var decoder = UTF8Decoder()
  var state: TerminalState
  private var writer = Writer.kernel
  /// What belongs to the writer that does not write.
  private var other: Voice
  /// What programs have asked and not been told yet.
  private var replies = ReplyQueue()
  /// What the bell sounds like.
  var bell = Bell()
  /// Whether it was rung and nobody has heard it yet.
  var isRung = false

  /// What each writer has for itself.
  private struct Voice {
    var parser = EscapeParser()
    var decoder = UTF8Decoder()
    var state: TerminalState
  }

  /// A blank screen on `display`, which is cleared.
  public init(on display: consuming Display, lineFeed: LineFeed = .nextLine) {
    grid = CellGrid(columns: display.columns, rows: display.rows)
    state = TerminalState(columns: grid.columns, rows: grid.rows, lineFeedReturns: lineFeed == .nextLine)
    other = Voice(state: TerminalState(columns: grid.columns, rows: grid.rows, lineFeedReturns: false))
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

  /// Takes text of the kernel, which may end anywhere, and shows what it changes.
  public mutating func write(_ bytes: Span<UInt8>) {
    process(bytes, from: .kernel)
    draw()
  }

  /// Takes text, which may end anywhere. `draw` shows what it changes.
  public mutating func process(_ bytes: Span<UInt8>, from writer: Writer) {
    guard bytes.count > 0 else { return }
    change(to: writer)
    grid.look(back: 0)
    for index in bytes.indices { take(bytes[index]) }
  }

  /// Shows what has changed since the last time.
  public mutating func draw() { draw(rows: 0..<grid.rows) }

  /// Shows what has changed in some rows.
  public mutating func draw(rows: Range<Int>) {
    let cursor = (column: state.cursor.column, row: state.cursor.row)
    grid.flush(to: display, cursor: state.modes.contains(.cursorVisible) ? cursor : nil, rows: rows)
  }

  /// Draws everything anew, for a display that something else has written to.
  public mutating func redraw() {
    let blank = Cell(" ")
    display.clear(blank)
    grid.assumeShown(blank)
    draw()
  }

  /// Goes on for `writer` where it left off; the kernel does not write behind an unfinished line.
  private mutating func change(to writer: Writer) {
    guard writer != self.writer else { return }
    self.writer = writer
    let cursor = state.cursor
    let isVisible = state.modes.contains(.cursorVisible)
    swap(&parser, &other.parser)
    swap(&decoder, &other.decoder)
    swap(&state, &other.state)
    state.cursor.move(to: cursor)
    if isVisible { state.modes.insert(.cursorVisible) } else { state.modes.remove(.cursorVisible) }
    if writer == .kernel && cursor.column > 0 {
      moveTo(column: 0)
      index()
    }
  }

  // MARK: Looking back

  /// Keeps `count` rows that have left the screen at its top. Once; allocates.
  public mutating func keepHistory(rows count: Int) { grid.keepHistory(rows: count) }

  /// Shows what stood `count` rows further up than what is shown now, or further down when negative, as far as it is kept. The
  /// next text shows the end again.
  public mutating func lookBack(by count: Int) { grid.look(back: grid.viewOffset &+ count) }

  // MARK: The bell

  /// The bell, if a program has rung it since the last time, however often.
  public mutating func takeBell() -> Bell? {
    guard isRung else { return nil }
    isRung = false
    return bell
  }

  /// Rings, if it is a program that does: the kernel reports failures, and does not make a noise about them.
  mutating func ring() {
    if writer == .program { isRung = true }
  }

  // MARK: What programs are told

  /// Takes answers to what programs asked, such as where the cursor is.
  ///
  /// - Returns: how many bytes.
  public mutating func takeReplies(into bytes: inout MutableSpan<UInt8>) -> Int { replies.remove(into: &bytes) }

  /// Adds an answer, if it is a program that asks.
  mutating func reply(_ message: Message) {
    if writer == .program { replies.append(message.bytes) }
  }

  /// Whether programs want the arrow keys to send what they do in application mode (DECCKM).
  public var hasApplicationCursorKeys: Bool { programState.modes.contains(.applicationCursorKeys) }

  /// Whether programs want the keypad to send sequences instead of digits (DECKPAM).
  public var hasApplicationKeypad: Bool { programState.modes.contains(.applicationKeypad) }

  private var programState: TerminalState { writer == .program ? state : other.state }

  // MARK: Bytes

  private mutating func take(_ byte: UInt8) {
    if state.modes.contains(.codePage), parser.isAtGround, CodePage437.isShown(byte) {
      return put(CodePage437.scalar(byte))
    }
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
