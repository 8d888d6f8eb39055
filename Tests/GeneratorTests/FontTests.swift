import Foundation
import TestSupport
import Testing

@testable import SpecKit

/// The console's font: what is generated from a small one, and the import from X11's format.
@Suite struct FontTests {
  @Test("a small font packs into the three strings that were reviewed")
  func golden() throws {
    let spec = try Data(contentsOf: TestFiles.folder.appending(path: "Golden/small-font.json"))
    try TestFiles.withTemporaryFolder { root in
      let scratch = try ScratchPackage(in: root, name: "fonts/small.json", spec: spec, products: ["console-font"])
      let files = try Generator(package: scratch.package).files(
        targetFile: ScratchPackage.targetFile, entry: 0, outputs: ["SmallFont.swift"], sources: [ScratchPackage.source])
      try TestFiles.expect(files[0].contents, matches: "Golden/SmallFont.swift.golden")
    }
  }

  @Test("six bits a character are printable and need no escape in a raw string")
  func alphabet() {
    let all = (0..<64).map { FontTable.encode($0, 1) }.joined()
    #expect(all.utf8.count == 64 && all.utf8.allSatisfy { (0x30...0x6f).contains($0) })
    #expect(FontTable.encode(0x10_ffff, 4) == "4?oo" && FontTable.encode(4095, 2) == "oo")
  }

  // MARK: Import

  /// A font file with the characters of `glyphs`, which must follow each other.
  private func file(
    _ glyphs: [(code: Int, rows: [UInt8])], isBigEndian: Bool, isMostSignificantBitFirst: Bool, padding: Int, unit: Int,
    isCompressed: Bool
  ) -> [UInt8] {
    func bytes(_ value: Int, _ size: Int, big: Bool) -> [UInt8] {
      let low = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return big ? low.reversed() : low
    }
    let order = isBigEndian ? 4 : 0
    var metrics = bytes(order | (isCompressed ? 0x100 : 0), 4, big: false)
    metrics += bytes(glyphs.count, isCompressed ? 2 : 4, big: isBigEndian)
    for _ in glyphs {
      let values = [0, 8, 8, 12, 4]
      metrics +=
        isCompressed ? values.map { UInt8($0 + 0x80) } : (values + [0]).flatMap { bytes($0, 2, big: isBigEndian) }
    }
    let format =
      order | (isMostSignificantBitFirst ? 8 : 0) | padding.trailingZeroBitCount | unit.trailingZeroBitCount << 4
    var bitmaps = bytes(format, 4, big: false) + bytes(glyphs.count, 4, big: isBigEndian)
    for index in glyphs.indices { bitmaps += bytes(index * 16 * padding, 4, big: isBigEndian) }
    for size in 0..<4 { bitmaps += bytes(glyphs.count * 16 << size, 4, big: isBigEndian) }
    for glyph in glyphs {
      for row in glyph.rows {
        let bits = isMostSignificantBitFirst ? row : (0..<8).reduce(0) { $0 << 1 | row >> $1 & 1 }
        var line = [bits] + Array(repeating: 0, count: padding - 1)
        if isBigEndian != isMostSignificantBitFirst {
          line = stride(from: 0, to: padding, by: unit).flatMap { line[$0..<($0 + unit)].reversed() }
        }
        bitmaps += line
      }
    }
    let (first, last) = (glyphs[0].code, glyphs[glyphs.count - 1].code)
    var encodings = bytes(order, 4, big: false)
    for limit in [first & 0xff, last & 0xff, first >> 8, last >> 8, 0xffff] {
      encodings += bytes(limit, 2, big: isBigEndian)
    }
    for code in first...last {
      encodings += bytes(glyphs.firstIndex { $0.code == code } ?? 0xffff, 2, big: isBigEndian)
    }
    var result: [UInt8] = [0x01, 0x66, 0x63, 0x70] + bytes(3, 4, big: false)
    var offset = 8 + 3 * 16
    for (type, table) in [(4, metrics), (8, bitmaps), (32, encodings)] {
      result += [type, 0, table.count, offset].flatMap { bytes($0, 4, big: false) }
      offset += table.count
    }
    return result + metrics + bitmaps + encodings
  }

  private static let sample: [(code: Int, rows: [UInt8])] = [
    (0x141, (0..<16).map { UInt8($0 * 16 + 1) }), (0x143, (0..<16).map { UInt8(255 - $0) }),
  ]

  @Test(
    "glyphs come out the same in every byte order, bit order and padding", arguments: [false, true], [false, true])
  func orders(isBigEndian: Bool, isMostSignificantBitFirst: Bool) throws {
    for (padding, unit) in [(1, 1), (2, 1), (4, 1), (4, 2), (4, 4), (8, 4)] {
      for isCompressed in [false, true] {
        let font = try PortableCompiledFont(
          file(
            Self.sample, isBigEndian: isBigEndian, isMostSignificantBitFirst: isMostSignificantBitFirst,
            padding: padding,
            unit: unit, isCompressed: isCompressed))
        #expect(
          font.glyphs == [0x141: Self.sample[0].rows, 0x143: Self.sample[1].rows], "padding \(padding), unit \(unit)")
      }
    }
  }

  @Test("a damaged font is refused, never read outside")
  func damaged() throws {
    let good = file(
      Self.sample, isBigEndian: false, isMostSignificantBitFirst: true, padding: 1, unit: 1, isCompressed: true)
    for length in 0..<good.count {
      #expect(throws: PortableCompiledFont.Problem.self) { try PortableCompiledFont(Array(good[0..<length])) }
    }
    var generator = SeededGenerator(seed: 17)
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      // Whether it throws depends on the byte; that it comes back is the point.
      _ = try? PortableCompiledFont(bytes)
    }
    var wide = good
    wide[8 + 48 + 6 + 1] = 0x80 + 9
    #expect(throws: PortableCompiledFont.Problem.self) { try PortableCompiledFont(wide) }
  }

  private static let fonts = "/usr/share/fonts/X11/misc/ter-u16"
  private static let isInstalled = FileManager.default.fileExists(atPath: "\(fonts)n_unicode.pcf.gz")

  @Test("the committed spec is what the import makes of Debian's package", .enabled(if: isInstalled))
  func committed() throws {
    let package = SpecPackage(root: TestFiles.root)
    let committed = try package.model(FontSpec.self, from: "Specs/fonts/terminus-16.json").model
    let fonts = try ["n", "b"].map { weight in
      try TestFiles.withTemporaryFolder { folder in
        let unpacked = folder.appending(path: "font.pcf")
        let command = "gzip -dc \(Self.fonts)\(weight)_unicode.pcf.gz > \(unpacked.path)"
        #expect(try TestFiles.run(URL(filePath: "/bin/sh"), ["-c", command]).code == 0)
        return try PortableCompiledFont([UInt8](try Data(contentsOf: unpacked)))
      }
    }
    let text = FontImport.spec(
      normal: fonts[0], bold: fonts[1],
      description: .init(source: committed.source, name: committed.name, copyright: committed.copyright))
    #expect(try Data(contentsOf: package.url("Specs/fonts/terminus-16.json")) == Data(text.utf8))
  }
}
