/// Whether a cache checks everything that its users do.
public enum SlabDebugging: Sendable {
  /// Only what costs next to nothing is checked.
  case off
  /// Free objects are poisoned, every object lies between red zones, who asked for it is noted, and magazines stay empty.
  case on
}

/// How the objects of a cache lie in its slabs.
///
/// A slab is a power of two of frames, cut into places of `stride` bytes. A plain place is the object, and while that is free
/// its first word is a link. A debugging cache's place is the object, a red zone, notes of four words (the state, who asked
/// for it, who gave it back, the link), and the red zone before the next object.
public struct SlabLayout: Equatable, Sendable {
  /// The logarithm of the number of frames in the largest slab: 32 KiB.
  static let largestOrder = 3
  /// Bytes of the red zone before an object, and at the least behind it.
  static let redZone = 16
  private static let notes = 32
  /// Up to this alignment the first object of a slab has a red zone before it, too.
  private static let largestLeadingAlignment = 256

  private let objectSizeField: UInt32
  private let strideField: UInt32
  /// 2^32 divided by the stride and rounded up: multiplying by it divides by the stride.
  private let reciprocal: UInt32
  private let firstOffsetField: UInt16
  private let linkOffsetField: UInt16
  private let orderField: UInt8
  private let smallestOrderField: UInt8
  /// Whether there are red zones and notes.
  let isDebugging: Bool

  /// The layout for objects of `objectSize` bytes, 1...8,192, at multiples of `alignment`, a power of two up to 8,192.
  ///
  /// The order is the smallest that holds eight objects and wastes an eighth of the slab at most, or else the largest that
  /// wastes no more, or else the one that wastes least.
  public init(objectSize: Int, alignment: Int = 8, debugging: SlabDebugging = .off) {
    precondition(objectSize > 0 && objectSize <= SizeClasses.largest, "no slab holds objects of this size")
    precondition(
      alignment > 0 && alignment & (alignment - 1) == 0 && alignment <= SizeClasses.largest,
      "no slab holds objects of this alignment")
    let alignment = max(alignment, 8)
    isDebugging = debugging == .on
    let place = isDebugging ? (objectSize + 7) & ~7 + 2 * Self.redZone + Self.notes : objectSize
    let stride = (place + alignment - 1) & ~(alignment - 1)
    let hasLeadingZone = isDebugging && alignment <= Self.largestLeadingAlignment
    let firstOffset = hasLeadingZone ? max(alignment, Self.redZone) : 0
    objectSizeField = UInt32(objectSize)
    strideField = UInt32(stride)
    reciprocal = UInt32(((1 << 32) + stride - 1) / stride)
    firstOffsetField = UInt16(firstOffset)
    linkOffsetField = isDebugging ? UInt16((objectSize + 7) & ~7 + Self.redZone + 24) : 0

    func waste(_ order: Int) -> Int { (4096 << order) - (4096 << order) / stride * stride }
    func isThrifty(_ order: Int) -> Bool { waste(order) * 8 <= 4096 << order }
    func count(_ order: Int) -> Int { ((4096 << order) - firstOffset) / stride }
    var smallest = 0
    while count(smallest) == 0 { smallest += 1 }
    var best = smallest
    for order in smallest...Self.largestOrder {
      if isThrifty(best), count(best) >= 8 { break }
      if isThrifty(order) || !isThrifty(best) && waste(order) < waste(best) << (order - best) { best = order }
    }
    orderField = UInt8(best)
    smallestOrderField = UInt8(smallest)
  }

  /// No objects at all.
  init() {
    objectSizeField = 0
    strideField = 0
    reciprocal = 0
    firstOffsetField = 0
    linkOffsetField = 0
    orderField = 0
    smallestOrderField = 0
    isDebugging = false
  }

  /// Bytes that the user of an object may touch.
  public var objectSize: Int { Int(objectSizeField) }
  /// Bytes from one object to the next.
  @inline(__always)
  public var stride: Int { Int(strideField) }
  /// Bytes from the start of a slab to its first object.
  @inline(__always)
  public var firstOffset: Int { Int(firstOffsetField) }
  /// The logarithm of the number of frames in a slab of the usual size.
  public var order: Int { Int(orderField) }
  /// The logarithm of the number of frames in the smallest slab, made when there is no memory for the usual one.
  public var smallestOrder: Int { Int(smallestOrderField) }
  /// Objects in a slab of the usual size.
  public var objectsPerSlab: Int { objectCount(order: order) }

  /// Objects in a slab of 2^`order` frames.
  func objectCount(order: Int) -> Int { ((4096 << order) - firstOffset) / stride }

  /// Bytes from an object's first byte to its link.
  @inline(__always)
  var linkOffset: UInt { UInt(linkOffsetField) }

  /// Bytes from an object's first byte to its notes, of which the link is the last. Only for a debugging cache.
  var notesOffset: UInt { linkOffset &- 24 }

  /// The address of the object that is the `position`th, counted from 1, of the slab at `start`.
  @inline(__always)
  func address(ofObject position: Int, _ start: UInt) -> UInt {
    start &+ UInt(bitPattern: firstOffset &+ (position &- 1) &* stride)
  }

  /// The number of the object that begins `offset` bytes into its slab, or nil when none does.
  @inline(__always)
  func index(atOffset offset: UInt) -> Int? {
    guard offset >= UInt(firstOffset), offset < UInt(4096 << Self.largestOrder) else { return nil }
    let distance = UInt64(offset &- UInt(firstOffset))
    let index = (distance &* UInt64(reciprocal)) &>> 32
    return index &* UInt64(strideField) == distance ? Int(index) : nil
  }
}
