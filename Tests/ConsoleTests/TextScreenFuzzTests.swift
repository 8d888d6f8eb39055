import TestSupport
import Testing

@testable import Console

@Suite("TextScreen under random input")
struct TextScreenFuzzTests {
  private struct Input {
    var generator: SeededGenerator

    mutating func next(_ count: ClosedRange<Int>) -> [UInt8] {
      let pieces = Int.random(in: count, using: &generator)
      return (0..<pieces).flatMap { _ in piece() }
    }

    /// Text, control characters, control sequences with odd parameters, strings, and bytes of all kinds.
    private mutating func piece() -> [UInt8] {
      switch Int.random(in: 0..<10, using: &generator) {
      case 0...2:
        return Array(
          "abcdefghij漢é─\u{301}".unicodeScalars.randomElement(using: &generator).map { String($0) }?.utf8 ?? "".utf8)
      case 3: return [[0x08], [0x09], [0x0a], [0x0d], [0x0e], [0x0f], [0x18]].randomElement(using: &generator) ?? []
      case 4...6: return sequence()
      case 7: return [0x1b, UInt8.random(in: 0x20...0x7e, using: &generator)]
      case 8: return [0x1b, 0x5d] + Array("0;t".utf8) + (Bool.random(using: &generator) ? [0x07] : [])
      default: return (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
      }
    }

    private mutating func sequence() -> [UInt8] {
      var bytes: [UInt8] = [0x1b, 0x5b]
      if Int.random(in: 0..<5, using: &generator) == 0 { bytes.append(UInt8(ascii: "?")) }
      for index in 0..<Int.random(in: 0...3, using: &generator) {
        if index > 0 { bytes.append(Int.random(in: 0..<8, using: &generator) == 0 ? 0x3a : 0x3b) }
        let number = [
          "", "0", "1", "2", "3", "5", "7", "25", "38", "48", "31", "255", "9999", "65536", "99999999999999999999",
        ]
        bytes += Array((number.randomElement(using: &generator) ?? "").utf8)
      }
      let finals = Array("ABCDEFGHIJKLMPSTXZ@abdefghlmrsu`".utf8)
      bytes.append(finals.randomElement(using: &generator) ?? 0x6d)
      return bytes
    }
  }

  @Test(
    "The display always shows the cells, and the cursor stays on the screen",
    arguments: [[10, 4], [1, 1], [2, 1], [1, 3], [80, 25]])
  func consistent(size: [Int]) {
    var input = Input(generator: SeededGenerator(seed: UInt64(size[0] * 100 + size[1])))
    let screen = TestScreen(columns: size[0], rows: size[1])
    var isCursorShown = true
    for round in 0..<(size[0] > 10 ? 60 : 1000) {
      let bytes = input.next(1...20)
      screen.write(bytes)
      // Whether the cursor is visible is the one thing that cells do not tell: take whichever fits.
      screen.isCursorVisible = isCursorShown
      if !screen.displayAgrees {
        isCursorShown.toggle()
        screen.isCursorVisible = isCursorShown
      }
      guard screen.displayAgrees, (0..<size[0]).contains(screen.cursor[0]), (0..<size[1]).contains(screen.cursor[1])
      else {
        Issue.record("round \(round): \(bytes)")
        return
      }
    }
  }

  @Test("It does not matter where the input is cut")
  func chunks() {
    var input = Input(generator: SeededGenerator(seed: 21))
    for _ in 0..<300 {
      let bytes = input.next(5...60)
      let whole = TestScreen(columns: 12, rows: 5)
      whole.write(bytes)
      let single = TestScreen(columns: 12, rows: 5)
      for byte in bytes { single.write([byte]) }
      guard whole.text == single.text, whole.cursor == single.cursor, whole.display.cells == single.display.cells else {
        Issue.record("\(bytes)")
        return
      }
    }
  }

  /// A terminal that knows text, line feed, carriage return and backspace, and keeps all lines there ever were.
  private struct Model {
    let columns: Int
    let rows: Int
    var lines: [[Character]]
    var row = 0
    var column = 0
    var isWrapPending = false

    init(columns: Int, rows: Int) {
      self.columns = columns
      self.rows = rows
      lines = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    mutating func down() {
      row += 1
      if row == lines.count { lines.append(Array(repeating: " ", count: columns)) }
    }

    mutating func take(_ character: Character) {
      switch character {
      case "\n":
        column = 0
        down()
        isWrapPending = false
      case "\r":
        column = 0
        isWrapPending = false
      case "\u{8}":
        column = max(column - 1, 0)
        isWrapPending = false
      default:
        if isWrapPending {
          column = 0
          down()
        }
        lines[row][column] = character
        isWrapPending = column == columns - 1
        if !isWrapPending { column += 1 }
      }
    }

    var visible: [String] {
      lines.suffix(rows).map { line in
        String(line.reversed().drop { $0 == " " }.reversed())
      }
    }
  }

