/// The sizes of objects that nobody named a cache for: multiples of 8 up to 64, from there on four steps a doubling.
///
/// A request rounded up to a class grows by less than a fifth from 64 bytes on, and by less than 8 bytes below. The size of
/// a class is a multiple of every alignment that a request which falls into it can ask for, and objects lie at multiples of
/// the largest power of two that divides their size, so alignment needs no look-up of its own.
public enum SizeClasses {
  /// How many classes there are.
  public static let count = 36
  /// The largest object in bytes; more is allocated in whole pages.
  public static let largest = 8192

  /// The class for `byteCount` bytes at a multiple of `alignment`, in constant time and without a branch but one.
  ///
  /// - Parameters:
  ///   - byteCount: 1...8,192; for anything else there is no class.
  ///   - alignment: a power of two; above 8,192 there is no class.
  /// - Returns: 0..<`count`, or nil when no class will do.
  @inline(__always)
  public static func index(byteCount: UInt, alignment: UInt) -> Int? {
    // For a power of two `a`, `(n - 1) | (a - 1)` is one less than `n` rounded up to a multiple of `a`.
    let last = (byteCount &- 1) | (alignment &- 1)
    guard last < UInt(largest) else { return nil }
    // Of the range from one power of two to the next, the two bits behind the highest tell the four steps apart. Up to 64
    // the three bits from 8 on do, as if the highest were always 32.
    let shift = 61 &- (last | 32).leadingZeroBitCount
    return shift &* 4 &- 12 &+ Int(last &>> UInt(shift))
  }

  /// Bytes of an object of class `index`, which is 0..<`count`.
  @inline(__always)
  public static func size(_ index: Int) -> Int {
    index < 8 ? (index &+ 1) &* 8 : (index & 3 &+ 5) &<< (index >> 2 &+ 2)
  }

  /// What every object of class `index` is aligned to: the largest power of two that divides its size.
  public static func alignment(_ index: Int) -> Int { size(index) & -size(index) }

  /// The name of class `index` in `/proc/slabinfo`.
  public static func name(_ index: Int) -> StaticString { names[index] }

  private static let names: InlineArray<36, StaticString> = [
    "kmalloc-8", "kmalloc-16", "kmalloc-24", "kmalloc-32", "kmalloc-40", "kmalloc-48", "kmalloc-56", "kmalloc-64",
    "kmalloc-80", "kmalloc-96", "kmalloc-112", "kmalloc-128", "kmalloc-160", "kmalloc-192", "kmalloc-224",
    "kmalloc-256", "kmalloc-320", "kmalloc-384", "kmalloc-448", "kmalloc-512", "kmalloc-640", "kmalloc-768",
    "kmalloc-896", "kmalloc-1k", "kmalloc-1280", "kmalloc-1536", "kmalloc-1792", "kmalloc-2k", "kmalloc-2560",
    "kmalloc-3k", "kmalloc-3584", "kmalloc-4k", "kmalloc-5k", "kmalloc-6k", "kmalloc-7k", "kmalloc-8k",
  ]
}
