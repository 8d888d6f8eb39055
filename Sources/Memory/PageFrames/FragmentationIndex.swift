extension MemoryZone {
  /// Why a block of `order` could not be had: towards 0 for lack of memory, towards 1000 for its being in pieces.
  ///
  /// - Returns: a value from 0 to 1000, or nil when there is such a block.
  /// Source: Linux Documentation/admin-guide/sysctl/vm.rst, extfrag_threshold.
  public func fragmentationIndex(order: Int) -> Int? {
    var blockCount = 0
    for size in 0..<Self.orderCount {
      blockCount += freeBlockCount(order: size)
      if size >= order && freeBlockCount(order: size) > 0 { return nil }
    }
    guard blockCount > 0 else { return 0 }
    return 1000 - (1000 + freeCount * 1000 / (1 << order)) / blockCount
  }

  /// How much of the free memory is in blocks too small for `order`: 0 to 1000, and 1000 when none is free.
  ///
  /// Source: Gorman and Whitcroft, The What, The Why and the Where To of Anti-Fragmentation, Ottawa Linux Symposium 2006.
  public func unusableIndex(order: Int) -> Int {
    guard freeCount > 0 else { return 1000 }
    var usable = 0
    for size in order..<max(order, Self.orderCount) { usable += freeBlockCount(order: size) << size }
    return (freeCount - usable) * 1000 / freeCount
  }
}
