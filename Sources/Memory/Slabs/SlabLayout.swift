/// How the objects of a cache lie in their slabs.
public struct SlabLayout: Equatable, Sendable {
  /// Bytes that a user of an object may touch.
  public let objectSize: Int
  /// Bytes from one object to the next.
  public let stride: Int
  /// Bytes of the red zone before each object; 0 without debugging.
  public let leadingZone: Int
  /// The logarithm of the number of frames in a slab.
  public let order: Int
  /// Objects in a slab.
  public let capacity: Int
  /// 2^32 divided by `stride`, rounded up: multiplying by it divides by the stride.
  let reciprocal: UInt64

  /// Bytes after the object when debugging: a red zone of 8 and a mark of 8 and the caller of 8.
  static let trailingZone = 24
  private static let pageSize = 4096
  private static let largestOrder = 3

  /// The layout for objects of `objectSize` bytes, 1...8192, at multiples of `alignment`, a power of two up to 4096.
  ///
  /// The smallest slab that wastes at most an eighth of itself, or else the largest.
  public init(objectSize: Int, alignment: Int, isDebugged: Bool) {
    let alignment = max(alignment, 16)
    self.objectSize = objectSize
    leadingZone = isDebugged ? alignment : 0
    let whole = isDebugged ? leadingZone + (objectSize + 7) & ~7 + Self.trailingZone : objectSize
    let stride = (whole + alignment - 1) & ~(alignment - 1)
    self.stride = stride
    var order = 0
    while order < Self.largestOrder {
      let size = Self.pageSize << order
      if size >= 4 * stride || order == Self.largestOrder, size % stride <= size / 8 { break }
      order += 1
    }
    self.order = order
    capacity = max(1, (Self.pageSize << order) / stride)
    reciprocal = ((1 << 32) + UInt64(stride) - 1) / UInt64(stride)
  }

  /// The number of the object that begins `offset` bytes into its slab, or nil when none does.
  @inline(__always)
  func index(atOffset offset: UInt) -> Int? {
    let index = (UInt64(offset) &* reciprocal) >> 32
    guard index &* UInt64(stride) == UInt64(offset), index < UInt64(capacity) else { return nil }
    return Int(index)
  }
}
