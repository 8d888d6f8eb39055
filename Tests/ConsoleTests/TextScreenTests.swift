import Testing

@testable import Console

@Suite("TextScreen")
struct TextScreenTests {
  private func shown(_ input: String, columns: Int = 10, rows: Int = 4) -> [String] {
    let screen = TestScreen(columns: columns, rows: rows)
    screen.write(input)
    #expect(screen.displayAgrees, "the display differs after \(input.debugDescription)")
    return screen.text
  }

  @Test(
    "Sequences do what a VT100 does",
    arguments: [
      // Text, wrapping that waits for the next character, scrolling.
      ("hello", ["hello", "", "", ""]),
      ("0123456789", ["0123456789", "", "", ""]),
      ("0123456789\nx", ["0123456789", "x", "", ""]),
      ("0123456789x", ["0123456789", "x", "", ""]),
      ("0123456789\u{8}x", ["01234567x9", "", "", ""]),
      ("\u{1b}[?7l0123456789xy", ["012345678y", "", "", ""]),
      ("a\nb\nc\nd\ne", ["b", "c", "d", "e"]),
      ("a\rb", ["b", "", "", ""]),
      // Movement, clamped to the screen.
      ("\u{1b}[2;3Hx\u{1b}[Ay\u{1b}[99;99Hz", ["   y", "  x", "", "         z"]),
      ("\u{1b}[3Cx\u{1b}[4Dy\u{1b}[2Bz\u{1b}[9Aw", ["y wx", "", " z", ""]),
      ("\u{1b}[3dx\u{1b}[5Gy\u{1b}[Fz\u{1b}[2Ew", ["", "z", "x   y", "w"]),
      // Tabs.
      ("\tx", ["        x", "", "", ""]),
      ("\u{1b}[3g\u{1b}[4G\u{1b}H\r\tx\ty", ["   x     y", "", "", ""]),
      ("\u{1b}[9Gx\u{1b}[Zy", ["        y", "", "", ""]),
      // Erasing.
      ("abcdef\u{1b}[3D\u{1b}[K", ["abc", "", "", ""]),
      ("abcdef\u{1b}[3D\u{1b}[1K", ["    ef", "", "", ""]),
      ("abcdef\u{1b}[2K", ["", "", "", ""]),
      ("ab\ncd\nef\u{1b}[2;1H\u{1b}[J", ["ab", "", "", ""]),
      ("ab\ncd\nef\u{1b}[2;1H\u{1b}[1J", ["", " d", "ef", ""]),
      ("ab\ncd\u{1b}[2Jx", ["", "  x", "", ""]),
      ("abcdef\u{1b}[2G\u{1b}[2X", ["a  def", "", "", ""]),
      // Inserting and deleting.
      ("abcdef\u{1b}[2G\u{1b}[2@", ["a  bcdef", "", "", ""]),
      ("abcdef\u{1b}[2G\u{1b}[2P", ["adef", "", "", ""]),
      ("abcdef\u{1b}[2G\u{1b}[99P", ["a", "", "", ""]),
      ("abcdef\u{1b}[2G\u{1b}[4hxy\u{1b}[4lz", ["axyzcdef", "", "", ""]),
      ("a\nb\nc\nd\u{1b}[2H\u{1b}[L", ["a", "", "b", "c"]),
      ("a\nb\nc\nd\u{1b}[2H\u{1b}[2M", ["a", "d", "", ""]),
      ("a\nb\nc\nd\u{1b}[S", ["b", "c", "d", ""]),
      ("a\nb\nc\nd\u{1b}[2T", ["", "", "a", "b"]),
      // Scroll region, reverse index, origin mode.
      ("a\nb\nc\nd\u{1b}[2;3r\u{1b}[3H\nx", ["a", "c", "x", "d"]),
      ("a\nb\nc\nd\u{1b}[2;3r\u{1b}[2H\u{1b}Mx", ["a", "x", "b", "d"]),
      ("\u{1b}[2;3r\u{1b}[?6hx\u{1b}[9;9Hy", ["", "x", "        y", ""]),
      ("\u{1b}[3;2rx", ["x", "", "", ""]),
      // Saving and restoring; reset; alignment.
      ("ab\u{1b}7cd\u{1b}[3Hx\u{1b}8y", ["abyd", "", "x", ""]),
      ("ab\u{1b}[scd\u{1b}[uy", ["abyd", "", "", ""]),
      ("ab\u{1b}[2;3r\u{1b}cx", ["x", "", "", ""]),
      // The font of code page 437; what an echoed function key sends.
      ("\u{1b}[11mq\u{1b}[10mq", ["qq", "", "", ""]),
      ("a\u{1b}[[Ab\u{1b}[[11x", ["ab1x", "", "", ""]),
      ("\u{e}q\u{f}q", ["─q", "", "", ""]),
      ("\u{1b}[?2004hx\u{1b}[?1049h\u{1b}[?12;25hy\u{1b}[>4;2mz", ["xyz", "", "", ""]),
      ("\u{1b}]0;title\u{7}x\u{1b}]2;title\u{1b}\\y", ["xy", "", "", ""]),
      ("\u{1b}#8", ["EEEEEEEEEE", "EEEEEEEEEE", "EEEEEEEEEE", "EEEEEEEEEE"]),
      // Repeating; line drawing by G0 and G1.
      ("ab\u{1b}[3b", ["abbbb", "", "", ""]),
      ("\u{1b}(0lqk\u{1b}(Blqk", ["┌─┐lqk", "", "", ""]),
      ("\u{1b})0x\u{e}x\u{f}x", ["x│x", "", "", ""]),
      // Characters of no and of two columns.
      ("e\u{301}x漢y", ["ex漢 y", "", "", ""]),
      ("123456789漢", ["123456789", "漢", "", ""]),
      ("äöü→█🙂x", ["äöü→█🙂 x", "", "", ""]),
      // What is not known, is broken off or is inside a string shows nothing.
      ("a\u{1b}]0;title\u{7}b\u{1b}]2;title\u{1b}\\c", ["abc", "", "", ""]),
      ("a\u{1b}P1$r0m\u{1b}\\b\u{1b}_x\u{1b}\\c\u{1b}^y\u{1b}\\d", ["abcd", "", "", ""]),
      ("a\u{1b}]Rb\u{1b}]P1234567c", ["abc", "", "", ""]),
      ("a\u{1b}[12\u{18}b\u{1b}[1\u{1a}c\u{1b}[1\u{1b}[2Gd", ["adc", "", "", ""]),
      ("a\u{1b}[1;2 qb\u{1b}[>cc\u{1b}[!pd\u{1b}[1?he", ["abcde", "", "", ""]),
      ("a\u{1b}[\nmb\u{1b}%Gc\u{1b}( !d", ["a", "bc", "", ""]),
      ("a\u{85}\u{9b}31mb\u{7f}c", ["a31mbc", "", "", ""]),
      ("a\u{1b}éb", ["aéb", "", "", ""]),
    ])
  func sequences(input: String, expected: [String]) {
    #expect(shown(input) == expected)
  }

