import Foundations
import LinuxABI
import Machine
import Terminals
import Testing

@Suite("Line discipline")
struct LineDisciplineTests {
  @Test("A line comes when it is ended, and is echoed as it is typed")
  func line() throws {
    let pair = try Pair()
    try pair.master.write("hel")
    #expect(throws: Errno.EAGAIN) { try pair.slave.read(100) }
    try pair.master.write("lo\rmore")
    #expect(try pair.slave.readText() == "hello\n")
    #expect(try pair.master.readText() == "hello\r\nmore")
    #expect(throws: Errno.EAGAIN) { try pair.slave.read(100) }
  }

  @Test("Editing erases characters, words and lines, in the queue and on the screen")
  func editing() throws {
    let pair = try Pair()
    try pair.master.write("ab\u{7f}c word\u{17}x\n")
    #expect(try pair.slave.readText() == "ac x\n")
    #expect(try pair.master.readText() == "ab\u{8} \u{8}c word" + String(repeating: "\u{8} \u{8}", count: 4) + "x\r\n")
    try pair.master.write("gone\u{15}here\n")
    #expect(try pair.slave.readText() == "here\n")
  }

  @Test("An erased tab goes back to where it began")
  func tabs() throws {
    let pair = try Pair()
    try pair.master.write("a\tb\u{7f}\u{7f}q\n")
    #expect(try pair.slave.readText() == "aq\n")
    #expect(try pair.master.readText() == "a\tb\u{8} \u{8}" + String(repeating: "\u{8}", count: 7) + "q\r\n")
  }

  @Test("With IUTF8 whole characters are erased")
  func utf8() throws {
    let pair = try Pair()
    pair.set { $0.input.insert(.IUTF8) }
    try pair.master.write("aé€\u{7f}\u{7f}b\n")
    #expect(try pair.slave.readText() == "ab\n")
    #expect(try pair.master.readText() == "aé€\u{8} \u{8}\u{8} \u{8}b\r\n")
  }

  @Test("EOF gives what was typed without itself, and alone the end of the file")
  func endOfFile() throws {
    let pair = try Pair()
    try pair.master.write("abc\u{4}\u{4}")
    #expect(try pair.slave.readText(3) == "abc")
    #expect(try pair.slave.readText() == "")
    #expect(throws: Errno.EAGAIN) { try pair.slave.read(1) }
  }

  @Test("A line too long keeps 4096 bytes with its end")
  func limit() throws {
    let pair = try Pair()
    pair.set { $0.local.remove(.ECHO) }
    var typed = [UInt8](repeating: 0x78, count: 5_000)
    typed.append(0x0a)
    #expect(try pair.master.write(typed) == 5_001)
    let line = try pair.slave.read(8_000)
    #expect(line.count == 4_096 && line.last == 0x0a)
  }

  @Test("Output becomes what the modes say")
  func output() throws {
    let pair = try Pair()
    try pair.slave.write("a\tb\nc\r")
    #expect(try pair.master.readText() == "a\tb\r\nc\r")
    pair.set { $0.output = [.OPOST, .XTABS, .OLCUC, .OCRNL] }
    try pair.slave.write("a\tb\nc\r")
    #expect(try pair.master.readText() == "A       B\nC\n")
    pair.set { $0.output = [] }
    try pair.slave.write("a\n")
    #expect(try pair.master.readText() == "a\n")
  }

  @Test("Echo without room is kept until there is some")
  func echoKept() throws {
    let pair = try Pair()
    let filler = [UInt8](repeating: 0x2e, count: 20_000)
    let accepted = try pair.slave.write(filler)
    #expect(accepted < 20_000)
    try pair.master.write("echoed\n")
    var shown: [UInt8] = []
    while let piece = try? pair.master.read(1_000) { shown += piece }
    #expect(shown.count == accepted + 8)
    #expect(String(decoding: shown.suffix(8), as: UTF8.self) == "echoed\r\n")
  }

  @Test("A long line is erased and printed again as a whole, though one character does it")
  func longEcho() throws {
    let pair = try Pair()
    _ = try pair.master.write([UInt8](repeating: 1, count: 1_500))
    #expect(try pair.master.readText(8_000) == String(repeating: "^A", count: 1_500))
    try pair.master.write("\u{15}")
    #expect(try pair.master.readText(20_000) == String(repeating: "\u{8} \u{8}", count: 3_000))
    _ = try pair.master.write([UInt8](repeating: 2, count: 4_000))
    #expect(try pair.master.readText(20_000).utf8.count == 8_000)
    try pair.master.write("\u{12}")
    #expect(try pair.master.readText(20_000) == "^R\r\n" + String(repeating: "^B", count: 4_000))
  }

  @Test("Breaks and errors become what the modes say")
  func errors() throws {
    let pair = try Pair()
    pair.set {
      $0.local = []
      $0.input = [.PARMRK, .INPCK]
    }
    pair.terminal.receive(0, .breakCondition)
    pair.terminal.receive(0x41, .parityError)
    pair.terminal.receive(0xff)
    #expect(try pair.slave.read(100) == [0xff, 0, 0, 0xff, 0, 0x41, 0xff, 0xff])
    pair.set { $0.input = [.INPCK] }
    pair.terminal.receive(0x41, .framingError)
    #expect(try pair.slave.read(100) == [0])
    pair.set { $0.input = [.IGNPAR, .INPCK, .IGNBRK] }
    pair.terminal.receive(0x41, .parityError)
    pair.terminal.receive(0, .breakCondition)
    pair.terminal.receive(0x42)
    #expect(try pair.slave.read(100) == [0x42])
  }
}
