import Foundations
import Logging
import Machine
import PageCache
import PageFrames
import Processes
import VirtualMemory

/// What decides about memory above the frame allocator: the page cache, reclaim, and what is promised to programs.
enum KernelMemory {
  /// The page cache of the machine.
  static let pageCache = BootCell<PageCache>()

  /// Makes them, and makes them what is asked when memory is short.
  ///
  /// - Throws: `ENOMEM`.
  static func start() throws(Errno) {
    let waiting = try ThreadPageWaiting(makingQueues: ())
    let cache = try PageCache(frameCount: FrameTable.descriptors.count, waiting: waiting)
    try cache.add(HeapShrinker())
    let report = OutOfMemoryReport { KernelLog.add(.error, .memory, $0) }
    FrameAllocator.setPressureHandler(MemoryPressure(cache, OutOfMemoryKiller(ProcessCandidates(), report: report)))
    CommitAccount.start(pageCount: FrameAllocator.figures.managedCount)
    pageCache.fill(cache)
  }

  /// How the machine's memory is used.
  static func statistics() -> MemoryStatistics {
    let cache: PageCacheStatistics? = pageCache.withValue { $0.statistics }
    var statistics = MemoryStatistics(FrameAllocator.figures, cache ?? PageCacheStatistics())
    statistics.committed = CommitAccount.pageCount
    statistics.commitLimit = CommitAccount.limit
    return statistics
  }
}

/// The heap's empty slabs, as memory that can be had back.
private final class HeapShrinker: Shrinker {
  var reclaimableCount: Int { HeapStatistics.slabFrameCount }

  func scan(_ count: Int) -> Int { HeapStatistics.shrink() }
}
