import Console
import Foundations

/// A display that remembers the cells that it was told to draw.
final class RecordingDisplay {
  let columns: Int
  let rows: Int
  private(set) var cells: [Cell]
  private(set) var drawn = 0

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    cells = Array(repeating: Cell("?"), count: columns * rows)
  }

  func clear(_ cell: Cell) { cells = Array(repeating: cell, count: columns * rows) }

  func draw(_ span: Span<Cell>, column: Int, row: Int) {
    precondition(row < rows && column + span.count <= columns, "drawn outside the display")
    for index in span.indices { cells[row * columns + column + index] = span[index] }
    drawn += span.count
  }
}

struct RecordingView: TextDisplay {
  let display: RecordingDisplay
  var columns: Int { display.columns }
  var rows: Int { display.rows }
  func clear(_ cell: Cell) { display.clear(cell) }
  func draw(_ cells: Span<Cell>, column: Int, row: Int) { display.draw(cells, column: column, row: row) }
}

/// A terminal on a recording display.
final class TestScreen {
  let display: RecordingDisplay
  private var screen: TextScreen<RecordingView>

  init(columns: Int = 10, rows: Int = 4, lineFeed: TextScreen<RecordingView>.LineFeed = .nextLine) {
    display = RecordingDisplay(columns: columns, rows: rows)
    screen = TextScreen(on: RecordingView(display: display), lineFeed: lineFeed)
  }

  func write(_ text: String) { screen.write(text) }
  func write(_ bytes: [UInt8]) { screen.write(bytes.span) }
  func cell(_ column: Int, _ row: Int) -> Cell { screen[column, row] }
  var cursor: [Int] { [screen.cursorColumn, screen.cursorRow] }

  /// The rows' characters without trailing blanks.
  var text: [String] {
    (0..<display.rows).map { row in
      var line = String.UnicodeScalarView()
      for column in 0..<display.columns { line.append(Unicode.Scalar(screen[column, row].codePoint) ?? "!") }
      while line.last == " " { line.removeLast() }
      return String(line)
    }
  }

  /// Whether the display shows every cell, the one under the cursor inverted.
  var displayAgrees: Bool {
    for row in 0..<display.rows {
      for column in 0..<display.columns {
        let shown = display.cells[row * display.columns + column]
        var style = screen[column, row].style
        if isCursorVisible && cursor == [column, row] { style.attributes.formSymmetricDifference(.reversed) }
        guard let scalar = Unicode.Scalar(screen[column, row].codePoint), shown == Cell(scalar, style) else {
          return false
        }
      }
    }
    return true
  }

  var isCursorVisible = true
}
