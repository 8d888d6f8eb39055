import Foundations
import TestSupport
import Testing

@testable import Console

@Suite("BootScreen")
struct BootScreenTests {
  private struct Collector: TextSink {
    var bytes: [UInt8] = []
    mutating func write(_ span: Span<UInt8>) { for index in span.indices { bytes.append(span[index]) } }
  }

  private func sample(_ sink: inout some TextSink & ~Copyable) {
    var screen = BootScreen()
    screen.writeHeader(version: "0.1.0", summary: "A kernel", machine: "GRUB · 128 MiB", to: &sink)
    screen.begin(0, "Console", to: &sink)
    screen.end(0, "Console", .done, detail: "serial, framebuffer", nanoseconds: 850, to: &sink)
    screen.end(
      3, "Memory", .done, detail: "62 MiB usable, W^X in 1,204 pages and more than fits", nanoseconds: 1_240_000,
      to: &sink)
    screen.begin(4, "Timers", to: &sink)
    screen.end(4, "Timers", .failed, detail: "the interval timer stopped", nanoseconds: 30_000_000, to: &sink)
    screen.end(7, "APIC", .notYet(part: 3), to: &sink)
    screen.end(13, "A title that is too long here", .done, detail: "no clock", to: &sink)
    screen.writeSummary(done: 3, failed: 1, notYet: 1, nanoseconds: 32_650_000, to: &sink)
  }

  static let expected = [
    "", "         ▄▄▄███▄▄▄", "    ▄▄███▀▀▀ █ ▀▀▀███▄▄     Apus 0.1.0", "  ██▀▀      ███      ▀▀██   A kernel",
    " █▀        ▄█▀█▄        ▀█  GRUB · 128 MiB", "",
    " ✓ 00  Console ············ serial, framebuffer                         850 ns",
    " ✓ 03  Memory ············· 62 MiB usable, W^X in 1,204 pages and mo…  1.24 ms",
    " ✗ 04  Timers ············· the interval timer stopped                 30.0 ms",
    " · 07  APIC ··············· not yet (part 3)", " ✓ 13  A title that is to…  no clock", "",
    " Not ready after 32.6 ms: 3 done, 1 failed, 1 not yet", "", "", "",
  ]

  @Test("The screen looks as designed")
  func layout() {
    let screen = TestScreen(columns: 80, rows: 16)
    write(to: screen)
    #expect(screen.text == Self.expected)
    #expect(screen.cell(1, 6).style.foreground == .palette(2) && screen.cell(1, 8).style.foreground == .palette(1))
    #expect(screen.cell(28, 8).style.foreground == .palette(9) && screen.cell(28, 9).style.foreground == .palette(8))
    #expect(screen.cell(28, 6).style == CellStyle())
  }

  private func write(to screen: TestScreen) {
    var sink = Collector()
    sample(&sink)
    screen.write(sink.bytes)
  }

  @Test("A running step's line gives way to its result, and to anything else")
  func running() {
    var sink = Collector()
    var screen = BootScreen()
    let terminal = TestScreen(columns: 80, rows: 4)
    screen.begin(4, "Timers", to: &sink)
    terminal.write(sink.bytes)
    #expect(terminal.text[0] == "   04  Timers ·············" && screen.isLineOpen && terminal.cursor == [28, 0])
    sink.bytes = []
    screen.interrupt(&sink)
    sink.write("message\n")
    screen.interrupt(&sink)
    screen.end(4, "Timers", .done, detail: "fine", to: &sink)
    terminal.write(sink.bytes)
    #expect(terminal.text == ["message", " ✓ 04  Timers ············· fine", "", ""])
  }

  @Test("No title, detail or time makes a line longer than the screen or leaves colours behind")
  func fuzz() {
    var generator = SeededGenerator(seed: 9)
    let characters = Array("ab ·漢é\u{301}\u{1b}\n\r\u{9b}".unicodeScalars)
    func text() -> Message {
      var message = Message()
      for _ in 0..<Int.random(in: 0...90, using: &generator) {
        message.write(String(Character(characters.randomElement(using: &generator) ?? "x")))
        if Int.random(in: 0..<20, using: &generator) == 0 {
          message.write(byte: UInt8.random(in: 0x80...0xff, using: &generator))
        }
      }
      return message
    }
    for _ in 0..<500 {
      let terminal = TestScreen(columns: 80, rows: 3)
      var sink = Collector()
      var screen = BootScreen()
      let number = UInt8.random(in: 0...255, using: &generator)
      let title = text()
      if Bool.random(using: &generator) { screen.begin(number, title, to: &sink) }
      let results: [BootScreen.Result] = [.done, .failed, .notYet(part: Int.random(in: -9...99, using: &generator))]
      screen.end(
        number, title, results.randomElement(using: &generator) ?? .done, detail: text(),
        nanoseconds: Bool.random(using: &generator) ? .random(in: 0...(.max), using: &generator) : nil, to: &sink)
      sink.write("x")
      terminal.write(sink.bytes)
      guard terminal.cursor == [1, 1], terminal.cell(0, 1) == Cell("x") else {
        Issue.record("\(terminal.text)")
        return
      }
    }
  }

  @Test("Every character of the screen is in the VGA's font or resembles one that is")
  func codePage() {
    let characters = Self.expected.joined().unicodeScalars
    #expect(characters.allSatisfy { CodePage437.byte(for: $0.value) != CodePage437.unknown })
  }

  @Test("The pictures on VGA and on pixels are the ones that were looked at")
  func pictures() throws {
    func checksum(_ bytes: [UInt8]) -> UInt64 {
      // FNV-1a, 64 bits.
      bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
    let text = MemoryModel(byteCount: 4000)
    var vga = TextScreen(on: VGATextDisplay(MemoryView(model: text)))
    sample(&vga)
    #expect(checksum(text.bytes) == 12_584_564_159_453_990_851)
    let layout = FramebufferDisplayTests.layouts[0]
    var wide = layout
    (wide.width, wide.height, wide.pitch) = (656, 290, 2624)
    let memory = MemoryModel(byteCount: wide.pitch * wide.height)
    var pixels = TextScreen(on: try FramebufferDisplay(MemoryView(model: memory), layout: wide))
    sample(&pixels)
    #expect(checksum(memory.bytes) == 13_371_475_599_285_863_372)
  }
}
