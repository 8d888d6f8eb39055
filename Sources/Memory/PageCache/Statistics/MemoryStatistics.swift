public import PageFrames

/// How the machine's memory is used, in pages of 4 KiB: what `/proc/meminfo`, `/proc/vmstat` and `/proc/zoneinfo` show.
///
/// The page cache and the frame allocator fill in what they know; address spaces, processes and swap the rest.
public struct MemoryStatistics: Sendable {
  /// All memory that the kernel can give out.
  public var total = 0
  /// Memory that is free.
  public var free = 0
  /// What programs could get without swapping.
  public var available = 0
  /// Pages of block devices.
  public var buffers = 0
  /// Pages of files, those that are in memory only included.
  public var cached = 0
  /// Pages of files that are used again and again.
  public var activeFile = 0
  /// Pages of files that reclaim looks at first.
  public var inactiveFile = 0
  /// Private and shared memory that swap could take and that is in use.
  public var activeAnonymous = 0
  /// Private and shared memory that swap would take first.
  public var inactiveAnonymous = 0
  /// Pages that cannot be evicted.
  public var unevictable = 0
  /// Pages that programs locked in memory.
  public var locked = 0
  /// Pages of swap.
  public var swapTotal = 0
  /// Pages of swap that are free.
  public var swapFree = 0
  /// Pages that are both in swap and in memory.
  public var swapCached = 0
  /// Pages of files that have to be written.
  public var dirty = 0
  /// Pages of files that are being written.
  public var writeback = 0
  /// Programs' private memory.
  public var anonymous = 0
  /// Pages of files that are mapped into programs.
  public var mapped = 0
  /// Shared memory and files that are in memory only.
  public var shared = 0
  /// Slabs whose objects can be given up.
  public var slabReclaimable = 0
  /// Slabs whose objects cannot.
  public var slabUnreclaimable = 0
  /// Stacks of threads in the kernel.
  public var kernelStacks = 0
  /// Page tables.
  public var pageTables = 0
  /// What was promised to programs, and what may be.
  public var committed = 0
  /// What may be promised to programs when the kernel is strict.
  public var commitLimit = 0
  /// Addresses for memory that is mapped page by page.
  public var dynamicTotal = 0
  /// Those that are used.
  public var dynamicUsed = 0
  /// What each CPU has for itself.
  public var perProcessor = 0
  /// Huge pages of private memory.
  public var anonymousHuge = 0
  /// The physical map's pages of 4 KiB.
  public var directMap4K = 0
  /// The physical map's pages of 2 MiB, in pages of 4 KiB.
  public var directMap2M = 0
  /// The physical map's pages of 1 GiB, in pages of 4 KiB.
  public var directMap1G = 0
  /// Processes that were killed for want of memory.
  public var outOfMemoryKills: UInt64 = 0
  /// What reclaim did.
  public var cache = PageCacheStatistics()

  /// Creates the figures of a machine without memory.
  public init() {}

  /// The figures as far as the frame allocator and the page cache know them.
  public init(_ frames: FrameFigures, _ cache: PageCacheStatistics) {
    self.cache = cache
    total = frames.managedCount
    free = frames.freeCount
    activeFile = cache.activeCount
    inactiveFile = cache.inactiveCount
    unevictable = cache.unevictableCount
    dirty = cache.dirtyCount
    writeback = cache.writebackCount
    anonymous = max(0, frames.usage[.anonymous])
    shared = cache.swapBackedCount
    // Without swap none of it is any less active.
    activeAnonymous = anonymous + shared
    cached = cache.fileCount + shared
    slabUnreclaimable = max(0, frames.usage[.slab])
    pageTables = max(0, frames.usage[.pageTable])
    available = estimateAvailable(MemoryFigures(frames))
  }

  /// What programs could get: free memory but for what is kept, and of what can be reclaimed all but half or the low
  /// watermark, whichever is less, because some of it is in use.
  ///
  /// Source: Linux Documentation/filesystems/proc.rst, MemAvailable.
  public func estimateAvailable(_ figures: MemoryFigures) -> Int {
    let pageCache = activeFile + inactiveFile
    return max(
      0,
      free - figures.high + pageCache - min(pageCache / 2, figures.low) + slabReclaimable
        - min(slabReclaimable / 2, figures.low))
  }
}
