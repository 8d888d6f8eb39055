/// The characters of the VGA's built-in font. Sources: Unicode, MAPPINGS/VENDORS/MICSFT/PC/CP437.TXT and VENDORS/MISC/IBMGRAPH.TXT.
///
/// A character that the font lacks is shown by one that resembles it: letters without their accents, heavy lines as double ones,
/// rounded corners as sharp ones.
enum CodePage437 {
  /// Shown for a character that nothing in the font resembles: a small square.
  static let unknown: UInt8 = 0xfe

  /// The byte whose picture is that of `codePoint`, or most like it.
  static func byte(for codePoint: UInt32) -> UInt8 {
    switch codePoint {
    case 0x20...0x7e: UInt8(truncatingIfNeeded: codePoint)
    case 0xa0...0x17f: entry(latin, codePoint &- 0xa0)
    case 0x0391...0x03f5: greek(codePoint)
    case 0x2000...0x200a: 0x20
    case 0x2010...0x206f, 0x20a0...0x20bf: punctuation(codePoint)
    case 0x2070...0x209f, 0x2100...0x23ff: mathematics(codePoint)
    case 0x2500...0x257f: entry(boxes, codePoint &- 0x2500)
    case 0x2580...0x259f: entry(blocks, codePoint &- 0x2580)
    case 0x25a0...0x27ff: symbol(codePoint)
    case 0x2800...0x28ff: braille(codePoint)
    case 0xfffd: 0x3f
    default: codePoint == 0x0192 ? 0x9f : unknown
    }
  }

  /// Byte `index` of a table written in hexadecimal.
  private static func entry(_ table: String, _ index: UInt32) -> UInt8 {
    let digits = table.utf8Span.span
    let place = Int(index) &* 2
    guard place &+ 1 < digits.count else { return unknown }
    func value(_ digit: UInt8) -> UInt8 { digit <= 0x39 ? digit &- 0x30 : digit &- 0x57 }
    return value(digits[place]) << 4 | value(digits[place &+ 1])
  }

  /// U+00A0...U+017F.
  private static var latin: String {
    """
    ffad9b9c0f9d7c152263a6aeaa2d72c4f8f1fd3327e614fa2c31a7afacabfea8414141418e8f92804590454549494949\
    44a54f4f4f4f99784f5555559a59fee185a08361848691878a8288898da18c8b64a495a2936f94f66f97a3968179fe98\
    416141614161436343634363436344644464456545654565456545654767476747674767486848684969496949694969\
    496949694a6a4b6b6b4c6c4c6c4c6c4c6c4c6c4e6e4e6e4e6e6e4e6e4f6f4f6f4f6f4f6f527252725272537353735373\
    537354745474547455755575557555755575557557775979595a7a5a7a5a7a73
    """
  }

  /// U+2500...U+257F.
  private static var boxes: String {
    """
    c4cdb3bac4c4b3b3c4c4b3b3dadadac9bfbfbfbbc0c0c0c8d9d9d9bcc3c3c3c3c3c3c3ccb4b4b4b4b4b4b4b9c2c2c2c2\
    c2c2c2cbc1c1c1c1c1c1c1cac5c5c5c5c5c5c5c5c5c5c5c5c5c5c5cec4c4b3b3cdbad5d6c9b8b7bbd4d3c8bebdbcc6c7\
    ccb5b6b9d1d2cbcfd0cad8d7cedabfd9c02f5c58c4b3c4b3c4b3c4b3c4b3c4b3
    """
  }

  /// U+2580...U+259F.
  private static var blocks: String {
    """
    df5fdcdcdcdbdbdbdbdbdbddddddddb3deb0b1b2dfdedcdcdfdbb1dbdbdfb1db
    """
  }

  /// Greek letters.
  private static func greek(_ codePoint: UInt32) -> UInt8 {
    switch codePoint {
    case 0x0393: 0xe2
    case 0x0398: 0xe9
    case 0x03a0, 0x03c0: 0xe3
    case 0x03a3: 0xe4
    case 0x03a6: 0xe8
    case 0x03a9: 0xea
    case 0x03b1: 0xe0
    case 0x03b2: 0xe1
    case 0x03b4: 0xeb
    case 0x03b5, 0x03f5: 0xee
    case 0x03bc: 0xe6
    case 0x03c3: 0xe5
    case 0x03c4: 0xe7
    case 0x03c6: 0xed
    default: unknown
    }
  }

