/// A bitmap font, from `Specs/fonts/*.json`.
public struct FontSpec: SpecModel {
  /// A character, as `U+0041`.
  public struct CodePoint: Decodable, Hashable, Comparable, CustomStringConvertible, Sendable {
    /// The number.
    public let value: UInt32

    /// The code point `value`.
    public init(_ value: UInt32) { self.value = value }

    /// Decodes `U+` and hexadecimal digits.
    public init(from decoder: any Decoder) throws {
      let text = try decoder.singleValueContainer().decode(String.self)
      guard text.hasPrefix("U+"), let value = UInt32(text.dropFirst(2), radix: 16) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "not a code point: \(text)"))
      }
      self.value = value
    }

    /// As the Unicode Standard writes it.
    public var description: String {
      let digits = String(value, radix: 16, uppercase: true)
      return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Orders by number.
    public static func < (left: CodePoint, right: CodePoint) -> Bool { left.value < right.value }
  }

  /// The licence of the font.
  public struct License: Decodable, Sendable {
    /// The SPDX identifier.
    public let identifier: String
    /// The file beside the spec with its text.
    public let file: Located<String>
  }

  /// Characters that must be there.
  public struct Coverage: Decodable, Sendable {
    /// What the range is called.
    public let name: String
    /// Its first character.
    public let first: Located<CodePoint>
    /// Its last character.
    public let last: Located<CodePoint>
  }

  /// The pictures of a character.
  public struct Glyph: Decodable, Sendable {
    /// The character.
    public let code: Located<CodePoint>
    /// Its bitmap as 32 hexadecimal digits, two a row.
    public let normal: String
    /// Its bold bitmap.
    public let bold: String
  }

  /// The file name of the schema.
  public static let schema = "font.schema.json"

  /// Where the font comes from.
  public let source: String
  /// What it is called here.
  public let name: String
  /// Its copyright line.
  public let copyright: String
  /// Its licence.
  public let license: License
  /// The character drawn for those that the font lacks.
  public let fallback: Located<CodePoint>
  /// What it must have.
  public let coverage: [Coverage]
  /// The glyphs, ordered by character.
  public let glyphs: [Glyph]

  /// How many glyphs there are.
  public var entryCount: Int { glyphs.count }

  /// Reports characters that are none, twice or out of order, and what is not covered.
  public func check(_ context: inout CheckContext) {
    for glyph in glyphs { checkScalar(glyph.code, &context) }
    for (previous, glyph) in zip(glyphs, glyphs.dropFirst()) where glyph.code.value <= previous.code.value {
      let problem =
        glyph.code.value == previous.code.value
        ? "\(glyph.code.value) is already the glyph before"
        : "\(glyph.code.value) stands behind \(previous.code.value)"
      context.report(glyph.code, problem, "order the glyphs by character, each once")
    }
    let codes = Set(glyphs.map(\.code.value.value))
    if !codes.contains(fallback.value.value) {
      context.report(fallback, "the font has no glyph for \(fallback.value)", "name a character that it has")
    }
    for range in coverage { check(range, codes, &context) }
  }

  private func checkScalar(_ code: Located<CodePoint>, _ context: inout CheckContext) {
    if Unicode.Scalar(code.value.value) == nil {
      context.report(code, "\(code.value) is no character", "write U+0000...U+D7FF or U+E000...U+10FFFF")
    }
  }

  private func check(_ range: Coverage, _ codes: Set<UInt32>, _ context: inout CheckContext) {
    let (first, last) = (range.first.value, range.last.value)
    guard first <= last else {
      context.report(range.last, "\(range.name) ends at \(last), before its first character", "write \(first) or more")
      return
    }
    let missing = (first.value...last.value).filter { !codes.contains($0) }
    guard let example = missing.first else { return }
    context.report(
      range.first, "\(missing.count) of \(range.name) have no glyph, the first is \(CodePoint(example))",
      "add the glyphs or correct the range")
  }
}
