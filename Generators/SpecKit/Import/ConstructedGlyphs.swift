/// Characters that are pure geometry, drawn here when a font leaves them out. Source: Unicode 16.0 code charts, U+2500 and U+2580.
enum ConstructedGlyphs {
  /// The rows of every character that can be constructed.
  static var all: [UInt32: (normal: [UInt8], bold: [UInt8])] {
    var glyphs: [UInt32: (normal: [UInt8], bold: [UInt8])] = [:]
    // Dashed lines: two or three dashes, on the rows and columns where the font has its whole lines.
    for (code, columns, isHeavy) in horizontalDashes {
      glyphs[code] = (
        bitmap(rows: isHeavy ? [7, 8] : [7]) { _ in columns },
        bitmap(rows: isHeavy ? [6, 7, 8] : [7, 8]) { _ in columns }
      )
    }
    for (code, rows, isHeavy) in verticalDashes {
      glyphs[code] = (
        bitmap(rows: rows) { _ in isHeavy ? 0x18 : 0x10 }, bitmap(rows: rows) { _ in isHeavy ? 0x38 : 0x18 }
      )
    }
    glyphs[0x2594] = same(bitmap(rows: [0, 1]) { _ in 0xff })
    glyphs[0x2595] = same(bitmap(rows: Array(0..<16)) { _ in 0x01 })
    for (code, quarters) in quadrants {
      glyphs[code] = same(bitmap(rows: Array(0..<16)) { row in row < 8 ? quarters.upper : quarters.lower })
    }
    for (code, row) in scanLines { glyphs[code] = same(bitmap(rows: [row]) { _ in 0xff }) }
    return glyphs
  }

  private static let horizontalDashes: [(code: UInt32, columns: UInt8, isHeavy: Bool)] = [
    (0x2504, 0b1101_1010, false), (0x2505, 0b1101_1010, true), (0x254c, 0b0111_0111, false),
    (0x254d, 0b0111_0111, true),
  ]
  private static let verticalDashes: [(code: UInt32, rows: [Int], isHeavy: Bool)] = [
    (0x2506, thirds, false), (0x2507, thirds, true), (0x254e, halves, false), (0x254f, halves, true),
  ]
  private static let thirds = [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13]
  private static let halves = [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14]
  private static let quadrants: [UInt32: (upper: UInt8, lower: UInt8)] = [
    0x2596: (0x00, 0xf0), 0x2597: (0x00, 0x0f), 0x2598: (0xf0, 0x00), 0x2599: (0xf0, 0xff), 0x259a: (0xf0, 0x0f),
    0x259b: (0xff, 0xf0), 0x259c: (0xff, 0x0f), 0x259d: (0x0f, 0x00), 0x259e: (0x0f, 0xf0), 0x259f: (0x0f, 0xff),
  ]
  /// The horizontal scan lines of DEC's line drawing: 1, 3, 7 and 9 of nine.
  private static let scanLines: [UInt32: Int] = [0x23ba: 0, 0x23bb: 3, 0x23bc: 11, 0x23bd: 15]

  private static func bitmap(rows: [Int], _ bits: (Int) -> UInt8) -> [UInt8] {
    (0..<16).map { rows.contains($0) ? bits($0) : 0 }
  }

  private static func same(_ rows: [UInt8]) -> (normal: [UInt8], bold: [UInt8]) { (rows, rows) }
}
