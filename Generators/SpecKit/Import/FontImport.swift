/// Writes a font spec from two fonts in X11's format.
public enum FontImport {
  /// What the imported fonts are, for the spec's head.
  public struct Description {
    /// Where the font comes from.
    public var source: String
    /// What it is called here.
    public var name: String
    /// Its copyright line.
    public var copyright: String

    /// A description.
    public init(source: String, name: String, copyright: String) {
      self.source = source
      self.name = name
      self.copyright = copyright
    }
  }

  /// The text of the spec: the characters that both fonts have, control characters left out, and those that are pure geometry.
  public static func spec(
    normal: PortableCompiledFont, bold: PortableCompiledFont, description: Description
  ) -> String {
    var lines: [UInt32: String] = [:]
    for (code, rows) in normal.glyphs {
      guard let boldRows = bold.glyphs[code], !isControl(code) else { continue }
      lines[code] = line(code, rows, boldRows)
    }
    for (code, rows) in ConstructedGlyphs.all where lines[code] == nil {
      lines[code] = line(code, rows.normal, rows.bold)
    }
    let glyphs = lines.sorted { $0.key < $1.key }.map(\.value).joined(separator: ",\n")
    return """
      {
        "$schema": "../Schemas/font.schema.json",
        "name": \(CodeWriter.jsonLiteral(description.name)),
        "source": \(CodeWriter.jsonLiteral(description.source)),
        "copyright": \(CodeWriter.jsonLiteral(description.copyright)),
        "license": { "identifier": "OFL-1.1", "file": "OFL.txt" },
        "width": 8,
        "height": 16,
        "fallback": "U+FFFD",
        "coverage": [
      \(coverage.map { "    \($0)" }.joined(separator: ",\n"))
        ],
        "glyphs": [
      \(glyphs)
        ]
      }

      """
  }

  private static let coverage = [
    #"{ "name": "Basic Latin", "first": "U+0020", "last": "U+007E" }"#,
    #"{ "name": "Latin-1 Supplement", "first": "U+00A0", "last": "U+00FF" }"#,
    #"{ "name": "Latin Extended-A", "first": "U+0100", "last": "U+017F" }"#,
    #"{ "name": "Cyrillic", "first": "U+0400", "last": "U+045F" }"#,
    #"{ "name": "Box Drawing", "first": "U+2500", "last": "U+257F" }"#,
    #"{ "name": "Block Elements", "first": "U+2580", "last": "U+259F" }"#,
    #"{ "name": "Braille Patterns", "first": "U+2800", "last": "U+28FF" }"#,
  ]

  private static func isControl(_ code: UInt32) -> Bool { code < 0x20 || (0x7f..<0xa0).contains(code) }

  private static func line(_ code: UInt32, _ normal: [UInt8], _ bold: [UInt8]) -> String {
    #"    { "code": "\#(FontSpec.CodePoint(code))", "normal": "\#(digits(normal))", "bold": "\#(digits(bold))" }"#
  }

  private static func digits(_ rows: [UInt8]) -> String {
    rows.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension CodeWriter {
  /// `text` as a JSON string; the texts of an import hold no control characters.
  fileprivate static func jsonLiteral(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }
}
