/// Four characters of a name, the first in the lowest byte; shorter names are filled with underscores.
public struct AMLNameSegment: Equatable, Sendable, ExpressibleByStringLiteral {
  /// The characters, as they stand in AML read as a little-endian number.
  public var rawValue: UInt32

  /// Creates a segment from four characters of AML.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Creates a segment from up to four characters, such as `_STA`; what follows is cut off.
  public init(stringLiteral text: String) {
    rawValue = 0x5f5f_5f5f
    var index = 0
    for byte in text.utf8 where index < 4 {
      setCharacter(index, byte)
      index += 1
    }
  }

  /// Character `index`, 0...3.
  public func character(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: rawValue >> UInt32((index & 3) * 8)) }

  mutating func setCharacter(_ index: Int, _ byte: UInt8) {
    let shift = UInt32((index & 3) * 8)
    rawValue = rawValue & ~(0xff << shift) | UInt32(byte) << shift
  }

  /// Whether AML can name something so: a letter or underscore first, then also digits.
  var isValid: Bool {
    guard Self.isLeading(character(0)) else { return false }
    for index in 1..<4 where !Self.isLeading(character(index)) && !(0x30...0x39).contains(character(index)) {
      return false
    }
    return true
  }

  /// Whether a name may begin with `byte`.
  static func isLeading(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte) || byte == 0x5f }
}
