/// Characters and control characters.
extension TextScreen where Display: ~Copyable {
  /// Puts a character at the cursor and moves on.
  mutating func put(_ scalar: Unicode.Scalar) {
    let scalar = state.cursor.characterSet.translate(scalar)
    let width = min(CharacterWidth.columns(scalar), columns)
    // There is no place to keep a mark that combines with a character.
    guard width > 0 else { return }
    wrap(for: width)
    let column = state.cursor.column
    let row = state.cursor.row
    if state.modes.contains(.inserts) { grid.shift(row: row, from: column, by: width, blank: blank) }
    grid[column, row] = Cell(scalar, state.cursor.style)
    if width == 2 { grid[column &+ 1, row] = Cell(" ", state.cursor.style) }
    state.lastPrinted = scalar
    if column &+ width < columns {
      state.cursor.column = column &+ width
    } else {
      state.cursor.column = columns &- 1
      state.cursor.isWrapPending = true
    }
  }

  private mutating func wrap(for width: Int) {
    let hasRoom = state.cursor.column &+ width <= columns
    guard state.cursor.isWrapPending || !hasRoom else { return }
    if state.modes.contains(.wraps) {
      state.cursor.column = 0
      index()
    } else {
      state.cursor.column = columns &- width
    }
    state.cursor.isWrapPending = false
  }

  /// Does what a C0 control character says.
  mutating func control(_ byte: UInt8) {
    switch byte {
    case 0x07: ring()
    case 0x08: moveBy(columns: -1)
    case 0x09: tab(1)
    case 0x0a, 0x0b, 0x0c:
      if state.modes.contains(.lineFeedReturns) { state.cursor.column = 0 }
      index()
      state.cursor.isWrapPending = false
    case 0x0d: moveTo(column: 0)
    case 0x0e: state.cursor.usesSecondSet = true
    case 0x0f: state.cursor.usesSecondSet = false
    default: break
    }
  }

  /// Goes `count` tab stops to the right, or to the left when negative.
  mutating func tab(_ count: Int) {
    var column = state.cursor.column
    for _ in 0..<min(Int(count.magnitude), columns) {
      column = count > 0 ? state.tabs.next(after: column, last: columns &- 1) : state.tabs.previous(before: column)
    }
    moveTo(column: column)
  }

  /// Goes one row down, scrolling at the end of the scroll region.
  mutating func index() {
    if state.cursor.row == state.region.upperBound &- 1 {
      grid.scroll(state.region, by: 1, blank: blank)
    } else if state.cursor.row < rows &- 1 {
      state.cursor.row &+= 1
    }
  }

  /// Goes one row up, scrolling at the beginning of the scroll region.
  mutating func reverseIndex() {
    if state.cursor.row == state.region.lowerBound {
      grid.scroll(state.region, by: -1, blank: blank)
    } else if state.cursor.row > 0 {
      state.cursor.row &-= 1
    }
    state.cursor.isWrapPending = false
  }

  // MARK: Movement

  /// The rows that relative movement stays in: the scroll region, when the cursor is inside it.
  private var rowLimits: Range<Int> { state.region.contains(state.cursor.row) ? state.region : 0..<rows }

  /// Goes to `column` in the same row, as near as the screen has it.
  mutating func moveTo(column: Int) {
    state.cursor.column = max(0, min(column, columns &- 1))
    state.cursor.isWrapPending = false
  }

  /// Goes to `row` in the same column; in origin mode counted from the scroll region and kept inside it.
  mutating func moveTo(row: Int) {
    let limits = state.cursor.isOriginRelative ? state.region : 0..<rows
    state.cursor.row = max(limits.lowerBound, min(limits.lowerBound &+ max(row, 0), limits.upperBound &- 1))
    state.cursor.isWrapPending = false
  }

  /// Goes by `columns` to the right.
  mutating func moveBy(columns count: Int) { moveTo(column: state.cursor.column &+ count) }

  /// Goes by `rows` down without scrolling.
  mutating func moveBy(rows count: Int) {
    let limits = rowLimits
    state.cursor.row = max(limits.lowerBound, min(state.cursor.row &+ count, limits.upperBound &- 1))
    state.cursor.isWrapPending = false
  }
}
