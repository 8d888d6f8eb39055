import Foundations

/// The text screen of a VGA: 80 by 25 cells of 16 bits, character and attribute, from offset 0 of its memory at 0xB8000.
///
/// Colours are the nearest of 16 in front and 8 behind; characters those of code page 437. Source: IBM VGA technical reference,
/// text modes.
public struct VGATextDisplay<Memory: DisplayMemory & ~Copyable>: ~Copyable, TextDisplay {
  private let memory: Memory
  private let palette = Palette.vga

  /// The screen in `memory`, which should hold 4,000 bytes.
  public init(_ memory: consuming Memory) { self.memory = memory }

  /// 80.
  public var columns: Int { 80 }
  /// 25.
  public var rows: Int { 25 }

  /// Fills the screen.
  public borrowing func clear(_ cell: Cell) {
    memory.fill16(encode(cell), at: 0, count: columns * rows)
  }

  /// Draws `cells`.
  public borrowing func draw(_ cells: Span<Cell>, column: Int, row: Int) {
    guard row >= 0 && row < rows && column >= 0 && column < columns else { return }
    let count = min(cells.count, columns - column)
    for index in 0..<count { memory.store16(encode(cells[index]), at: 2 &* (row &* columns &+ column &+ index)) }
  }

  /// Character in the low byte, attribute in the high one.
  private func encode(_ cell: Cell) -> UInt16 {
    UInt16(CodePage437.byte(for: cell.codePoint)) | UInt16(attribute(cell.style)) << 8
  }

  /// Foreground in bits 0...3, background in 4...6; bit 7 would make the character blink.
  private func attribute(_ style: CellStyle) -> UInt8 {
    var text = palette.nearestBasic(style.foreground, standard: 7)
    var behind = palette.nearestBasic(style.background, standard: 0)
    // What the font cannot show has a colour instead, as on Linux.
    if style.attributes.contains(.underlined) && style.foreground == .standard { text = 6 }
    if style.attributes.contains(.dim) { text = 8 }
    if style.attributes.contains(.bold) { text |= 8 }
    if style.attributes.contains(.reversed) { (text, behind) = (behind, text) }
    behind &= 7
    if style.attributes.contains(.concealed) {
      text = behind
    } else if text == behind {
      // Two colours that became one would hide the text.
      text ^= 7
    }
    return Self.vgaOrder(text) | Self.vgaOrder(behind) << 4
  }

  /// SGR counts red, green, blue from the lowest bit, the VGA blue, green, red.
  private static func vgaOrder(_ color: UInt8) -> UInt8 {
    color & 0b1010 | color << 2 & 0b0100 | color >> 2 & 0b0001
  }
}

/// The VGA's own cursor, which would blink beside the terminal's.
public enum VGACursor {
  /// Hides it.
  ///
  /// - Parameter ports: ports 0x3D4 and 0x3D5, the CRT controller's index and data.
  ///
  /// Source: IBM VGA technical reference, CRT controller, cursor start register: bit 5 turns the cursor off.
  public static func hide(_ ports: borrowing some RegisterSpace & ~Copyable) {
    let cursorStart: UInt8 = 0x0a
    ports.write8(cursorStart, at: 0)
    ports.write8(ports.read8(at: 1) | 0x20, at: 1)
  }
}
