/// How a character is drawn besides its colours. Source: ECMA-48, 8.3.117 (SGR).
public struct TextAttributes: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8

  /// The attributes with these bits.
  @inlinable
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Bold letters, and bright ones for the dark basic colours.
  public static let bold = TextAttributes(rawValue: 1)
  /// Half as bright.
  public static let dim = TextAttributes(rawValue: 2)
  /// A line below.
  public static let underlined = TextAttributes(rawValue: 4)
  /// Text and background exchanged.
  public static let reversed = TextAttributes(rawValue: 8)
  /// Not to be seen.
  public static let concealed = TextAttributes(rawValue: 16)
}

/// Colours and attributes of a character.
public struct CellStyle: Equatable, Sendable {
  /// The colour of the text.
  public var foreground: Color
  /// The colour behind it.
  public var background: Color
  /// How it is drawn.
  public var attributes: TextAttributes

  /// A style, plain by default.
  public init(
    foreground: Color = .standard, background: Color = .standard, attributes: TextAttributes = []
  ) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }
}

/// One character position of a screen: twelve bytes.
public struct Cell: Equatable, Sendable {
  /// The character in bits 0...20, the attributes in 24...31.
  private var content: UInt32
  private var foreground: Color
  private var background: Color

  /// The character `scalar` in `style`.
  public init(_ scalar: Unicode.Scalar, _ style: CellStyle = CellStyle()) {
    content = scalar.value | UInt32(style.attributes.rawValue) << 24
    foreground = style.foreground
    background = style.background
  }

  private init(content: UInt32) {
    self.content = content
    foreground = .standard
    background = .standard
  }

  /// What no character of a program equals: marks places whose look is not known.
  static let unknown = Cell(content: 0x00ff_ffff)

  /// The code point of the character.
  public var codePoint: UInt32 { content & 0x1f_ffff }

  /// Its style.
  public var style: CellStyle {
    CellStyle(
      foreground: foreground, background: background,
      attributes: TextAttributes(rawValue: UInt8(truncatingIfNeeded: content >> 24)))
  }

  /// The same with text and background exchanged, as a cursor shows it.
  var inverted: Cell {
    var cell = self
    cell.content ^= UInt32(TextAttributes.reversed.rawValue) << 24
    return cell
  }
}
