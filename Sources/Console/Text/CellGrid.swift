/// The characters of a screen and what a display shows of them.
///
/// Changing cells is cheap; `flush` draws only positions that differ from what was drawn before. So that a scroll costs no
/// copying, and many scrolls between two flushes draw once. The arrays are made once and never change their size.
struct CellGrid: ~Copyable {
  let columns: Int
  let rows: Int
  private var cells: [Cell]
  private var shown: [Cell]
  /// Where each row begins in `cells`: scrolling exchanges these instead of cells.
  private var starts: [Int]
  private var isChanged: [Bool]
  /// Rows that have left the screen at its top, a ring.
  private var history: [Cell] = []
  private var historyCapacity = 0
  private var historyCount = 0
  private var historyEnd = 0
  /// How many rows of the history are shown above the screen's own, which are shown so much lower.
  private(set) var viewOffset = 0

  /// The largest grid: beyond it a display is not used wholly.
  static let maximumColumns = 1024
  static let maximumRows = 512

  /// A grid of blanks of which nothing is drawn yet.
  init(columns: Int, rows: Int) {
    self.columns = max(1, min(columns, Self.maximumColumns))
    self.rows = max(1, min(rows, Self.maximumRows))
    cells = [Cell](repeating: Cell(" "), count: self.columns &* self.rows)
    shown = [Cell](repeating: .unknown, count: self.columns &* self.rows)
    starts = [Int](repeating: 0, count: self.rows)
    for row in 0..<self.rows { starts[row] = row &* self.columns }
    isChanged = [Bool](repeating: true, count: self.rows)
  }

  private func contains(_ column: Int, _ row: Int) -> Bool {
    column >= 0 && column < columns && row >= 0 && row < rows
  }

  /// The cell at a place; a blank outside.
  subscript(column: Int, row: Int) -> Cell {
    get { contains(column, row) ? cells[starts[row] &+ column] : Cell(" ") }
    set {
      guard contains(column, row) else { return }
      cells[starts[row] &+ column] = newValue
      isChanged[row] = true
    }
  }

  /// Makes the part of `range` that is in `row` equal `cell`.
  mutating func fill(row: Int, columns range: Range<Int>, with cell: Cell) {
    guard row >= 0 && row < rows else { return }
    let part = range.clamped(to: 0..<columns)
    for column in part { cells[starts[row] &+ column] = cell }
    isChanged[row] = true
  }

  /// Moves the cells of `row` from `column` on by `count` to the right, or left when negative; blanks fill what is left.
  mutating func shift(row: Int, from column: Int, by count: Int, blank: Cell) {
    guard contains(column, row), count != 0 else { return }
    let width = columns &- column
    let distance = min(Int(count.magnitude), width)
    let start = starts[row] &+ column
    if count > 0 {
      var place = width &- 1
      while place >= distance {
        cells[start &+ place] = cells[start &+ place &- distance]
        place &-= 1
      }
      fill(row: row, columns: column..<(column &+ distance), with: blank)
    } else {
      for place in 0..<(width &- distance) { cells[start &+ place] = cells[start &+ place &+ distance] }
      fill(row: row, columns: (columns &- distance)..<columns, with: blank)
    }
  }

  /// Moves the rows of `region` by `count` up, or down when negative; blank rows fill what is left.
  mutating func scroll(_ region: Range<Int>, by count: Int, blank: Cell) {
    let region = region.clamped(to: 0..<rows)
    let distance = min(Int(count.magnitude), region.count)
    guard distance > 0 else { return }
    let isUp = count > 0
    // Three reversals rotate the row starts in place.
    reverse(region)
    let seam = isUp ? region.upperBound &- distance : region.lowerBound &+ distance
    reverse(region.lowerBound..<seam)
    reverse(seam..<region.upperBound)
    for row in region { isChanged[row] = true }
    let freed = isUp ? seam..<region.upperBound : region.lowerBound..<seam
    if isUp && region.count == rows && historyCapacity > 0 { for row in freed { remember(row) } }
    for row in freed { fill(row: row, columns: 0..<columns, with: blank) }
  }