  @Test("A line feed alone goes down when a terminal driver stands before the screen")
  func lineFeedDown() {
    let screen = TestScreen(lineFeed: .down)
    screen.write("ab\ncd\r\nef\u{1b}[20h\nx")
    #expect(screen.text == ["ab", "  cd", "ef", "x"])
  }

  @Test("Malformed UTF-8 shows U+FFFD, and a character may come in pieces")
  func malformed() {
    let screen = TestScreen()
    screen.write([0x61, 0xe2, 0x82])
    screen.write([0xac, 0xff, 0xe2, 0x1b, 0x5b, 0x43, 0x78])
    #expect(screen.text[0] == "a€\u{fffd}\u{fffd} x")
  }

  @Test(
    "SGR gives the style",
    arguments: [
      ("1;2;4;7;8", CellStyle(attributes: [.bold, .dim, .underlined, .reversed, .concealed])),
      ("1;4;22;24", CellStyle()), ("31;44", CellStyle(foreground: .palette(1), background: .palette(4))),
      ("95;106", CellStyle(foreground: .palette(13), background: .palette(14))), ("31;44;39;49", CellStyle()),
      ("31;0", CellStyle()), ("31;", CellStyle()),
      ("38;5;200;1", CellStyle(foreground: .palette(200), attributes: .bold)),
      ("48;2;1;2;3;1", CellStyle(background: .rgb(1, 2, 3), attributes: .bold)),
      ("38:5:200;1", CellStyle(foreground: .palette(200), attributes: .bold)),
      ("38:2:1:2:3;1", CellStyle(foreground: .rgb(1, 2, 3), attributes: .bold)),
      ("38:2::1:2:3;1", CellStyle(foreground: .rgb(1, 2, 3), attributes: .bold)),
      ("58;5;31;1", CellStyle(attributes: .bold)), ("58:2::31:32:33;1", CellStyle(attributes: .bold)),
      ("4:3", CellStyle(attributes: .underlined)), ("4;4:0", CellStyle()), ("38;5;256", CellStyle()),
      ("38;5", CellStyle(foreground: .palette(0))), ("38", CellStyle()),
      ("38;2;1", CellStyle(foreground: .rgb(1, 0, 0))),
      ("31;999;99999999999999999999;1", CellStyle(foreground: .palette(1), attributes: .bold)),
    ])
  func styles(sequence: String, expected: CellStyle) {
    let screen = TestScreen()
    screen.write("\u{1b}[\(sequence)mx")
    #expect(screen.cell(0, 0) == Cell("x", expected))
  }

