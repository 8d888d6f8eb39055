/// The console's font as three packed strings in a `BitmapFont`, as Swift.
///
/// String literals, because the compiler takes them in no time and they lie in the image's read-only data. Each character holds
/// six bits: value plus 0x30, so that all are printable ASCII.
enum ConsoleFont: SpecProduct {
  static let name = "console-font"

  static func generate(_ model: FontSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let table = FontTable(model)
    guard table.bitmaps.count <= FontTable.maximumBitmaps else {
      throw SpecErrors([
        Diagnostic(
          context.document.root["glyphs"] ?? context.document.root,
          problem: "the font has \(table.bitmaps.count) different bitmaps", remedy: "leave out some: at most 4096 fit")
      ])
    }
    var writer = CodeWriter(header: context)
    writer.line("// \(model.name): \(model.source)")
    writer.line("// \(model.copyright) License: \(model.license.identifier), Specs/fonts/\(model.license.file.value).")
    writer.line()
    writer.block("extension BitmapFont") { writer in
      writer.documentation(
        """
        \(model.name): \(model.glyphs.count) characters, \(table.bitmaps.count) different bitmaps of 8 by 16 pixels.
        """)
      writer.block("public static var console: BitmapFont") { writer in
        writer.line("BitmapFont(")
        writer.indented { writer in
          writer.line("fallback: \(table.fallback), firstRun: \(table.firstRun),")
          writer.line("ranges: #\"\(table.encodedRanges)\"#,")
          writer.line("numbers: #\"\(table.encodedNumbers)\"#,")
          writer.line("bitmaps: #\"\(table.encodedBitmaps)\"#)")
        }
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }
}

/// A font reduced to runs of characters, numbers of bitmaps, and bitmaps without repetition.
struct FontTable {
  /// Twelve bits number a bitmap.
  static let maximumBitmaps = 4096

  /// Characters that follow each other.
  struct Run {
    var first: UInt32
    var count: Int
    /// How many characters stand in the runs before.
    var ordinal: Int
  }

  private(set) var runs: [Run] = []
  /// For each character the numbers of its normal and its bold bitmap.
  private(set) var numbers: [(normal: Int, bold: Int)] = []
  private(set) var bitmaps: [String] = []
  /// The place of the fallback among the characters.
  let fallback: Int

  init(_ font: FontSpec) {
    var known: [String: Int] = [:]
    var bitmaps: [String] = []
    func number(_ bitmap: String) -> Int {
      if let number = known[bitmap] { return number }
      known[bitmap] = bitmaps.count
      bitmaps.append(bitmap)
      return bitmaps.count - 1
    }
    for (ordinal, glyph) in font.glyphs.enumerated() {
      let code = glyph.code.value.value
      if let last = runs.last, code == last.first + UInt32(last.count) {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Run(first: code, count: 1, ordinal: ordinal))
      }
      numbers.append((number(glyph.normal), number(glyph.bold)))
    }
    self.bitmaps = bitmaps
    fallback = font.glyphs.firstIndex { $0.code.value == font.fallback.value } ?? 0
  }

  /// The code points of the first run, as a Swift range.
  var firstRun: String {
    guard let run = runs.first else { return "0..<0" }
    return "\(run.first)..<\(run.first + UInt32(run.count))"
  }

  /// Eight characters a run: first code point in four, count and ordinal in two each.
  var encodedRanges: String {
    runs.map { Self.encode(Int($0.first), 4) + Self.encode($0.count, 2) + Self.encode($0.ordinal, 2) }.joined()
  }

  /// Four characters for each character of the font: its normal bitmap's number and its bold one's.
  var encodedNumbers: String { numbers.map { Self.encode($0.normal, 2) + Self.encode($0.bold, 2) }.joined() }

  /// Twenty-two characters a bitmap: 128 bits from the top left on, and four that are zero.
  var encodedBitmaps: String { bitmaps.map(Self.encode(bitmap:)).joined() }

  /// `value` in `count` characters of six bits, the highest first.
  static func encode(_ value: Int, _ count: Int) -> String {
    var text = String.UnicodeScalarView()
    for place in (0..<count).reversed() { text.append(Unicode.Scalar(UInt8(0x30 + (value >> (6 * place) & 0x3f)))) }
    return String(text)
  }

  private static func encode(bitmap: String) -> String {
    let bits = bitmap.flatMap { digit in
      let value = digit.hexDigitValue ?? 0
      return (0..<4).reversed().map { value >> $0 & 1 }
    }
    let padded = bits + Array(repeating: 0, count: (6 - bits.count % 6) % 6)
    return stride(from: 0, to: padded.count, by: 6)
      .map { encode(padded[$0..<($0 + 6)].reduce(0) { $0 << 1 | $1 }, 1) }.joined()
  }
}
