/// A colour as a program asks for it: the terminal's own, one of 256, or red, green and blue.
public struct Color: Equatable, Sendable {
  /// The kind in bits 24 and 25; below it the number, or red, green and blue with blue lowest.
  let rawValue: UInt32

  private init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The terminal's own foreground or background.
  public static let standard = Color(rawValue: 0)

  /// One of xterm's 256: 0...7 dark, 8...15 bright, 16...231 a cube of six levels each, 232...255 greys.
  public static func palette(_ number: UInt8) -> Color { Color(rawValue: 1 << 24 | UInt32(number)) }

  /// Red, green and blue, each 0...255.
  public static func rgb(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Color {
    Color(rawValue: 2 << 24 | UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue))
  }

  /// The number in the palette, or nil for other colours.
  var paletteNumber: UInt8? { rawValue >> 24 == 1 ? UInt8(truncatingIfNeeded: rawValue) : nil }
}

/// Red, green and blue of a screen's pixel, each 0...255.
public struct RGB: Equatable, Sendable {
  /// Red in bits 16...23, green in 8...15, blue in 0...7.
  public var rawValue: UInt32

  /// The colour `0xRRGGBB`.
  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue & 0xff_ffff }

  /// Red.
  @inlinable
  public var red: UInt32 { rawValue >> 16 & 0xff }
  /// Green.
  @inlinable
  public var green: UInt32 { rawValue >> 8 & 0xff }
  /// Blue.
  @inlinable
  public var blue: UInt32 { rawValue & 0xff }

  /// Half as bright.
  var dimmed: RGB { RGB((rawValue >> 1 & 0x7f_7f7f) &+ (rawValue >> 3 & 0x1f_1f1f)) }

  /// The squared distance to `other`, with the weights that the eye gives: green most, blue least.
  func distance(to other: RGB) -> UInt32 {
    func square(_ left: UInt32, _ right: UInt32) -> UInt32 {
      let difference = left > right ? left &- right : right &- left
      return difference &* difference
    }
    return 2 &* square(red, other.red) &+ 4 &* square(green, other.green) &+ 3 &* square(blue, other.blue)
  }
}
