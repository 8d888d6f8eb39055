public import Foundations

/// `/proc/meminfo`: Linux's fields in Linux's order and columns.
///
/// Source: proc_meminfo(5); the order and widths are those that Linux 6.18 writes.
public enum MemoryInfoText {
  /// Writes the file.
  public static func write<Sink: TextSink & ~Copyable>(_ statistics: MemoryStatistics, to sink: inout Sink) {
    writeUse(statistics, to: &sink)
    writeKernel(statistics, to: &sink)
    writeHugePages(statistics, to: &sink)
  }

  private static func writeUse<Sink: TextSink & ~Copyable>(_ statistics: MemoryStatistics, to sink: inout Sink) {
    line("MemTotal:       ", statistics.total, to: &sink)
    line("MemFree:        ", statistics.free, to: &sink)
    line("MemAvailable:   ", statistics.available, to: &sink)
    line("Buffers:        ", statistics.buffers, to: &sink)
    line("Cached:         ", statistics.cached, to: &sink)
    line("SwapCached:     ", statistics.swapCached, to: &sink)
    line("Active:         ", statistics.activeAnonymous + statistics.activeFile, to: &sink)
    line("Inactive:       ", statistics.inactiveAnonymous + statistics.inactiveFile, to: &sink)
    line("Active(anon):   ", statistics.activeAnonymous, to: &sink)
    line("Inactive(anon): ", statistics.inactiveAnonymous, to: &sink)
    line("Active(file):   ", statistics.activeFile, to: &sink)
    line("Inactive(file): ", statistics.inactiveFile, to: &sink)
    line("Unevictable:    ", statistics.unevictable, to: &sink)
    line("Mlocked:        ", statistics.locked, to: &sink)
    line("SwapTotal:      ", statistics.swapTotal, to: &sink)
    line("SwapFree:       ", statistics.swapFree, to: &sink)
    line("Zswap:          ", 0, to: &sink)
    line("Zswapped:       ", 0, to: &sink)
    line("Dirty:          ", statistics.dirty, to: &sink)
    line("Writeback:      ", statistics.writeback, to: &sink)
    line("AnonPages:      ", statistics.anonymous, to: &sink)
    line("Mapped:         ", statistics.mapped, to: &sink)
    line("Shmem:          ", statistics.shared, to: &sink)
  }

  private static func writeKernel<Sink: TextSink & ~Copyable>(_ statistics: MemoryStatistics, to sink: inout Sink) {
    line("KReclaimable:   ", statistics.slabReclaimable, to: &sink)
    line("Slab:           ", statistics.slabReclaimable + statistics.slabUnreclaimable, to: &sink)
    line("SReclaimable:   ", statistics.slabReclaimable, to: &sink)
    line("SUnreclaim:     ", statistics.slabUnreclaimable, to: &sink)
    line("KernelStack:    ", statistics.kernelStacks, to: &sink)
    line("PageTables:     ", statistics.pageTables, to: &sink)
    line("SecPageTables:  ", 0, to: &sink)
    line("NFS_Unstable:   ", 0, to: &sink)
    line("Bounce:         ", 0, to: &sink)
    line("WritebackTmp:   ", 0, to: &sink)
    line("CommitLimit:    ", statistics.commitLimit, to: &sink)
    line("Committed_AS:   ", statistics.committed, to: &sink)
    line("VmallocTotal:   ", statistics.dynamicTotal, to: &sink)
    line("VmallocUsed:    ", statistics.dynamicUsed, to: &sink)
    line("VmallocChunk:   ", 0, to: &sink)
    line("Percpu:         ", statistics.perProcessor, to: &sink)
  }

  private static func writeHugePages<Sink: TextSink & ~Copyable>(
    _ statistics: MemoryStatistics, to sink: inout Sink
  ) {
    line("AnonHugePages:  ", statistics.anonymousHuge, to: &sink)
    line("ShmemHugePages: ", 0, to: &sink)
    line("ShmemPmdMapped: ", 0, to: &sink)
    line("FileHugePages:  ", 0, to: &sink)
    line("FilePmdMapped:  ", 0, to: &sink)
    // There is no pool of huge pages; they are made where they fit.
    sink.write(
      """
      HugePages_Total:       0
      HugePages_Free:        0
      HugePages_Rsvd:        0
      HugePages_Surp:        0
      Hugepagesize:       2048 kB
      Hugetlb:               0 kB

      """)
    line("DirectMap4k:    ", statistics.directMap4K, to: &sink)
    line("DirectMap2M:    ", statistics.directMap2M, to: &sink)
    line("DirectMap1G:    ", statistics.directMap1G, to: &sink)
  }

  private static func line<Sink: TextSink & ~Copyable>(_ name: String, _ pages: Int, to sink: inout Sink) {
    sink.write(name)
    sink.write(decimal: UInt64(max(0, pages)) << 2, width: 8)
    sink.write(" kB\n")
  }
}
