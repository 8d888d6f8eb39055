/// Free objects of one cache at one CPU's hand, so that most requests take no lock and touch no slab.
///
/// Only its CPU uses it, with interrupts off. All zeros are a valid magazine: it is empty and has no room, so that the first
/// request goes to its cache, which says how much it may hold. Source: Bonwick and Adams, Magazines and Vmem, USENIX 2001,
/// section 3.
public struct Magazine: Sendable {
  /// How many objects the largest magazine holds.
  public static let capacity = 32

  private var countField: UInt32 = 0
  private var limitField: UInt32 = 0
  private var popCount: UInt64 = 0
  private var objects = InlineArray<32, UInt>(repeating: 0)

  /// Creates an empty magazine without room.
  public init() {}

  /// How many objects it holds.
  @inline(__always)
  public var count: Int { Int(countField) }

  /// How many objects it may hold, 0...`capacity`; 0 until its cache has seen it, and for ever when the cache debugs.
  @inline(__always)
  public internal(set) var limit: Int {
    get { Int(limitField) }
    set { limitField = UInt32(truncatingIfNeeded: min(newValue, Self.capacity)) }
  }

  /// Takes out the object that was put in last, or returns nil when there is none.
  @inline(__always)
  public mutating func pop() -> UInt? {
    guard countField != 0 else { return nil }
    countField &-= 1
    popCount &+= 1
    return objects[Int(countField & 31)]
  }

  /// Puts a free object in.
  ///
  /// - Returns: false, changing nothing, when the cache has to look at it: there is no room, or the object is likely the one
  ///   that was put in last and is freed twice.
  @inline(__always)
  public mutating func push(_ object: UInt) -> Bool {
    // Of an empty magazine this looks at a stale slot. Should that hold the same object, the cache sorts it out.
    guard countField < limitField, objects[Int((countField &- 1) & 31)] != object else { return false }
    append(object)
    return true
  }

  /// The object that was put in longest ago but `index`.
  @inline(__always)
  subscript(index: Int) -> UInt { objects[index & 31] }

  /// Puts an object in; there is room.
  @inline(__always)
  mutating func append(_ object: UInt) {
    objects[Int(countField & 31)] = object
    countField &+= 1
  }

  /// Takes out the `number` objects that were put in longest ago: those that the CPU's caches remember least.
  mutating func removeOldest(_ number: Int) {
    guard number > 0 else { return }
    for index in number..<max(number, count) { objects[(index &- number) & 31] = objects[index & 31] }
    countField &-= UInt32(truncatingIfNeeded: number)
  }

  /// How many objects `pop` has returned since this was last asked.
  mutating func takePopCount() -> UInt64 {
    defer { popCount = 0 }
    return popCount
  }
}
