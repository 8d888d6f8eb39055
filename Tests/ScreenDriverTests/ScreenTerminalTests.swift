import Console
import Foundations
import Machine
import Testing

@testable import ScreenDriver
@testable import Terminals

/// Remembers when the screen was drawn, by a clock that a test turns.
private final class TestPacer: DrawingPacer {
  var now: UInt64 = 1_000_000_000
  private(set) var requests: [UInt64] = []

  override var nanoseconds: UInt64 { now }
  override func requestDrawing(at time: UInt64) { requests.append(time) }
}

/// Remembers what was to be heard.
private final class TestBell: ScreenBell {
  var heard: [String] = []

  override func ring(hertz: UInt32, milliseconds: UInt32) { heard.append("\(hertz) Hz \(milliseconds) ms") }
  override func sound(period: UInt16, milliseconds: UInt16?) {
    heard.append("period \(period) \(milliseconds.map { "\($0) ms" } ?? "on")")
  }
}

/// What a display was told to draw, as characters.
private final class Picture {
  var rows = Array(repeating: Array(repeating: UInt32(0x20), count: 20), count: 5)

  var text: [String] {
    rows.map { row in
      var line = String.UnicodeScalarView(row.compactMap { Unicode.Scalar($0) })
      while line.last == " " { line.removeLast() }
      return String(line)
    }
  }
}

private struct PictureDisplay: TextDisplay {
  let picture: Picture
  var columns: Int { 20 }
  var rows: Int { 5 }
  func clear(_ cell: Cell) {}
  func draw(_ cells: Span<Cell>, column: Int, row: Int) {
    for index in cells.indices { picture.rows[row][column + index] = cells[index].codePoint }
  }
}

/// A terminal on a screen of 20 by 5.
private final class ScreenSetup {
  let picture = Picture()
  let pacer = TestPacer()
  let bell = TestBell()
  let screen: ScreenTerminal<PictureDisplay>
  let terminal: Terminal
  let handle: TerminalHandle

  init(isPaced: Bool = false) throws {
    screen = ScreenTerminal(TextScreen(on: PictureDisplay(picture: picture)))
    terminal = try Terminal(
      screen, major: 4, minor: 1, modes: screen.initialModes, jobControl: TerminalJobControl())
    screen.attach(terminal, pacer: isPaced ? pacer : nil, bell: bell)
    handle = try terminal.open(controlling: false)
  }

  func write(_ text: String) throws {
    let bytes = Array(text.utf8)
    _ = try IOBuffer.withBuffer(draining: bytes.span) { buffer throws(Errno) in
      try handle.write(&buffer, nonBlocking: true)
    }
  }

  func read() -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    var span = bytes.mutableSpan
    let moved = try? IOBuffer.withBuffer(filling: &span) { buffer throws(Errno) in
      try handle.read(&buffer, nonBlocking: true)
    }
    return String(decoding: bytes[..<(moved ?? 0)], as: UTF8.self)
  }

  func setRaw() {
    var modes = terminal.modes
    (modes.local, modes.input) = ([], [])
    terminal.setModes(modes)
  }
}

@Suite("ScreenTerminal")
struct ScreenTerminalTests {
  @Test("What programs write is on the screen, and the window is as large")
  func output() throws {
    let setup = try ScreenSetup()
    #expect(setup.terminal.size == WindowSize(rows: 5, columns: 20))
    try setup.write("hello\nworld\u{1b}[1;3Hx")
    #expect(setup.picture.text == ["hexlo", "world", "", "", ""])
  }

  @Test("In raw output a line feed goes straight down, while the kernel's own text returns")
  func lineFeeds() throws {
    let setup = try ScreenSetup()
    var modes = setup.terminal.modes
    modes.output = []
    setup.terminal.setModes(modes)
    try setup.write("ab\ncd\r\n")
    setup.screen.write(Array("k1\nk2\n".utf8).span)
    #expect(setup.picture.text == ["ab", "  cd", "k1", "k2", ""])
  }

  @Test("The kernel's text begins on a line of its own, in its own style, and ends no sequence of a program")
  func kernelText() throws {
    let setup = try ScreenSetup()
    try setup.write("prompt> \u{1b}[3")
    setup.screen.write(Array("alarm\n".utf8).span)
    try setup.write("Cx")
    #expect(setup.picture.text == ["prompt>", "alarm", "   x", "", ""])
  }

  @Test(
    "Programs get answers as if they had been typed",
    arguments: [
      ("\u{1b}[5n", "\u{1b}[0n"), ("\u{1b}[3;4H\u{1b}[6n", "\u{1b}[3;4R"), ("\u{1b}[c", "\u{1b}[?6c"),
      ("\u{1b}Z", "\u{1b}[?6c"), ("\u{1b}[2;4r\u{1b}[?6h\u{1b}[2;2H\u{1b}[6n", "\u{1b}[2;2R"), ("\u{1b}[>c", ""),
    ])
  func replies(question: String, answer: String) throws {
    let setup = try ScreenSetup()
    setup.setRaw()
    try setup.write(question)
    #expect(setup.read() == answer)
    // The kernel's text asks nothing.
    setup.screen.write(Array(question.utf8).span)
    #expect(setup.read() == "")
  }

