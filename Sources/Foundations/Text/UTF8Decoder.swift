/// Decodes UTF-8 byte by byte and never fails: what is malformed becomes U+FFFD.
///
/// Refuses overlong forms, surrogates and values above U+10FFFF, and puts one U+FFFD for each longest piece that could have
/// begun a character, so that its output equals that of every other decoder that follows the recommendation. Sources: Unicode
/// Standard 16.0, table 3-7 and section 3.9; WHATWG Encoding Standard, "UTF-8 decoder".
public struct UTF8Decoder: Sendable {
  /// What a byte led to.
  public enum Step: Equatable, Sendable {
    /// The byte begins or continues a character.
    case incomplete
    /// The byte ends this character.
    case scalar(Unicode.Scalar)
    /// The byte is malformed: U+FFFD stands for it.
    case malformed
    /// The character before the byte was cut off: U+FFFD stands for it, and the byte must be given again.
    case malformedBeforeByte
  }

  private var value: UInt32 = 0
  private var bytesNeeded: UInt8 = 0
  /// The range in which the next byte must lie; narrower than 0x80...0xBF behind some first bytes.
  private var lower: UInt8 = 0x80
  private var upper: UInt8 = 0xbf

  /// Creates a decoder that stands between two characters.
  @inlinable
  public init() {}

  /// Whether it stands inside a character.
  public var isInsideCharacter: Bool { bytesNeeded != 0 }

  /// Takes the next byte.
  public mutating func decode(_ byte: UInt8) -> Step {
    guard bytesNeeded == 0 else { return decodeContinuation(byte) }
    switch byte {
    case 0x00...0x7f: return .scalar(Unicode.Scalar(byte))
    case 0xc2...0xdf: begin(byte & 0x1f, bytesNeeded: 1)
    case 0xe0: begin(0, bytesNeeded: 2, lower: 0xa0)
    case 0xed: begin(0xd, bytesNeeded: 2, upper: 0x9f)
    case 0xe1...0xef: begin(byte & 0xf, bytesNeeded: 2)
    case 0xf0: begin(0, bytesNeeded: 3, lower: 0x90)
    case 0xf1...0xf3: begin(byte & 0x7, bytesNeeded: 3)
    case 0xf4: begin(4, bytesNeeded: 3, upper: 0x8f)
    default: return .malformed
    }
    return .incomplete
  }

  /// Ends the input: returns true when it stopped inside a character, for which U+FFFD stands.
  public mutating func finish() -> Bool {
    let wasInside = isInsideCharacter
    self = UTF8Decoder()
    return wasInside
  }

  private mutating func begin(_ bits: UInt8, bytesNeeded: UInt8, lower: UInt8 = 0x80, upper: UInt8 = 0xbf) {
    self.value = UInt32(bits)
    self.bytesNeeded = bytesNeeded
    self.lower = lower
    self.upper = upper
  }

  private mutating func decodeContinuation(_ byte: UInt8) -> Step {
    guard byte >= lower && byte <= upper else {
      self = UTF8Decoder()
      return .malformedBeforeByte
    }
    lower = 0x80
    upper = 0xbf
    value = value << 6 | UInt32(byte & 0x3f)
    bytesNeeded &-= 1
    guard bytesNeeded == 0 else { return .incomplete }
    // The ranges above leave only scalar values.
    return Unicode.Scalar(value).map { .scalar($0) } ?? .malformed
  }
}
