/// The character sets that `ESC (` and `ESC )` choose from.
enum CharacterSet: Sendable {
  /// Characters as they are.
  case unicode
  /// DEC's special graphics: lines and corners in place of small letters.
  case specialGraphics

  /// The set that `ESC (` with this final byte chooses.
  init(final byte: UInt8) { self = byte == UInt8(ascii: "0") ? .specialGraphics : .unicode }

  /// What `scalar` means in this set. Source: DEC VT100 User Guide, table 3-9.
  func translate(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    guard self == .specialGraphics else { return scalar }
    switch scalar {
    case "`": return "\u{25c6}"
    case "a": return "\u{2592}"
    case "f": return "\u{00b0}"
    case "g": return "\u{00b1}"
    case "j": return "\u{2518}"
    case "k": return "\u{2510}"
    case "l": return "\u{250c}"
    case "m": return "\u{2514}"
    case "n": return "\u{253c}"
    case "o": return "\u{23ba}"
    case "p": return "\u{23bb}"
    case "q": return "\u{2500}"
    case "r": return "\u{23bc}"
    case "s": return "\u{23bd}"
    case "t": return "\u{251c}"
    case "u": return "\u{2524}"
    case "v": return "\u{2534}"
    case "w": return "\u{252c}"
    case "x": return "\u{2502}"
    case "y": return "\u{2264}"
    case "z": return "\u{2265}"
    case "{": return "\u{03c0}"
    case "|": return "\u{2260}"
    case "}": return "\u{00a3}"
    case "~": return "\u{00b7}"
    default: return scalar
    }
  }
}