  private mutating func reverse(_ range: Range<Int>) {
    var first = range.lowerBound
    var last = range.upperBound &- 1
    while first < last {
      starts.swapAt(first, last)
      first &+= 1
      last &-= 1
    }
  }

  /// States that the display shows `cell` everywhere, so that the next flush draws what differs from it.
  mutating func assumeShown(_ cell: Cell) {
    for index in shown.indices { shown[index] = cell }
    for row in 0..<rows { isChanged[row] = true }
  }

  // MARK: History

  /// Makes room for `count` rows that leave the screen at its top.
  mutating func keepHistory(rows count: Int) {
    guard count > 0, historyCapacity == 0 else { return }
    history = [Cell](repeating: Cell(" "), count: count &* columns)
    historyCapacity = count
  }

  private mutating func remember(_ row: Int) {
    let place = historyEnd &* columns
    for column in 0..<columns { history[place &+ column] = cells[starts[row] &+ column] }
    historyEnd = historyEnd &+ 1 == historyCapacity ? 0 : historyEnd &+ 1
    historyCount = min(historyCount &+ 1, historyCapacity)
  }

  /// Shows `count` rows of the history above the others, as far as there are.
  mutating func look(back count: Int) {
    let offset = max(0, min(count, historyCount))
    guard offset != viewOffset else { return }
    viewOffset = offset
    for row in 0..<rows { isChanged[row] = true }
  }

  // MARK: Drawing

  /// Draws what changed in `drawn` since the last flush, with the cell at `cursor` inverted.
  mutating func flush(
    to display: borrowing some TextDisplay & ~Copyable, cursor: (column: Int, row: Int)?, rows drawn: Range<Int>
  ) {
    var plain: Cell?
    if viewOffset == 0, let cursor, contains(cursor.column, cursor.row) {
      plain = self[cursor.column, cursor.row]
      self[cursor.column, cursor.row] = self[cursor.column, cursor.row].inverted
    }
    for row in drawn.clamped(to: 0..<rows) where isChanged[row] { flush(row: row, to: display) }
    if let cursor, let plain {
      // The row stays marked: where the cursor stood must be drawn again when it has moved.
      self[cursor.column, cursor.row] = plain
    }
  }

  private mutating func flush(row: Int, to display: borrowing some TextDisplay & ~Copyable) {
    isChanged[row] = false
    let shownStart = row &* columns
    guard row >= viewOffset else {
      let place = historyEnd &- viewOffset &+ row
      let start = (place < 0 ? place &+ historyCapacity : place) &* columns
      let changed = drawDifferences(history.span.extracting(start..<(start &+ columns)), row: row, on: display)
      for column in changed { shown[shownStart &+ column] = history[start &+ column] }
      return
    }
    let start = starts[row &- viewOffset]
    let changed = drawDifferences(cells.span.extracting(start..<(start &+ columns)), row: row, on: display)
    for column in changed { shown[shownStart &+ column] = cells[start &+ column] }
  }

  /// Draws the cells of `row` that do not look as `wanted` says.
  ///
  /// - Returns: the columns from the first to the last of them.
  private func drawDifferences(
    _ wanted: Span<Cell>, row: Int, on display: borrowing some TextDisplay & ~Copyable
  ) -> Range<Int> {
    let shownStart = row &* columns
    let seen = shown.span.extracting(shownStart..<(shownStart &+ columns))
    var changed = columns..<columns
    while let run = Self.firstDifference(wanted, seen, from: changed.isEmpty ? 0 : changed.upperBound) {
      display.draw(wanted.extracting(run), column: run.lowerBound, row: row)
      changed = min(run.lowerBound, changed.lowerBound)..<run.upperBound
    }
    return changed
  }

  /// The first run of cells at `start` or behind it that differ; nil when there is none.
  private static func firstDifference(_ wanted: Span<Cell>, _ seen: Span<Cell>, from start: Int) -> Range<Int>? {
    var first = start
    while first < wanted.count, wanted[first] == seen[first] { first &+= 1 }
    guard first < wanted.count else { return nil }
    var end = first
    while end < wanted.count, wanted[end] != seen[end] { end &+= 1 }
    return first..<end
  }
}