  /// General punctuation and currency signs.
  private static func punctuation(_ codePoint: UInt32) -> UInt8 {
    switch codePoint {
    case 0x2010, 0x2011, 0x2012, 0x2013, 0x2014: 0x2d
    case 0x2015: 0xc4
    case 0x2018, 0x2019, 0x201b, 0x2032: 0x27
    case 0x201a: 0x2c
    case 0x201c, 0x201d, 0x201e, 0x201f, 0x2033: 0x22
    case 0x2022: 0x07
    case 0x2024, 0x2026: 0x2e
    case 0x2039: 0x3c
    case 0x203a: 0x3e
    case 0x203c: 0x13
    case 0x2044: 0x2f
    case 0x20a7: 0x9e
    case 0x20ac: 0x45
    default: unknown
    }
  }

  /// Arrows, mathematical and technical signs.
  private static func mathematics(_ codePoint: UInt32) -> UInt8 {
    switch codePoint {
    case 0x207f: 0xfc
    case 0x2126: 0xea
    case 0x2190, 0x21d0: 0x1b
    case 0x2191, 0x21d1: 0x18
    case 0x2192, 0x21d2: 0x1a
    case 0x2193, 0x21d3: 0x19
    case 0x2194: 0x1d
    case 0x2195: 0x12
    case 0x21a8: 0x17
    case 0x2205: 0xed
    case 0x2208: 0xee
    case 0x220f: 0xe3
    case 0x2211: 0xe4
    case 0x2212: 0x2d
    case 0x2215: 0x2f
    case 0x2217: 0x2a
    case 0x2219: 0xf9
    case 0x221a: 0xfb
    case 0x221e: 0xec
    case 0x221f: 0x1c
    case 0x2223: 0x7c
    case 0x2225: 0xba
    case 0x2229: 0xef
    case 0x2248: 0xf7
    case 0x2261: 0xf0
    case 0x2264: 0xf3
    case 0x2265: 0xf2
    case 0x226a: 0xae
    case 0x226b: 0xaf
    case 0x2302: 0x7f
    case 0x2310: 0xa9
    case 0x2320: 0xf4
    case 0x2321: 0xf5
    case 0x23ba, 0x23bb, 0x23bc: 0xc4
    case 0x23bd: 0x5f
    default: unknown
    }
  }

  /// Geometric shapes and pictures.
  private static func symbol(_ codePoint: UInt32) -> UInt8 {
    switch codePoint {
    case 0x25a0, 0x25aa: 0xfe
    case 0x25ac: 0x16
    case 0x25ae: 0xdb
    case 0x25b2: 0x1e
    case 0x25b6, 0x25ba: 0x10
    case 0x25bc: 0x1f
    case 0x25c0, 0x25c4: 0x11
    case 0x25c6, 0x25ca, 0x2666: 0x04
    case 0x25cb: 0x09
    case 0x25cf: 0x07
    case 0x25d8: 0x08
    case 0x25d9: 0x0a
    case 0x263a: 0x01
    case 0x263b: 0x02
    case 0x263c: 0x0f
    case 0x2640: 0x0c
    case 0x2642: 0x0b
    case 0x2660: 0x06
    case 0x2663: 0x05
    case 0x2665: 0x03
    case 0x266a: 0x0d
    case 0x266b: 0x0e
    case 0x2713, 0x2714: 0xfb
    case 0x2717, 0x2718: 0x78
    default: unknown
    }
  }

  /// Dots by where most of them are: the lower half of a cell has bits 2, 5, 6 and 7.
  private static func braille(_ codePoint: UInt32) -> UInt8 {
    let dots = codePoint & 0xff
    let lower = (dots & 0b1110_0100).nonzeroBitCount
    let upper = (dots & 0b0001_1011).nonzeroBitCount
    switch (upper, lower) {
    case (0, 0): return 0x20
    case (0...1, 0...1): return 0xfa
    case (2..., 0...1): return 0xdf
    case (0...1, 2...): return 0xdc
    default: return 0xdb
    }
  }
}