  @Test("Wrapping and scrolling agree with a model that keeps every line")
  func scrolling() {
    var generator = SeededGenerator(seed: 5)
    let alphabet: [Character] = ["a", "b", "c", "d", "e", " ", "→", "\n", "\r", "\u{8}"]
    for (columns, rows) in [(7, 3), (1, 1), (5, 1), (20, 6)] {
      let screen = TestScreen(columns: columns, rows: rows)
      var model = Model(columns: columns, rows: rows)
      for _ in 0..<400 {
        let text = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
          alphabet.randomElement(using: &generator) ?? "x"
        }
        screen.write(String(text))
        for character in text { model.take(character) }
        guard screen.text == model.visible, screen.displayAgrees,
          screen.cursor == [model.column, model.row - (model.lines.count - rows)]
        else {
          Issue.record("\(columns) by \(rows): \(screen.text) is not \(model.visible)")
          return
        }
      }
    }
  }

  @Test("Scroll regions agree with rows of an array", arguments: [UInt64(1), 2, 3])
  func regions(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var grid = CellGrid(columns: 2, rows: 9)
    var model: [Unicode.Scalar] = Array("abcdefghi".unicodeScalars)
    for (row, scalar) in model.enumerated() { grid[0, row] = Cell(scalar) }
    for step in 0..<2000 {
      let first = Int.random(in: 0..<9, using: &generator)
      let region = first..<Int.random(in: first...9, using: &generator)
      let count = Int.random(in: -11...11, using: &generator)
      let fresh = Unicode.Scalar(UInt8(0x61 + step % 26))
      let distance = min(abs(count), region.count)
      let kept = count > 0 ? Array(model[region].dropFirst(distance)) : Array(model[region].dropLast(distance))
      let added = Array(repeating: fresh, count: distance)
      if count != 0 { model.replaceSubrange(region, with: count > 0 ? kept + added : added + kept) }
      grid.scroll(region, by: count, blank: Cell(fresh))
      guard (0..<9).allSatisfy({ grid[0, $0] == Cell(model[$0]) }) else {
        Issue.record("step \(step): \(region) by \(count)")
        return
      }
    }
  }

  @Test("Shifts within a row agree with an array", arguments: [UInt64(4), 5])
  func shifts(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var grid = CellGrid(columns: 8, rows: 1)
    var model: [Unicode.Scalar] = Array("abcdefgh".unicodeScalars)
    for (column, scalar) in model.enumerated() { grid[column, 0] = Cell(scalar) }
    for step in 0..<2000 {
      let column = Int.random(in: 0..<8, using: &generator)
      let count = Int.random(in: -10...10, using: &generator)
      let fresh = Unicode.Scalar(UInt8(0x61 + step % 26))
      let distance = min(abs(count), 8 - column)
      let added = Array(repeating: fresh, count: distance)
      let rest = Array(model[column...])
      let shifted: [Unicode.Scalar] =
        count > 0 ? added + Array(rest.dropLast(distance)) : Array(rest.dropFirst(distance)) + added
      model.replaceSubrange(column..., with: shifted)
      grid.shift(row: 0, from: column, by: count, blank: Cell(fresh))
      guard (0..<8).allSatisfy({ grid[$0, 0] == Cell(model[$0]) }) else {
        Issue.record("step \(step): from \(column) by \(count)")
        return
      }
    }
  }

  @Test("Places outside the grid are blank and cannot be changed")
  func outside() {
    var grid = CellGrid(columns: 3, rows: 2)
    for (column, row) in [(-1, 0), (3, 0), (0, -1), (0, 2), (.max, .max), (.min, .min)] {
      grid[column, row] = Cell("x")
      #expect(grid[column, row] == Cell(" "))
      grid.shift(row: row, from: column, by: .min, blank: Cell("x"))
      grid.fill(row: row, columns: 5..<9, with: Cell("x"))
    }
    grid.scroll(7..<9, by: .max, blank: Cell("x"))
    for row in 0..<2 { for column in 0..<3 { #expect(grid[column, row] == Cell(" ")) } }
    let sizes = [CellGrid(columns: 0, rows: -3), CellGrid(columns: .max, rows: .max)] as InlineArray<2, CellGrid>
    #expect(sizes[0].columns == 1 && sizes[0].rows == 1)
    #expect(sizes[1].columns == CellGrid.maximumColumns && sizes[1].rows == CellGrid.maximumRows)
  }
}
