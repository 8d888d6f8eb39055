/// Where a colour's part stands in a pixel.
public struct ColorField: Equatable, Sendable {
  /// The lowest bit.
  public var position: UInt8
  /// How many bits.
  public var size: UInt8

  /// `size` bits from `position` up.
  public init(position: UInt8, size: UInt8) {
    self.position = position
    self.size = size
  }

  /// The bits of the field.
  var mask: UInt64 { ((1 << UInt64(size & 31)) &- 1) << UInt64(position & 63) }

  /// `value`, 0...255, in the field's place and precision.
  func encode(_ value: UInt32) -> UInt32 {
    // Wider fields repeat the highest bits below, so that 255 becomes all ones.
    let wide = value << 8 | value
    let scaled = size <= 16 ? wide >> UInt32(16 &- size) : wide
    return scaled << UInt32(position & 31)
  }
}

/// How pixels lie in a framebuffer with direct colours.
public struct FramebufferLayout: Equatable, Sendable {
  /// What keeps a framebuffer from being drawn on.
  public enum Problem: Error, Equatable, Sendable {
    /// Pixels are not of 15, 16, 24 or 32 bits.
    case unsupportedDepth
    /// A colour has no bits, more than 16, stands outside the pixel or over another colour.
    case badColorField
    /// Rows overlap, or width or height is 0 or more than 65,535.
    case badSize
    /// The memory ends before the last row does.
    case memoryTooSmall
    /// Not even one character fits.
    case tooSmallForText
  }

  /// Pixels in a row.
  public var width: Int
  /// Rows.
  public var height: Int
  /// Bytes from one row to the next.
  public var pitch: Int
  /// Bits in a pixel: 15, 16, 24 or 32.
  public var bitsPerPixel: Int
  /// Where red stands.
  public var red: ColorField
  /// Where green stands.
  public var green: ColorField
  /// Where blue stands.
  public var blue: ColorField

  /// A layout; `FramebufferDisplay` checks it.
  public init(
    width: Int, height: Int, pitch: Int, bitsPerPixel: Int, red: ColorField, green: ColorField, blue: ColorField
  ) {
    self.width = width
    self.height = height
    self.pitch = pitch
    self.bitsPerPixel = bitsPerPixel
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Bytes in a pixel: 2, 3 or 4.
  var bytesPerPixel: Int { (bitsPerPixel &+ 7) / 8 }

  /// `color` as a pixel.
  func encode(_ color: RGB) -> UInt32 {
    red.encode(color.red) | green.encode(color.green) | blue.encode(color.blue)
  }

  /// Checks that text can be drawn in `byteCount` bytes of memory.
  func check(byteCount: Int) throws(Problem) {
    guard bitsPerPixel == 15 || bitsPerPixel == 16 || bitsPerPixel == 24 || bitsPerPixel == 32 else {
      throw .unsupportedDepth
    }
    var used: UInt64 = 0
    try check(red, &used)
    try check(green, &used)
    try check(blue, &used)
    let sizes = 1...65_535
    guard sizes.contains(width), sizes.contains(height), pitch >= width * bytesPerPixel, pitch <= 1 << 20 else {
      throw .badSize
    }
    guard (height - 1) * pitch + width * bytesPerPixel <= byteCount else { throw .memoryTooSmall }
    guard width >= BitmapFont.width, height >= BitmapFont.height else { throw .tooSmallForText }
  }

  private func check(_ field: ColorField, _ used: inout UInt64) throws(Problem) {
    guard (1...16).contains(field.size), Int(field.position) + Int(field.size) <= bitsPerPixel, used & field.mask == 0
    else { throw .badColorField }
    used |= field.mask
  }
}
