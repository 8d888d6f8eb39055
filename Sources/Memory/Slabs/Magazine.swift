/// Free objects of one cache at one CPU's hand, so that most allocations take no lock.
///
/// Used by its CPU only, with interrupts off. Source: Bonwick and Adams, Magazines and Vmem, USENIX 2001, section 3.
public struct Magazine: Sendable {
  /// How many objects the largest magazine holds.
  public static let capacity = 32

  private var objects = InlineArray<32, UInt>(repeating: 0)
  /// How many objects it holds.
  public private(set) var count: UInt32 = 0
  /// How many objects it may hold, 0...32. With 0 every request goes to the slabs.
  public let limit: UInt32

  /// Creates an empty magazine.
  public init(limit: UInt32) {
    self.limit = min(limit, UInt32(Self.capacity))
  }

  /// Takes an object out, or returns 0 when there is none.
  @inline(__always)
  public mutating func pop() -> UInt {
    guard count != 0 else { return 0 }
    count &-= 1
    return objects[Int(count & 31)]
  }

  /// Puts a free object in.
  ///
  /// - Returns: false, changing nothing, when the magazine is full.
  @inline(__always)
  public mutating func push(_ object: UInt) -> Bool {
    guard count < limit else { return false }
    objects[Int(count & 31)] = object
    count &+= 1
    return true
  }
}
