/// A bitmap font in X11's portable compiled format. Source: X.Org, libXfont, "pcf.h"; FontForge, "The X11 PCF bitmap font file".
public struct PortableCompiledFont {
  /// Why a file cannot be read.
  public enum Problem: Error, CustomStringConvertible {
    /// It is no such font.
    case notAFont
    /// A table is missing or cut off.
    case damaged(table: String)
    /// The glyph of this character is not 8 by 16 pixels.
    case size(codePoint: UInt32)

    /// For the person who runs the import.
    public var description: String {
      switch self {
      case .notAFont: "not a font in X11's portable compiled format"
      case .damaged(let table): "the table of \(table) is missing or cut off"
      case .size(let codePoint): "the glyph of U+\(String(codePoint, radix: 16, uppercase: true)) is not 8 by 16 pixels"
      }
    }
  }

  /// The rows of each character's glyph, the leftmost pixel in the highest bit.
  public private(set) var glyphs: [UInt32: [UInt8]] = [:]

  private enum TableType: Int {
    case metrics = 4
    case bitmaps = 8
    case encodings = 32
  }

  private struct Table {
    let bytes: ArraySlice<UInt8>
    let name: String
    /// Says how values lie in the table.
    private(set) var format = 0

    init(_ bytes: ArraySlice<UInt8>, name: String) throws(Problem) {
      self.bytes = bytes
      self.name = name
      format = try integer(at: 0, size: 4, isBigEndian: false)
    }

    func integer(at offset: Int, size: Int, isBigEndian: Bool) throws(Problem) -> Int {
      guard offset >= 0, offset + size <= bytes.count else { throw .damaged(table: name) }
      let part = bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + size)]
      return isBigEndian ? part.reduce(0) { $0 << 8 | Int($1) } : part.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// The integer at `offset` in the table's own byte order.
    func integer(at offset: Int, size: Int) throws(Problem) -> Int {
      try integer(at: offset, size: size, isBigEndian: format & 4 != 0)
    }
  }

  /// Reads a whole file.
  public init(_ file: [UInt8]) throws(Problem) {
    guard file.count > 8, Array(file[0..<4]) == [0x01, 0x66, 0x63, 0x70] else { throw .notAFont }
    let metrics = try Self.table(.metrics, in: file)
    let bitmaps = try Self.table(.bitmaps, in: file)
    let encodings = try Self.table(.encodings, in: file)
    let limits = try (0..<4).map { index throws(Problem) in try encodings.integer(at: 4 + 2 * index, size: 2) }
    let (firstColumn, lastColumn, firstRow, lastRow) = (limits[0], limits[1], limits[2], limits[3])
    guard firstColumn <= lastColumn, firstRow <= lastRow else { throw .damaged(table: encodings.name) }
    for row in firstRow...lastRow {
      for column in firstColumn...lastColumn {
        let place = (row - firstRow) * (lastColumn - firstColumn + 1) + column - firstColumn
        let glyph = try encodings.integer(at: 14 + 2 * place, size: 2)
        // Source: the format marks characters without a glyph with 0xFFFF.
        guard glyph != 0xffff else { continue }
        let code = UInt32(row << 8 | column)
        try Self.checkSize(of: glyph, code, metrics)
        glyphs[code] = try Self.rows(of: glyph, bitmaps)
      }
    }
  }

  private static func table(_ type: TableType, in file: [UInt8]) throws(Problem) -> Table {
    let directory = try Table(file[...], name: "contents")
    for index in 0..<(try directory.integer(at: 4, size: 4, isBigEndian: false)) {
      let entry = 8 + 16 * index
      guard try directory.integer(at: entry, size: 4, isBigEndian: false) == type.rawValue else { continue }
      let size = try directory.integer(at: entry + 8, size: 4, isBigEndian: false)
      let offset = try directory.integer(at: entry + 12, size: 4, isBigEndian: false)
      guard offset + size <= file.count else { throw .damaged(table: "\(type)") }
      return try Table(file[offset..<(offset + size)], name: "\(type)")
    }
    throw .damaged(table: "\(type)")
  }

  /// Compressed metrics are five bytes, each with 0x80 added; others five pairs and one of attributes.
  private static func checkSize(of glyph: Int, _ code: UInt32, _ metrics: Table) throws(Problem) {
    let values: [Int]
    if metrics.format & 0x100 != 0 {
      values = try (0..<5).map { index throws(Problem) in try metrics.integer(at: 6 + 5 * glyph + index, size: 1) - 0x80
      }
    } else {
      values = try (0..<5).map { index throws(Problem) in
        Int(Int16(truncatingIfNeeded: try metrics.integer(at: 8 + 12 * glyph + 2 * index, size: 2)))
      }
    }
    guard values[1] - values[0] == 8, values[3] + values[4] == 16 else { throw .size(codePoint: code) }
  }

  private static func rows(of glyph: Int, _ bitmaps: Table) throws(Problem) -> [UInt8] {
    let count = try bitmaps.integer(at: 4, size: 4)
    let data = 8 + 4 * count + 16
    let start = try bitmaps.integer(at: 8 + 4 * glyph, size: 4)
    // Rows are padded to 1, 2, 4 or 8 bytes; a unit of several bytes may have its order turned against that of its bits.
    let padding = 1 << (bitmaps.format & 3)
    let unit = 1 << (bitmaps.format >> 4 & 3)
    let isMostSignificantBitFirst = bitmaps.format & 8 != 0
    let isTurned = (bitmaps.format & 4 != 0) != isMostSignificantBitFirst
    return try (0..<16).map { row throws(Problem) in
      let byte = row * padding + (isTurned ? unit - 1 : 0)
      let bits = UInt8(try bitmaps.integer(at: data + start + byte, size: 1))
      return isMostSignificantBitFirst ? bits : reversed(bits)
    }
  }

  private static func reversed(_ byte: UInt8) -> UInt8 {
    (0..<8).reduce(0) { $0 << 1 | byte >> $1 & 1 }
  }
}
