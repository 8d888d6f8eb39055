import TestSupport
import Testing

@testable import Console

@Suite("FramebufferDisplay")
struct FramebufferDisplayTests {
  private static func layout(
    _ bits: Int, _ red: (UInt8, UInt8), _ green: (UInt8, UInt8), _ blue: (UInt8, UInt8), width: Int = 163,
    height: Int = 75,
    extraPitch: Int = 0
  ) -> FramebufferLayout {
    FramebufferLayout(
      width: width, height: height, pitch: width * ((bits + 7) / 8) + extraPitch, bitsPerPixel: bits,
      red: ColorField(position: red.0, size: red.1), green: ColorField(position: green.0, size: green.1),
      blue: ColorField(position: blue.0, size: blue.1))
  }

  static let layouts = [
    layout(32, (16, 8), (8, 8), (0, 8)), layout(32, (0, 8), (8, 8), (16, 8), extraPitch: 13),
    layout(32, (24, 8), (16, 8), (8, 8)), layout(32, (20, 10), (10, 10), (0, 10)), layout(24, (16, 8), (8, 8), (0, 8)),
    layout(24, (0, 8), (8, 8), (16, 8), extraPitch: 5), layout(16, (11, 5), (5, 6), (0, 5)),
    layout(16, (0, 5), (5, 6), (11, 5), extraPitch: 6), layout(15, (10, 5), (5, 5), (0, 5)),
    layout(32, (16, 8), (8, 8), (0, 8), width: 160, height: 64),
  ]

  /// The colour at a pixel, each part 0...255 as near as the layout keeps it.
  private func pixel(_ x: Int, _ y: Int, _ memory: MemoryModel, _ layout: FramebufferLayout) -> [Int] {
    let count = (layout.bitsPerPixel + 7) / 8
    let value = Int(memory.load(y * layout.pitch + x * count, count))
    return [layout.red, layout.green, layout.blue].map { field in
      let maximum = 1 << Int(field.size) - 1
      return (value >> Int(field.position) & maximum) * 255 / maximum
    }
  }

  private func isNear(_ found: [Int], _ wanted: RGB, _ layout: FramebufferLayout) -> Bool {
    let parts = [Int(wanted.red), Int(wanted.green), Int(wanted.blue)]
    let steps = [layout.red, layout.green, layout.blue].map { 255 / (1 << Int($0.size) - 1) + 1 }
    return zip(zip(found, parts), steps).allSatisfy { abs($0.0 - $0.1) <= $1 }
  }

  @Test(
    "Every pixel of random cells has the colour of its glyph, in every layout, and margins stay", arguments: layouts)
  func pixels(layout: FramebufferLayout) throws {
    let memory = MemoryModel(byteCount: layout.pitch * layout.height, filledWith: 0x5a)
    let display = try FramebufferDisplay(MemoryView(model: memory), layout: layout)
    var screen = TextScreen(on: display)
    #expect(screen.columns == layout.width / 8 && screen.rows == layout.height / 16)
    var generator = SeededGenerator(seed: 7)
    let characters = Array("aZ#█▚─┼é€✓漢 _\u{fffd}".unicodeScalars)
    screen.write("\u{1b}[?25l")
    for _ in 0..<300 {
      let sgr = [0, 1, 2, 4, 7, 31, 42, 95, 104].randomElement(using: &generator) ?? 0
      let scalar = characters.randomElement(using: &generator) ?? "x"
      let color = (0..<3).map { _ in "\(Int.random(in: 0...255, using: &generator))" }.joined(separator: ";")
      screen.write("\u{1b}[\(sgr)m\u{1b}[48;2;\(color)m\(String(Character(scalar)))")
    }
    let palette = Palette.apus
    let (left, top) = ((layout.width - screen.columns * 8) / 2, (layout.height - screen.rows * 16) / 2)
    var wrong = 0
    for y in 0..<layout.height {
      for x in 0..<layout.width {
        let (column, row) = ((x - left) >> 3, (y - top) >> 4)
        var wanted = palette.background
        if x >= left, y >= top, column < screen.columns, row < screen.rows {
          let cell = screen[column, row]
          let colors = palette.colors(of: cell)
          let glyph = BitmapFont.console.glyph(
            for: cell.codePoint, isBold: cell.style.attributes.contains(.bold))
          let line = (y - top) & 15
          let isSet =
            glyph[row: line] >> UInt8(7 - (x - left) & 7) & 1 == 1
            || line == 13 && cell.style.attributes.contains(.underlined)
          wanted = isSet ? colors.foreground : colors.background
        }
        if !isNear(pixel(x, y, memory, layout), wanted, layout) { wrong += 1 }
      }
    }
    #expect(wrong == 0, "\(wrong) pixels are wrong")
    #expect(memory.strayAccesses == 0)
    // Bytes between the end of a row and the beginning of the next belong to nobody.
    let rowBytes = layout.width * ((layout.bitsPerPixel + 7) / 8)
    let gap = (0..<layout.height).flatMap { memory.bytes[($0 * layout.pitch + rowBytes)..<(($0 + 1) * layout.pitch)] }
    #expect(gap.allSatisfy { $0 == 0x5a })
  }

