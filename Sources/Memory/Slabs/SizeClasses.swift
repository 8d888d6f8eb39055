/// The sizes of objects that nobody named a cache for.
///
/// Four steps to each doubling from 64 bytes on, so that at most a fifth of an object is wasted; multiples of 16 throughout.
public enum SizeClasses {
  /// How many classes there are.
  public static let count = 27
  /// The largest object; more is allocated in whole pages.
  public static let largest = 8192

  private static let sizes: InlineArray<27, UInt16> = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 2048,
    3072,
    4096, 6144, 8192,
  ]

  /// The class of 16 × n bytes, for n up to 64.
  private static let small: InlineArray<65, UInt8> = [
    0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15,
    15, 16,
    16, 16, 16, 16, 16, 16, 16, 17, 17, 17, 17, 17, 17, 17, 17, 18, 18, 18, 18, 18, 18, 18, 18, 19, 19, 19, 19, 19, 19,
    19, 19,
  ]

  /// The class of 256 × n bytes, for n from 5 to 32.
  private static let large: InlineArray<33, UInt8> = [
    19, 19, 19, 19, 19, 20, 21, 22, 22, 23, 23, 23, 23, 24, 24, 24, 24, 25, 25, 25, 25, 25, 25, 25, 25, 26, 26, 26, 26,
    26, 26,
    26, 26,
  ]

  /// Bytes of an object of class `index`, 0..<count.
  public static func size(_ index: Int) -> Int { Int(sizes[index]) }

  /// The class for `byteCount` bytes, or nil when they are too many.
  @inline(__always)
  public static func index(byteCount: UInt) -> Int? {
    if byteCount <= 1024 { return Int(small[Int((byteCount &+ 15) >> 4)]) }
    if byteCount <= UInt(largest) { return Int(large[Int((byteCount &+ 255) >> 8)]) }
    return nil
  }

  /// The class for `byteCount` bytes at a multiple of `alignment`, a power of two, or nil when no class will do.
  ///
  /// Objects whose size is a power of two lie at multiples of it, up to a page.
  @inline(__always)
  public static func index(byteCount: UInt, alignment: UInt) -> Int? {
    if alignment <= 16 { return index(byteCount: byteCount) }
    guard alignment <= 4096, byteCount <= UInt(largest) else { return nil }
    let wanted = max(byteCount, alignment)
    return index(byteCount: 1 << UInt(UInt.bitWidth - (wanted &- 1).leadingZeroBitCount))
  }
}
