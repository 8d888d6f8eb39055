/// Kinds of characters as Linux's line discipline sees them: Latin-1. Source: Linux lib/ctype.c, by its results.
enum CharacterKind {
  @inline(__always)
  static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7f }

  static func isCapital(_ byte: UInt8) -> Bool {
    (byte >= 0x41 && byte <= 0x5a) || (byte >= 0xc0 && byte <= 0xde && byte != 0xd7)
  }

  static func isSmall(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte != 0xf7)
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || isCapital(byte) || isSmall(byte)
  }

  static func small(_ byte: UInt8) -> UInt8 { isCapital(byte) ? byte + 0x20 : byte }

  static func capital(_ byte: UInt8) -> UInt8 { isSmall(byte) ? byte - 0x20 : byte }
}
