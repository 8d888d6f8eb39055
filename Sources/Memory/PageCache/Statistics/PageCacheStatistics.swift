import Machine
import Synchronization

/// What the page cache holds and what reclaim has done, in pages.
public struct PageCacheStatistics: Sendable {
  /// Pages of files that reclaim looks at first.
  public var inactiveCount = 0
  /// Pages of files that are used again and again.
  public var activeCount = 0
  /// Pages of files that are in memory only, and anonymous pages.
  public var swapBackedCount = 0
  /// Pages of files that are locked in memory.
  public var unevictableCount = 0
  /// Pages that differ from what is on disk.
  public var dirtyCount = 0
  /// Pages that are being written.
  public var writebackCount = 0
  /// Pages that came back after their eviction.
  public var refaultCount: UInt64 = 0
  /// Those of them that came back so soon that they became active.
  public var activationCount: UInt64 = 0
  /// Pages that reclaim looked at.
  public var scannedCount: UInt64 = 0
  /// Frames that reclaim freed, those of shrinkers included.
  public var freedCount: UInt64 = 0
  /// Writes of dirty pages by reclaim.
  public var reclaimWriteCount: UInt64 = 0
  /// Those of them that failed.
  public var failedWriteCount: UInt64 = 0

  /// Creates the figures of an empty cache.
  public init() {}

  /// Pages of files with something behind them.
  public var fileCount: Int { inactiveCount + activeCount + unevictableCount }
}

extension PageCache {
  /// The figures now. They are read one after the other, so they may disagree by what happens meanwhile.
  public var statistics: PageCacheStatistics {
    var statistics = PageCacheStatistics()
    lists.withLock { lists in
      statistics.inactiveCount = lists.count(.inactive)
      statistics.activeCount = lists.count(.active)
      statistics.swapBackedCount = lists.count(.swapBacked)
      statistics.unevictableCount = lists.count(.unevictable)
      statistics.refaultCount = lists.refaultCount
      statistics.activationCount = lists.activationCount
    }
    statistics.dirtyCount = dirtyCount.load(ordering: .relaxed)
    statistics.writebackCount = writebackCount.load(ordering: .relaxed)
    statistics.scannedCount = reclaimCounters.scanned.load(ordering: .relaxed)
    statistics.freedCount = reclaimCounters.freed.load(ordering: .relaxed)
    statistics.reclaimWriteCount = reclaimCounters.written.load(ordering: .relaxed)
    statistics.failedWriteCount = reclaimCounters.failedWrites.load(ordering: .relaxed)
    return statistics
  }
}
