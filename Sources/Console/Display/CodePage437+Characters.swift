/// The characters of the VGA's font by their bytes, for programs that choose it by `ESC [ 11 m`.
extension CodePage437 {
  /// Whether `byte` is shown then. The others still control the terminal. Source: Linux, drivers/tty/vt/vt.c, CTRL_ALWAYS.
  static func isShown(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x00, 0x08, 0x0a, 0x0c...0x0f, 0x1b: false
    default: true
    }
  }

  /// The character of `byte`.
  static func scalar(_ byte: UInt8) -> Unicode.Scalar {
    switch byte {
    case 0x00...0x1f: entry(pictures, Int(byte))
    case 0x20...0x7e: Unicode.Scalar(byte)
    case 0x7f: "\u{2302}"
    default: entry(upper, Int(byte &- 0x80))
    }
  }

  /// Entry `index` of a table of four hexadecimal digits each.
  private static func entry(_ table: String, _ index: Int) -> Unicode.Scalar {
    let digits = table.utf8Span.span
    var value: UInt32 = 0
    for place in (4 &* index)..<(4 &* index &+ 4) where place < digits.count {
      let digit = UInt32(digits[place])
      value = value << 4 | (digit <= 0x39 ? digit &- 0x30 : digit &- 0x57)
    }
    return Unicode.Scalar(value) ?? "\u{fffd}"
  }

  /// 0x00...0x1F.
  private static var pictures: String {
    """
    0020263a263b2665266626632660202225d825cb25d926422640266a266b263c25ba25c42195203c00b600a725ac21a8\
    2191219321922190221f219425b225bc
    """
  }

  /// 0x80...0xFF.
  private static var upper: String {
    """
    00c700fc00e900e200e400e000e500e700ea00eb00e800ef00ee00ec00c400c500c900e600c600f400f600f200fb00f9\
    00ff00d600dc00a200a300a520a7019200e100ed00f300fa00f100d100aa00ba00bf231000ac00bd00bc00a100ab00bb\
    259125922593250225242561256225562555256325512557255d255c255b251025142534252c251c2500253c255e255f\
    255a25542569256625602550256c25672568256425652559255825522553256b256a2518250c25882584258c25902580\
    03b100df039303c003a303c300b503c403a6039803a903b4221e03c603b52229226100b1226522642320232100f72248\
    00b0221900b7221a207f00b225a000a0
    """
  }
}
