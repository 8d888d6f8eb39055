import Console
import Foundation
import Testing

@Suite("BitmapFont")
struct BitmapFontTests {
  private struct Spec: Decodable {
    struct Glyph: Decodable {
      var code: String
      var normal: String
      var bold: String
    }
    var fallback: String
    var glyphs: [Glyph]
  }

  private static func spec() throws -> Spec {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try JSONDecoder().decode(
      Spec.self, from: Data(contentsOf: folder.appending(path: "Specs/fonts/terminus-16.json")))
  }

  private func digits(_ glyph: Glyph) -> String {
    (0..<16).map { (glyph[row: $0] < 16 ? "0" : "") + String(glyph[row: $0], radix: 16) }.joined()
  }

  @Test("Every glyph of the spec is in the generated font, in both weights")
  func everyGlyph() throws {
    let spec = try Self.spec()
    #expect(spec.glyphs.count > 1300 && spec.glyphs.count == BitmapFont.console.count)
    for glyph in spec.glyphs {
      let code = try #require(UInt32(glyph.code.dropFirst(2), radix: 16))
      let normal = digits(BitmapFont.console.glyph(for: code, isBold: false))
      let bold = digits(BitmapFont.console.glyph(for: code, isBold: true))
      guard BitmapFont.console.contains(code), normal == glyph.normal, bold == glyph.bold else {
        Issue.record("\(glyph.code): \(normal) \(bold)")
        return
      }
    }
  }

  @Test("Every other code point has the fallback's glyph")
  func fallback() throws {
    let spec = try Self.spec()
    let known = Set(spec.glyphs.compactMap { UInt32($0.code.dropFirst(2), radix: 16) })
    let code = try #require(UInt32(spec.fallback.dropFirst(2), radix: 16))
    let font = BitmapFont.console
    let glyph = font.glyph(for: code, isBold: false)
    for other in (UInt32(0)...0x1_2000) where !known.contains(other) {
      guard !font.contains(other), font.glyph(for: other, isBold: false) == glyph else {
        Issue.record("U+\(String(other, radix: 16))")
        return
      }
    }
    for other in [UInt32(0x10_ffff), .max] { #expect(font.glyph(for: other, isBold: false) == glyph) }
  }

  @Test("Lines meet at the edges of their cells, and blocks fill theirs")
  func geometry() {
    let font = BitmapFont.console
    func glyph(_ character: Unicode.Scalar) -> Glyph { font.glyph(for: character.value, isBold: false) }
    for row in 0..<16 {
      #expect(glyph("█")[row: row] == 0xff)
      #expect(glyph("│")[row: row] == glyph("│")[row: 0] && glyph("│")[row: row] != 0)
      #expect(glyph("▌")[row: row] == 0xf0 && glyph("▚")[row: row] == (row < 8 ? 0xf0 : 0x0f))
    }
    let line = (0..<16).first { glyph("─")[row: $0] == 0xff }
    #expect(line != nil && glyph("┌")[row: line ?? 0] & 1 == 1 && glyph("┐")[row: line ?? 0] & 0x80 == 0x80)
    // Dashes lie where the whole line lies.
    #expect(glyph("┄")[row: line ?? 0] != 0)
    #expect(glyph("┆")[row: 0] == glyph("│")[row: 0])
  }
}
