/// The state of a slab, kept in the `index` of its first frame's descriptor.
struct SlabState: Equatable {
  /// The number of the first linked free object plus 1, or 0 when none is linked.
  var firstFree: Int
  /// Objects that are not free: in use, in a magazine, or out of use.
  var taken: Int
  /// Objects that were ever handed out; those from here on are free, and nothing was written to them yet.
  var touched: Int
  /// Objects that the slab has room for.
  let total: Int

  /// The state of a new slab.
  init(total: Int) {
    firstFree = 0
    taken = 0
    touched = 0
    self.total = total
  }

  @inline(__always)
  init(_ rawValue: UInt64) {
    firstFree = Int(rawValue & 0xffff)
    taken = Int(rawValue >> 16 & 0xffff)
    touched = Int(rawValue >> 32 & 0xffff)
    total = Int(rawValue >> 48)
  }

  @inline(__always)
  var rawValue: UInt64 {
    UInt64(truncatingIfNeeded: firstFree | taken &<< 16 | touched &<< 32) | UInt64(truncatingIfNeeded: total) &<< 48
  }

  /// Which of a cache's lists a slab belongs on.
  enum Occupancy { case empty, partial, full }

  @inline(__always)
  var occupancy: Occupancy { taken == 0 ? .empty : taken == total ? .full : .partial }
}
