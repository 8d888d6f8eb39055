/// Reads numbers and switches out of text, as Linux reads those of its command line and of files that are written.
public enum NumberText {
  /// The number that all of `text` spells: decimal, hexadecimal behind `0x`, octal behind `0`; nil when it is none or too large.
  public static func integer(_ text: Span<UInt8>) -> UInt64? {
    var position = 0
    guard let value = leadingInteger(text, &position), position == text.count else { return nil }
    return value
  }

  /// The size that all of `text` spells: a number and at most one of K, M, G, T, P, E, each 1,024 times the one before.
  public static func size(_ text: Span<UInt8>) -> UInt64? {
    var position = 0
    guard let value = leadingInteger(text, &position) else { return nil }
    guard position < text.count else { return value }
    let shift: UInt64
    switch text[position] | 0x20 {
    case UInt8(ascii: "k"): shift = 10
    case UInt8(ascii: "m"): shift = 20
    case UInt8(ascii: "g"): shift = 30
    case UInt8(ascii: "t"): shift = 40
    case UInt8(ascii: "p"): shift = 50
    case UInt8(ascii: "e"): shift = 60
    default: return nil
    }
    guard position &+ 1 == text.count, value <= UInt64.max >> shift else { return nil }
    return value << shift
  }

  /// Whether `text` means on (1, y, t, on) or off (0, n, f, of), judged by its first characters; nil for anything else.
  public static func flag(_ text: Span<UInt8>) -> Bool? {
    guard text.count > 0 else { return nil }
    switch text[0] {
    case UInt8(ascii: "1"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "t"), UInt8(ascii: "T"): return true
    case UInt8(ascii: "0"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "f"), UInt8(ascii: "F"): return false
    case UInt8(ascii: "o"), UInt8(ascii: "O"):
      guard text.count > 1 else { return nil }
      switch text[1] | 0x20 {
      case UInt8(ascii: "n"): return true
      case UInt8(ascii: "f"): return false
      default: return nil
      }
    default: return nil
    }
  }

  /// The number that begins at `position`, which moves behind its last digit.
  private static func leadingInteger(_ text: Span<UInt8>, _ position: inout Int) -> UInt64? {
    var radix: UInt64 = 10
    if position < text.count && text[position] == 0x30 {
      radix = 8
      if position &+ 2 < text.count && text[position &+ 1] | 0x20 == UInt8(ascii: "x"),
        digit(text[position &+ 2], radix: 16) != nil
      {
        radix = 16
        position &+= 2
      }
    }
    var value: UInt64 = 0
    let start = position
    while position < text.count, let digit = digit(text[position], radix: radix) {
      let (product, overflowed) = value.multipliedReportingOverflow(by: radix)
      let (sum, carried) = product.addingReportingOverflow(digit)
      if overflowed || carried { return nil }
      value = sum
      position &+= 1
    }
    return position > start ? value : nil
  }

  private static func digit(_ byte: UInt8, radix: UInt64) -> UInt64? {
    let value: UInt64
    switch byte {
    case 0x30...0x39: value = UInt64(byte &- 0x30)
    case 0x41...0x46: value = UInt64(byte &- 0x37)
    case 0x61...0x66: value = UInt64(byte &- 0x57)
    default: return nil
    }
    return value < radix ? value : nil
  }
}