  @Test("Parameters beyond the thirty-second are ignored and do not change the last")
  func tooManyParameters() {
    let screen = TestScreen()
    screen.write("\u{1b}[" + String(repeating: "0;", count: 31) + "1;31;32mx")
    #expect(screen.cell(0, 0) == Cell("x", CellStyle(attributes: .bold)))
  }

  @Test("Erasing and scrolling leave the current background")
  func backgroundErase() {
    let screen = TestScreen(columns: 2, rows: 2)
    let blue = Cell(" ", CellStyle(background: .palette(4)))
    screen.write("\u{1b}[44;1;31m\u{1b}[J")
    #expect(screen.cell(1, 1) == blue)
    screen.write("\u{1b}[42m\u{1b}[2H\n")
    #expect(screen.cell(0, 0) == blue && screen.cell(0, 1) == Cell(" ", CellStyle(background: .palette(2))))
  }

  @Test("The cursor inverts its cell, moves without a trace, and can be hidden")
  func cursor() {
    let screen = TestScreen(columns: 4, rows: 2)
    screen.write("ab")
    #expect(screen.displayAgrees)
    #expect(screen.display.cells[2] == Cell(" ", CellStyle(attributes: .reversed)))
    screen.write("\u{1b}[H")
    #expect(screen.displayAgrees)
    screen.isCursorVisible = false
    screen.write("\u{1b}[?25l")
    #expect(screen.displayAgrees)
  }

  @Test("Only what changed is drawn")
  func drawsLittle() {
    let screen = TestScreen(columns: 80, rows: 25)
    screen.write(String(repeating: "same line\n", count: 24))
    let before = screen.display.drawn
    // Every row looks as before but the last two.
    screen.write("same line\n")
    #expect(screen.display.drawn - before <= 12)
  }

  @Test("A string that nobody ends is given up")
  func endlessString() {
    let screen = TestScreen(columns: 80)
    screen.write("\u{1b}]0;" + String(repeating: "x", count: EscapeParser.maximumStringLength) + "seen")
    #expect(screen.text[0].hasSuffix("seen"))
    #expect(screen.text[0].count < 10)
  }
}
