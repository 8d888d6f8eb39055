import Foundations

/// A font of 8 by 16 pixels in two weights, packed into strings that lie in the image's read-only data.
///
/// Every character of the strings holds six bits: its code less 0x30. Finding a character is a binary search over runs of code
/// points; nothing is unpacked beforehand, so that the font works before there is a heap.
public struct BitmapFont: Sendable {
  /// The width of a glyph in pixels.
  public static let width = 8
  /// The height of a glyph in pixels.
  public static let height = 16

  /// Eight characters a run: first code point in four, count and number of characters before in two each.
  private let ranges: String
  /// Four characters a character: its normal bitmap's number and its bold one's.
  private let numbers: String
  /// Twenty-two characters a bitmap.
  private let bitmaps: String
  private let fallback: Int
  /// The first run, which holds most of what is ever drawn: no search for it.
  private let firstRun: Range<UInt32>

  /// A font from strings that `SpecGen` made.
  ///
  /// - Parameters:
  ///   - fallback: the place of the character drawn for those that the font lacks.
  ///   - firstRun: the code points of the first run.
  public init(fallback: Int, firstRun: Range<UInt32>, ranges: String, numbers: String, bitmaps: String) {
    self.fallback = fallback
    self.firstRun = firstRun
    self.ranges = ranges
    self.numbers = numbers
    self.bitmaps = bitmaps
  }

  /// How many characters it has.
  public var count: Int { numbers.utf8Span.count / 4 }

  /// Whether it has a glyph for `codePoint`.
  public func contains(_ codePoint: UInt32) -> Bool { place(of: codePoint) != nil }

  /// The glyph of `codePoint`; the fallback's when the font has none.
  public func glyph(for codePoint: UInt32, isBold: Bool) -> Glyph {
    let place = place(of: codePoint) ?? fallback
    let number = Self.value(numbers.utf8Span.span, at: 4 &* place &+ (isBold ? 2 : 0), count: 2)
    let bits = bitmaps.utf8Span.span
    let start = 22 &* Int(truncatingIfNeeded: number)
    // Ten characters are the first 60 bits, the eleventh is split between the halves, the last four bits are padding.
    let split = Self.value(bits, at: start &+ 10, count: 1)
    let upper = Self.value(bits, at: start, count: 10) << 4 | split >> 2
    let lower = Self.value(bits, at: start &+ 11, count: 10) << 2 | Self.value(bits, at: start &+ 21, count: 1) >> 4
    return Glyph(upper: upper, lower: split << 62 | lower)
  }

  /// The place of `codePoint` among the font's characters.
  private func place(of codePoint: UInt32) -> Int? {
    if firstRun.contains(codePoint) { return Int(codePoint &- firstRun.lowerBound) }
    let runs = ranges.utf8Span.span
    var low = 0
    var high = runs.count / 8
    while low < high {
      let middle = (low &+ high) / 2
      let first = Self.value(runs, at: 8 &* middle, count: 4)
      let count = Self.value(runs, at: 8 &* middle &+ 4, count: 2)
      if UInt64(codePoint) < first {
        high = middle
      } else if UInt64(codePoint) >= first &+ count {
        low = middle &+ 1
      } else {
        let before = Self.value(runs, at: 8 &* middle &+ 6, count: 2)
        return Int(truncatingIfNeeded: before &+ UInt64(codePoint) &- first)
      }
    }
    return nil
  }

  /// The `count` times six bits from `start` on; what is outside counts as zero.
  private static func value(_ text: Span<UInt8>, at start: Int, count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in start..<(start &+ count) {
      let byte = index >= 0 && index < text.count ? text[index] : 0x30
      value = value << 6 | UInt64(byte &- 0x30)
    }
    return value
  }
}

/// The pixels of a character.
public struct Glyph: Equatable, Sendable {
  /// Rows 0...7, the topmost in the highest byte.
  private let upper: UInt64
  /// Rows 8...15.
  private let lower: UInt64

  init(upper: UInt64, lower: UInt64) {
    self.upper = upper
    self.lower = lower
  }

  /// Row `index` from the top, 0...15, the leftmost pixel in the highest bit; 0 for other rows.
  public subscript(row index: Int) -> UInt8 {
    switch index {
    case 0..<8: UInt8(truncatingIfNeeded: upper >> UInt64(56 &- 8 &* index))
    case 8..<16: UInt8(truncatingIfNeeded: lower >> UInt64(120 &- 8 &* index))
    default: 0
    }
  }
}

extension Glyph {
  /// No pixel.
  static var blank: Glyph { Glyph(upper: 0, lower: 0) }
}
