import PageFrames
public import Slabs

/// What the heap behind Swift's allocations holds.
public struct HeapStatistics: Sendable {
  /// Bytes in use.
  public let usedByteCount: Int
  /// Bytes that the heap has taken.
  public let totalByteCount: Int

  /// The figures now.
  public static var current: HeapStatistics {
    let (earlyUsed, earlyTotal) = KernelHeap.earlyStatistics
    let pageCount = FrameAllocator.usedCount(.kernel)
    var used = earlyUsed + pageCount * 4096
    var number = 0
    while let cache = ObjectHeap.statistics(number) {
      used += cache.activeObjectCount * cache.objectSize
      number += 1
    }
    return HeapStatistics(
      usedByteCount: used, totalByteCount: earlyTotal + (pageCount + slabFrameCount) * 4096)
  }

  /// Frames of all slabs, of which `shrink` gives some back. Needs little stack: reclaim asks deep within page faults.
  public static var slabFrameCount: Int { FrameAllocator.usedCount(.slab) }

  /// The figures of slab cache `number`, from 0 on, or nil when there is none: what `/proc/slabinfo` shows.
  public static func slabCache(_ number: Int) -> SlabCacheStatistics? { ObjectHeap.statistics(number) }

  /// Gives back what the heap keeps for later.
  ///
  /// - Returns: how many frames became free.
  public static func shrink() -> Int { ObjectHeap.shrink() }

  /// The objects in use by the code addresses that asked for them. Empty without `slab_debug`.
  public static var allocationSites: AllocationSites { ObjectHeap.allocationSites }
}