  @Test("BEL rings once for a piece of output, as the terminal was told that its bell sounds, and shows nothing")
  func bell() throws {
    let setup = try ScreenSetup()
    try setup.write("a\u{7}b\u{7}\u{7}c")
    #expect(setup.bell.heard == ["750 Hz 125 ms"] && setup.picture.text[0] == "abc")
    try setup.write("d")
    try setup.write("\u{1b}[10;440]\u{1b}[11;300]\u{7}")
    try setup.write("\u{1b}[11;2000]\u{7}")
    try setup.write("\u{1b}[10]\u{1b}[11]\u{7}")
    try setup.write("\u{1b}[10;99]\u{1b}c\u{7}")
    #expect(setup.bell.heard == ["750 Hz 125 ms", "440 Hz 300 ms", "440 Hz 0 ms", "750 Hz 125 ms", "750 Hz 125 ms"])
    // The end of a title is no bell, and neither is the kernel's.
    setup.bell.heard = []
    try setup.write("\u{1b}]0;title\u{7}")
    setup.screen.write(Array("alarm\u{7}\n".utf8).span)
    try setup.write("x")
    #expect(setup.bell.heard == [])
    // Echo is output as any other.
    setup.setRaw()
    var modes = setup.terminal.modes
    modes.local = [.ECHO]
    setup.terminal.setModes(modes)
    setup.terminal.receive([7].span)
    #expect(setup.bell.heard == ["750 Hz 125 ms"])
  }

  @Test("KIOCSOUND and KDMKTONE order tones by their period, which may be nothing that can be heard")
  func tones() throws {
    let setup = try ScreenSetup()
    for (request, argument) in [
      (0x4b2f, 1_193), (0x4b2f, 0), (0x4b2f, 0x1_0000), (0x4b2f, .max), (0x4b30, 250 << 16 | 2_711),
      (0x4b30, 0xffff_ffff_0000_0000 | 5),
    ] as [(UInt32, UInt64)] {
      #expect(try setup.screen.control(request, argument) == 0)
    }
    #expect(
      setup.bell.heard == [
        "period 1193 on", "period 0 on", "period 0 on", "period 0 on", "period 2711 250 ms", "period 5 0 ms",
      ])
  }

  @Test("What is typed is echoed")
  func echo() throws {
    let setup = try ScreenSetup()
    setup.terminal.receive(Array("ls\u{7f}x\r".utf8).span)
    #expect(setup.picture.text[0] == "lx")
    #expect(setup.read() == "lx\n")
  }

  @Test("A flood is drawn sixty times a second, and its end in any case")
  func pacing() throws {
    let setup = try ScreenSetup(isPaced: true)
    try setup.write("1\n")
    #expect(setup.picture.text[0] == "1")
    try setup.write("2\n")
    try setup.write("3\n")
    #expect(setup.picture.text == ["1", "", "", "", ""])
    #expect(setup.pacer.requests == [setup.pacer.now + 16_000_000])
    setup.pacer.now += 16_000_000
    setup.screen.drawPending()
    #expect(setup.picture.text == ["1", "2", "3", "", ""])
    setup.pacer.now += 20_000_000
    try setup.write("4")
    #expect(setup.picture.text[3] == "4")
    #expect(setup.pacer.requests.count == 1)
  }

  @Test("What has left the screen can be looked at until something is written")
  func history() throws {
    let setup = try ScreenSetup()
    try setup.write((1...9).map { "\($0)\n" }.joined())
    #expect(setup.picture.text == ["6", "7", "8", "9", ""])
    setup.screen.lookBack(.up)
    #expect(setup.picture.text == ["4", "5", "6", "7", "8"])
    for _ in 0..<10 { setup.screen.lookBack(.up) }
    #expect(setup.picture.text == ["1", "2", "3", "4", "5"])
    setup.screen.lookBack(.down)
    #expect(setup.picture.text == ["3", "4", "5", "6", "7"])
    try setup.write("x")
    #expect(setup.picture.text == ["6", "7", "8", "9", "x"])
  }

  @Test("Modes that keys depend on are known")
  func keyModes() throws {
    let setup = try ScreenSetup()
    #expect(setup.screen.keyModes == ScreenKeyModes(hasApplicationCursorKeys: false, hasApplicationKeypad: false))
    try setup.write("\u{1b}[?1h\u{1b}=")
    setup.screen.write(Array("message".utf8).span)
    #expect(setup.screen.keyModes == ScreenKeyModes(hasApplicationCursorKeys: true, hasApplicationKeypad: true))
    try setup.write("\u{1b}c")
    #expect(setup.screen.keyModes == ScreenKeyModes(hasApplicationCursorKeys: false, hasApplicationKeypad: false))
  }
}
