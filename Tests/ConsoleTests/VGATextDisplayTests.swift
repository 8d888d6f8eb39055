import Foundations
import Testing

@testable import Console

@Suite("VGATextDisplay")
struct VGATextDisplayTests {
  /// The upper half of code page 437 in order, with 0xFF left out.
  private static let upperHalf =
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■"
  private static let pictures = "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"

  @Test("Every character of code page 437 has its byte")
  func codePage() {
    for byte in UInt8(0x20)..<0x7f { #expect(CodePage437.byte(for: UInt32(byte)) == byte) }
    #expect(Self.upperHalf.unicodeScalars.count == 127)
    for (index, scalar) in Self.upperHalf.unicodeScalars.enumerated() {
      #expect(CodePage437.byte(for: scalar.value) == UInt8(0x80 + index), "\(scalar)")
    }
    for (index, scalar) in Self.pictures.unicodeScalars.enumerated() {
      #expect(CodePage437.byte(for: scalar.value) == UInt8(1 + index), "\(scalar)")
    }
    #expect(CodePage437.byte(for: 0x2302) == 0x7f && CodePage437.byte(for: 0xa0) == 0xff)
  }

  @Test(
    "Others look alike, and what looks like nothing is a square",
    arguments: [
      ("ÀÝŁœ", "AYLo"), ("━┃┏╭╱┄", "═║╔┌/─"), ("✓✗…–“”", "√x.-\"\""), ("▁▅▔▖", "_█▀▄"), ("⠀⣿⣤⠛", " █▄▀"),
      ("漢\u{301}\u{10fffd}", "■■■"), ("\u{0}\u{9b}", "■■"),
    ])
  func similar(characters: String, expected: String) {
    #expect(characters.unicodeScalars.count == expected.unicodeScalars.count)
    for (character, like) in zip(characters.unicodeScalars, expected.unicodeScalars) {
      #expect(CodePage437.byte(for: character.value) == CodePage437.byte(for: like.value), "\(character)")
    }
  }

  @Test("No code point traps")
  func allCodePoints() {
    for codePoint in UInt32(0)...0x1_0000 where CodePage437.byte(for: codePoint) < 0x20 {
      // Bytes below 0x20 are pictures, which only their own characters may give.
      guard codePoint > 0x20 else {
        Issue.record("\(codePoint)")
        return
      }
    }
  }

  @Test(
    "Attributes have the VGA's order of colours",
    arguments: [
      ("", 0x07), ("1", 0x0f), ("2", 0x08), ("31", 0x04), ("34", 0x01), ("33;44", 0x16), ("91", 0x0c), ("94;106", 0x39),
      ("7", 0x70), ("1;7", 0x70), ("31;42;7", 0x42), ("31;41", 0x43), ("8", 0x00), ("38;5;203", 0x0c),
      ("38;2;0;0;170", 0x01),
      ("48;2;0;170;0", 0x27), ("38;5;240", 0x08),
    ])
  func attributes(sequence: String, expected: UInt8) {
    let memory = MemoryModel(byteCount: 4000)
    var screen = TextScreen(on: VGATextDisplay(MemoryView(model: memory)))
    screen.write("\u{1b}[?25l\u{1b}[\(sequence)mA")
    #expect(memory.bytes[0] == 0x41)
    #expect(memory.bytes[1] == expected, "0x\(String(memory.bytes[1], radix: 16))")
  }

  @Test("Text stands where it should, the rest is blank, and nothing is stored outside")
  func places() {
    let memory = MemoryModel(byteCount: 4000, filledWith: 0xaa)
    var screen = TextScreen(on: VGATextDisplay(MemoryView(model: memory)))
    screen.write("\u{1b}[?25l\u{1b}[25;79HXY")
    #expect(Array(memory.bytes[3996...]) == [0x58, 0x07, 0x59, 0x07])
    #expect(stride(from: 0, to: 3996, by: 2).allSatisfy { memory.bytes[$0] == 0x20 && memory.bytes[$0 + 1] == 0x07 })
    screen.write("\nZ")
    #expect(Array(memory.bytes[3836..<3840]) == [0x58, 0x07, 0x59, 0x07] && memory.bytes[3840] == 0x5a)
    #expect(memory.strayAccesses == 0)
  }

  @Test("Memory that is too small loses what is outside and nothing else")
  func smallMemory() {
    let memory = MemoryModel(byteCount: 100)
    var screen = TextScreen(on: VGATextDisplay(MemoryView(model: memory)))
    screen.write("\u{1b}[25;80HX\u{1b}[Habc")
    #expect(memory.bytes[0] == 0x61 && memory.bytes.count == 100)
  }

  @Test("Hiding the VGA's cursor sets one bit of its start register")
  func cursor() {
    let ports = ControllerPorts()
    VGACursor.hide(ports)
    #expect(ports.registers[0x0a] == 0x2d)
  }

  /// The CRT controller's two ports.
  private final class ControllerPorts: ByteRegisterSpace {
    var index: UInt8 = 0
    var registers: [UInt8: UInt8] = [0x0a: 0x0d]

    func read8(at offset: Int) -> UInt8 { offset == 1 ? registers[index] ?? 0xff : index }
    func write8(_ value: UInt8, at offset: Int) {
      if offset == 1 { registers[index] = value } else { index = value }
    }
  }
}