  @Test("White and black become all ones and all zeros of the colour fields", arguments: layouts)
  func extremes(layout: FramebufferLayout) {
    let mask = layout.red.mask | layout.green.mask | layout.blue.mask
    #expect(UInt64(layout.encode(RGB(0xff_ffff))) == mask)
    #expect(layout.encode(RGB(0)) == 0)
    #expect(UInt64(layout.encode(RGB(0xff_0000))) == layout.red.mask)
    #expect(UInt64(layout.encode(RGB(0x00_ff00))) == layout.green.mask)
    #expect(UInt64(layout.encode(RGB(0x00_00ff))) == layout.blue.mask)
  }

  @Test("Layouts that cannot be drawn on are refused")
  func refused() {
    typealias Problem = FramebufferLayout.Problem
    let good = Self.layouts[0]
    func problem(_ byteCount: Int? = nil, _ change: (inout FramebufferLayout) -> Void) -> Problem? {
      var layout = good
      change(&layout)
      do throws(Problem) {
        try layout.check(byteCount: byteCount ?? good.pitch * good.height)
        return nil
      } catch { return error }
    }
    #expect(problem { _ in } == nil)
    for bits in [0, 1, 4, 8, 12, 17, 30, 33, 64, -32, .max, .min] {
      #expect(problem { $0.bitsPerPixel = bits } == .unsupportedDepth)
    }
    #expect(problem { $0.red.size = 0 } == .badColorField)
    #expect(problem { $0.green.size = 17 } == .badColorField)
    #expect(problem { $0.blue.size = 255 } == .badColorField)
    #expect(problem { $0.red.position = 25 } == .badColorField)
    #expect(problem { $0.red.position = 255 } == .badColorField)
    #expect(problem { $0.red.position = 15 } == .badColorField)
    for size in [0, -1, 65_536, .max, .min] {
      #expect(problem { $0.width = size } == .badSize)
      #expect(problem { $0.height = size } == .badSize)
    }
    for pitch in [good.pitch - 1, 0, -1, .max, .min] { #expect(problem { $0.pitch = pitch } == .badSize) }
    #expect(problem(good.pitch * good.height - 1) { _ in } == .memoryTooSmall)
    #expect(problem(0) { _ in } == .memoryTooSmall)
    #expect(problem { $0.pitch = 1 << 20 } == .memoryTooSmall)
    #expect(problem { $0.width = 7 } == .tooSmallForText)
    #expect(problem { $0.height = 15 } == .tooSmallForText)
  }

  @Test("A scroll moves the picture by a row of characters")
  func scroll() throws {
    let layout = Self.layouts[0]
    let memory = MemoryModel(byteCount: layout.pitch * layout.height)
    var screen = TextScreen(on: try FramebufferDisplay(MemoryView(model: memory), layout: layout))
    screen.write("\u{1b}[?25l\u{1b}[31mone\ntwo \u{1b}[44mblue\u{1b}[0m\nthree\nfour")
    let before = memory.bytes
    let top = (layout.height - screen.rows * 16) / 2
    screen.write("\n")
    let rows = (screen.rows - 1) * 16
    #expect(
      memory.bytes[(top * layout.pitch)..<((top + rows) * layout.pitch)]
        == before[((top + 16) * layout.pitch)..<((top + 16 + rows) * layout.pitch)])
  }
}
