import Foundations

/// Escape and control sequences.
extension TextScreen where Display: ~Copyable {
  /// Does what ESC with these bytes says; unknown ones do nothing.
  mutating func escape(_ intermediate: UInt8, _ final: UInt8) {
    switch (intermediate, final) {
    case (0, UInt8(ascii: "7")): state.saved = state.cursor
    case (0, UInt8(ascii: "8")): restoreCursor()
    case (0, UInt8(ascii: "D")):
      index()
      state.cursor.isWrapPending = false
    case (0, UInt8(ascii: "E")):
      index()
      moveTo(column: 0)
    case (0, UInt8(ascii: "H")): state.tabs.set(state.cursor.column, true)
    case (0, UInt8(ascii: "M")): reverseIndex()
    case (0, UInt8(ascii: "Z")): identify()
    case (0, UInt8(ascii: "c")): reset()
    case (0, UInt8(ascii: "=")): set(.applicationKeypad, true)
    case (0, UInt8(ascii: ">")): set(.applicationKeypad, false)
    case (UInt8(ascii: "("), _): state.cursor.sets.0 = CharacterSet(final: final)
    case (UInt8(ascii: ")"), _): state.cursor.sets.1 = CharacterSet(final: final)
    case (UInt8(ascii: "#"), UInt8(ascii: "8")): showAlignmentPattern()
    default: break
    }
  }

  /// Does what a control sequence says; unknown ones do nothing.
  mutating func sequence(_ prefix: UInt8, _ intermediate: UInt8, _ final: UInt8) {
    if prefix == UInt8(ascii: "?") && intermediate == 0 {
      switch final {
      case UInt8(ascii: "h"): setPrivateModes(true)
      case UInt8(ascii: "l"): setPrivateModes(false)
      case UInt8(ascii: "J"): erase()
      case UInt8(ascii: "K"): eraseInLine()
      default: break
      }
    }
    guard prefix == 0 && intermediate == 0 else { return }
    let count = parser.parameters.countAt(0)
    switch final {
    case UInt8(ascii: "A"): moveBy(rows: -count)
    case UInt8(ascii: "B"), UInt8(ascii: "e"): moveBy(rows: count)
    case UInt8(ascii: "C"), UInt8(ascii: "a"): moveBy(columns: count)
    case UInt8(ascii: "D"): moveBy(columns: -count)
    case UInt8(ascii: "E"):
      moveBy(rows: count)
      moveTo(column: 0)
    case UInt8(ascii: "F"):
      moveBy(rows: -count)
      moveTo(column: 0)
    case UInt8(ascii: "G"), UInt8(ascii: "`"): moveTo(column: count &- 1)
    case UInt8(ascii: "H"), UInt8(ascii: "f"):
      moveTo(row: count &- 1)
      moveTo(column: parser.parameters.countAt(1) &- 1)
    case UInt8(ascii: "I"): tab(count)
    case UInt8(ascii: "Z"): tab(-count)
    case UInt8(ascii: "d"): moveTo(row: count &- 1)
    case UInt8(ascii: "m"): applyStyle()
    case UInt8(ascii: "n"): report()
    case UInt8(ascii: "c"): if parser.parameters[0] == 0 { identify() }
    case UInt8(ascii: "g"): clearTabs()
    case UInt8(ascii: "h"): setModes(true)
    case UInt8(ascii: "l"): setModes(false)
    case UInt8(ascii: "r"): setRegion()
    case UInt8(ascii: "s"): state.saved = state.cursor
    case UInt8(ascii: "u"): restoreCursor()
    case UInt8(ascii: "]"): setBell()
    default: edit(final, count)
    }
  }

  private mutating func edit(_ final: UInt8, _ count: Int) {
    let (column, row) = (state.cursor.column, state.cursor.row)
    switch final {
    case UInt8(ascii: "J"): erase()
    case UInt8(ascii: "K"): eraseInLine()
    case UInt8(ascii: "X"):
      grid.fill(row: row, columns: column..<min(column &+ count, columns), with: blank)
      state.cursor.isWrapPending = false
    case UInt8(ascii: "@"):
      grid.shift(row: row, from: column, by: count, blank: blank)
      state.cursor.isWrapPending = false
    case UInt8(ascii: "P"):
      grid.shift(row: row, from: column, by: -count, blank: blank)
      state.cursor.isWrapPending = false
    case UInt8(ascii: "L"): shiftRows(by: -count)
    case UInt8(ascii: "M"): shiftRows(by: count)
    case UInt8(ascii: "S"): grid.scroll(state.region, by: count, blank: blank)
    case UInt8(ascii: "T"): grid.scroll(state.region, by: -count, blank: blank)
    case UInt8(ascii: "b"):
      // No more than fill the screen: what scrolls out is not seen.
      for _ in 0..<min(count, columns &* rows) { put(state.lastPrinted) }
    default: break
    }
  }

