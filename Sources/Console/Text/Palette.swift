/// What the 16 basic colours and the terminal's own look like on a screen of pixels.
public struct Palette: Sendable {
  /// The colours 0...15, in SGR's order: black, red, green, yellow, blue, magenta, cyan, white, then the bright ones.
  public var basic: InlineArray<16, RGB>
  /// Text that asks for no colour.
  public var foreground: RGB
  /// Background that asks for no colour.
  public var background: RGB

  /// A palette.
  public init(basic: InlineArray<16, RGB>, foreground: RGB, background: RGB) {
    self.basic = basic
    self.foreground = foreground
    self.background = background
  }

  /// The colours of the VGA's text mode. Source: IBM VGA, default colour registers for modes 0 to 3.
  public static var vga: Palette {
    Palette(
      basic: [
        RGB(0x00_0000), RGB(0xaa_0000), RGB(0x00_aa00), RGB(0xaa_5500), RGB(0x00_00aa), RGB(0xaa_00aa), RGB(0x00_aaaa),
        RGB(0xaa_aaaa), RGB(0x55_5555), RGB(0xff_5555), RGB(0x55_ff55), RGB(0xff_ff55), RGB(0x55_55ff),
        RGB(0xff_55ff), RGB(0x55_ffff), RGB(0xff_ffff),
      ], foreground: RGB(0xaa_aaaa), background: RGB(0x00_0000))
  }

  /// Softer colours on a night sky, for screens that can show them; each keeps a contrast of 4.5 to 1 or more to the background
  /// except the two blacks and dark blue.
  public static var apus: Palette {
    Palette(
      basic: [
        RGB(0x1b_222c), RGB(0xe0_5a5a), RGB(0x6f_c07a), RGB(0xd9_a85b), RGB(0x4f_86d8), RGB(0xb5_7fd0), RGB(0x4d_b8b8),
        RGB(0xc4_ccd6), RGB(0x74_8294), RGB(0xff_7b72), RGB(0x8f_e09a), RGB(0xff_cf7a), RGB(0x79_b8ff),
        RGB(0xd8_a8f0), RGB(0x7f_e0e0), RGB(0xf6_f8fa),
      ], foreground: RGB(0xc4_ccd6), background: RGB(0x0d_1117))
  }

  /// How `number` looks. Source for 16...255: xterm, 256colres.h.
  func color(_ number: UInt8) -> RGB {
    switch number {
    case 0...15: return basic[Int(number)]
    case 16...231:
      let cube = UInt32(number) &- 16
      return RGB(Self.level(cube / 36) << 16 | Self.level(cube / 6 % 6) << 8 | Self.level(cube % 6))
    default:
      return RGB((8 &+ 10 &* (UInt32(number) &- 232)) &* 0x01_0101)
    }
  }

  private static func level(_ step: UInt32) -> UInt32 { step == 0 ? 0 : 55 &+ 40 &* step }

  /// How `color` looks; `standard` is what stands for the terminal's own.
  func resolve(_ color: Color, standard: RGB) -> RGB {
    if color == .standard { return standard }
    if let number = color.paletteNumber { return self.color(number) }
    return RGB(color.rawValue)
  }

  /// The pixel colours of a cell's text and background: reversed, dimmed and brightened as its style says.
  func colors(of cell: Cell) -> (foreground: RGB, background: RGB) {
    let style = cell.style
    var text = style.foreground
    if style.attributes.contains(.bold), let number = text.paletteNumber, number < 8 { text = .palette(number | 8) }
    var foreground = resolve(text, standard: foreground)
    if style.attributes.contains(.bold) && text == .standard { foreground = basic[15] }
    if style.attributes.contains(.dim) { foreground = foreground.dimmed }
    let background = resolve(style.background, standard: background)
    if style.attributes.contains(.concealed) { return (background, background) }
    return style.attributes.contains(.reversed) ? (background, foreground) : (foreground, background)
  }

  /// The basic colour nearest to `color`, or `standard` for the terminal's own.
  func nearestBasic(_ color: Color, standard: UInt8) -> UInt8 {
    if color == .standard { return standard }
    if let number = color.paletteNumber, number < 16 { return number }
    let wanted = resolve(color, standard: foreground)
    var best: UInt8 = 0
    var bestDistance = UInt32.max
    for number in 0..<UInt8(16) {
      let distance = basic[Int(number)].distance(to: wanted)
      if distance < bestDistance {
        best = number
        bestDistance = distance
      }
    }
    return best
  }
}
