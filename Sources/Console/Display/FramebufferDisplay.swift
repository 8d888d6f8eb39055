import Foundations

/// A screen of pixels, any layout with direct colours, on which characters of 8 by 16 pixels are drawn.
///
/// What does not divide by the size of a character becomes a margin around the text. The memory is only written: reading a
/// framebuffer across a bus is many times slower than drawing again.
public struct FramebufferDisplay<Memory: DisplayMemory & ~Copyable>: ~Copyable, TextDisplay {
  private let memory: Memory
  private let layout: FramebufferLayout
  private let palette: Palette
  private let font: BitmapFont
  /// The offset of the text's first pixel.
  private let origin: Int
  /// How many characters fit side by side.
  public let columns: Int
  /// How many rows of characters fit.
  public let rows: Int

  /// A screen in `memory`.
  ///
  /// - Throws: what is wrong with `layout`; nothing has been drawn then.
  public init(
    _ memory: consuming Memory, layout: FramebufferLayout, palette: Palette = .apus, font: BitmapFont = .console
  ) throws(FramebufferLayout.Problem) {
    try layout.check(byteCount: memory.byteCount)
    self.memory = memory
    self.layout = layout
    self.palette = palette
    self.font = font
    columns = min(layout.width / BitmapFont.width, CellGrid.maximumColumns)
    rows = min(layout.height / BitmapFont.height, CellGrid.maximumRows)
    let left = (layout.width &- columns &* BitmapFont.width) / 2
    let top = (layout.height &- rows &* BitmapFont.height) / 2
    origin = top &* layout.pitch &+ left &* layout.bytesPerPixel
  }

  /// Fills the screen, margins too, with the background of `cell`.
  public borrowing func clear(_ cell: Cell) {
    let pixel = layout.encode(palette.colors(of: cell).background)
    for row in 0..<layout.height { fill(pixel, at: row &* layout.pitch, count: layout.width) }
  }

  /// Draws `cells`.
  public borrowing func draw(_ cells: Span<Cell>, column: Int, row: Int) {
    guard row >= 0 && row < rows && column >= 0 && column < columns else { return }
    let cellWidth = BitmapFont.width &* layout.bytesPerPixel
    var place = origin &+ row &* BitmapFont.height &* layout.pitch &+ column &* cellWidth
    for index in 0..<min(cells.count, columns &- column) {
      draw(cells[index], at: place)
      place &+= cellWidth
    }
  }

  private func draw(_ cell: Cell, at offset: Int) {
    let colors = palette.colors(of: cell)
    let foreground = layout.encode(colors.foreground)
    let background = layout.encode(colors.background)
    let isUnderlined = cell.style.attributes.contains(.underlined)
    let isBlank = cell.codePoint == 0x20
    let glyph = isBlank ? Glyph.blank : font.glyph(for: cell.codePoint, isBold: cell.style.attributes.contains(.bold))
    // Spreads the two colours over 64 bits once, so that a row is masks and stores only.
    switch layout.bytesPerPixel {
    case 4:
      let (text, behind) = (UInt64(foreground) &* 0x1_0000_0001, UInt64(background) &* 0x1_0000_0001)
      for row in 0..<BitmapFont.height {
        let bits = isUnderlined && row == Self.underline ? 0xff : glyph[row: row]
        drawRow32(bits, text, behind, at: offset &+ row &* layout.pitch)
      }
    case 2:
      let (text, behind) = (UInt64(foreground) &* 0x0001_0001_0001_0001, UInt64(background) &* 0x0001_0001_0001_0001)
      for row in 0..<BitmapFont.height {
        let bits = isUnderlined && row == Self.underline ? 0xff : glyph[row: row]
        drawRow16(bits, text, behind, at: offset &+ row &* layout.pitch)
      }
    default:
      for row in 0..<BitmapFont.height {
        let bits = isUnderlined && row == Self.underline ? 0xff : glyph[row: row]
        drawRow24(bits, foreground, background, at: offset &+ row &* layout.pitch)
      }
    }
  }

  /// The row of a glyph that a line below the text fills; the font's letters stand on row 11.
  private static var underline: Int { 13 }

  private func drawRow32(_ bits: UInt8, _ text: UInt64, _ behind: UInt64, at offset: Int) {
    if bits == 0 {
      // Most rows of most characters.
      memory.store64(behind, at: offset)
      memory.store64(behind, at: offset &+ 8)
      memory.store64(behind, at: offset &+ 16)
      memory.store64(behind, at: offset &+ 24)
      return
    }
    var bits = bits
    var place = offset
    for _ in 0..<4 {
      let mask: UInt64 = (bits & 0x80 == 0 ? 0 : 0xffff_ffff) | (bits & 0x40 == 0 ? 0 : 0xffff_ffff_0000_0000)
      memory.store64(text & mask | behind & ~mask, at: place)
      bits <<= 2
      place &+= 8
    }
  }

  private func drawRow16(_ bits: UInt8, _ text: UInt64, _ behind: UInt64, at offset: Int) {
    var bits = bits
    var place = offset
    for _ in 0..<2 {
      var mask: UInt64 = 0
      for pixel in 0..<4 where bits >> UInt8(7 &- pixel) & 1 == 1 { mask |= 0xffff << UInt64(16 &* pixel) }
      memory.store64(text & mask | behind & ~mask, at: place)
      bits <<= 4
      place &+= 8
    }
  }

  /// Eight pixels are 24 bytes, three stores.
  private func drawRow24(_ bits: UInt8, _ text: UInt32, _ behind: UInt32, at offset: Int) {
    var place = offset
    var pending: UInt64 = 0
    var pendingBits: UInt64 = 0
    for pixel in 0..<8 {
      let color = UInt64((bits >> UInt8(7 &- pixel) & 1 == 1 ? text : behind) & 0xff_ffff)
      pending |= color << pendingBits
      pendingBits &+= 24
      if pendingBits >= 64 {
        memory.store64(pending, at: place)
        place &+= 8
        pendingBits &-= 64
        // What did not fit; nothing when the pixel ended with the store.
        pending = color >> (24 &- pendingBits)
      }
    }
  }

  /// Stores `count` pixels from `offset` on.
  private func fill(_ pixel: UInt32, at offset: Int, count: Int) {
    switch layout.bytesPerPixel {
    case 4: memory.fill32(pixel, at: offset, count: count)
    case 2: memory.fill16(UInt16(truncatingIfNeeded: pixel), at: offset, count: count)
    default:
      for index in 0..<count {
        let place = offset &+ 3 &* index
        memory.store16(UInt16(truncatingIfNeeded: pixel), at: place)
        memory.store8(UInt8(truncatingIfNeeded: pixel >> 16), at: place &+ 2)
      }
    }
  }
}