  private mutating func shiftRows(by count: Int) {
    guard state.region.contains(state.cursor.row) else { return }
    grid.scroll(state.cursor.row..<state.region.upperBound, by: count, blank: blank)
    moveTo(column: 0)
  }

  private mutating func erase() {
    let row = state.cursor.row
    state.cursor.isWrapPending = false
    switch parser.parameters[0] {
    case 0:
      grid.fill(row: row, columns: state.cursor.column..<columns, with: blank)
      for below in row &+ 1..<max(rows, row &+ 1) { grid.fill(row: below, columns: 0..<columns, with: blank) }
    case 1:
      for above in 0..<row { grid.fill(row: above, columns: 0..<columns, with: blank) }
      grid.fill(row: row, columns: 0..<(state.cursor.column &+ 1), with: blank)
    case 2, 3:
      for any in 0..<rows { grid.fill(row: any, columns: 0..<columns, with: blank) }
    default: break
    }
  }

  private mutating func eraseInLine() {
    let row = state.cursor.row
    state.cursor.isWrapPending = false
    switch parser.parameters[0] {
    case 0: grid.fill(row: row, columns: state.cursor.column..<columns, with: blank)
    case 1: grid.fill(row: row, columns: 0..<(state.cursor.column &+ 1), with: blank)
    case 2: grid.fill(row: row, columns: 0..<columns, with: blank)
    default: break
    }
  }

  private mutating func clearTabs() {
    switch parser.parameters[0] {
    case 0: state.tabs.set(state.cursor.column, false)
    case 3, 5: state.tabs.clear()
    default: break
    }
  }

  private mutating func setRegion() {
    let top = parser.parameters.countAt(0) &- 1
    let given = Int(parser.parameters[1])
    let bottom = given == 0 ? rows : min(given, rows)
    // A region of one row could not scroll; DEC terminals refuse it.
    guard top &+ 1 < bottom else { return }
    state.region = top..<bottom
    moveTo(row: 0)
    moveTo(column: 0)
  }

  private mutating func setModes(_ isOn: Bool) {
    for index in 0..<parser.parameters.count {
      switch parser.parameters[index] {
      case 4: set(.inserts, isOn)
      case 20: set(.lineFeedReturns, isOn)
      default: break
      }
    }
  }

  private mutating func setPrivateModes(_ isOn: Bool) {
    for index in 0..<parser.parameters.count {
      switch parser.parameters[index] {
      case 1: set(.applicationCursorKeys, isOn)
      case 6:
        state.cursor.isOriginRelative = isOn
        moveTo(row: 0)
        moveTo(column: 0)
      case 7: set(.wraps, isOn)
      case 25: set(.cursorVisible, isOn)
      default: break
      }
    }
  }

  private mutating func set(_ mode: TerminalState.Modes, _ isOn: Bool) {
    if isOn { state.modes.insert(mode) } else { state.modes.remove(mode) }
    if mode == .wraps { state.cursor.isWrapPending = false }
  }

  // MARK: Answers

  /// Says what kind of terminal this is: a VT102, as Linux does. Source: console_codes(4).
  private mutating func identify() { reply("\u{1b}[?6c") }

  /// Says that all is well, or where the cursor is.
  private mutating func report() {
    switch parser.parameters[0] {
    case 5: reply("\u{1b}[0n")
    case 6:
      let top = state.cursor.isOriginRelative ? state.region.lowerBound : 0
      reply("\u{1b}[\(state.cursor.row &- top &+ 1);\(state.cursor.column &+ 1)R")
    default: break
    }
  }

  private mutating func restoreCursor() { state.cursor = state.saved }

  private mutating func reset() {
    bell = Bell()
    state = TerminalState(columns: columns, rows: rows, lineFeedReturns: state.lineFeedReturns)
    for row in 0..<rows { grid.fill(row: row, columns: 0..<columns, with: blank) }
  }

  /// What the bell sounds like: 10 and a frequency, 11 and a time; without a number as it was in the beginning.
  private mutating func setBell() {
    let (number, hasNumber) = (parser.parameters[1], parser.parameters.count > 1)
    switch parser.parameters[0] {
    case 10: bell.hertz = hasNumber ? UInt32(number) : Bell().hertz
    case 11 where hasNumber: bell.milliseconds = Int(number) < Bell.limit ? UInt32(number) : 0
    case 11: bell.milliseconds = Bell().milliseconds
    default: break
    }
  }

  /// Fills the screen with E, which DEC's technicians adjusted the picture with.
  private mutating func showAlignmentPattern() {
    for row in 0..<rows { grid.fill(row: row, columns: 0..<columns, with: Cell("E")) }
    state.region = 0..<rows
    state.cursor.isOriginRelative = false
    moveTo(row: 0)
    moveTo(column: 0)
  }
}
