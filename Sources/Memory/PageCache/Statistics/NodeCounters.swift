public import Foundations

/// The counters that `/proc/zoneinfo` shows for a node and `/proc/vmstat` for the machine, under Linux's names.
///
/// Source: Linux Documentation/admin-guide/mm/; the names are those of Linux 6.18. Only what is counted is there.
enum NodeCounters {
  /// Calls `body` with each counter of a node.
  static func forEach(_ statistics: MemoryStatistics, _ body: (String, Int) -> Void) {
    body("nr_inactive_anon", statistics.inactiveAnonymous)
    body("nr_active_anon", statistics.activeAnonymous)
    body("nr_inactive_file", statistics.inactiveFile)
    body("nr_active_file", statistics.activeFile)
    body("nr_unevictable", statistics.unevictable)
    body("nr_slab_reclaimable", statistics.slabReclaimable)
    body("nr_slab_unreclaimable", statistics.slabUnreclaimable)
    body("workingset_refault_file", Int(clamping: statistics.cache.refaultCount))
    body("workingset_activate_file", Int(clamping: statistics.cache.activationCount))
    body("nr_anon_pages", statistics.anonymous)
    body("nr_mapped", statistics.mapped)
    body("nr_file_pages", statistics.cached + statistics.buffers)
    body("nr_dirty", statistics.dirty)
    body("nr_writeback", statistics.writeback)
    body("nr_shmem", statistics.shared)
    body("nr_vmscan_write", Int(clamping: statistics.cache.reclaimWriteCount))
    // In units of 1 KiB, alone of all.
    body("nr_kernel_stack", statistics.kernelStacks * 4)
    body("nr_page_table_pages", statistics.pageTables)
    body("nr_swapcached", statistics.swapCached)
  }
}

/// `/proc/vmstat`: a name and a number a line.
public enum MemoryCounterText {
  /// Writes the file.
  public static func write<Sink: TextSink & ~Copyable>(_ statistics: MemoryStatistics, to sink: inout Sink) {
    line("nr_free_pages", statistics.free, to: &sink)
    line("nr_mlock", statistics.locked, to: &sink)
    NodeCounters.forEach(statistics) { name, value in line(name, value, to: &sink) }
    line("pgscan_direct", Int(clamping: statistics.cache.scannedCount), to: &sink)
    line("pgsteal_direct", Int(clamping: statistics.cache.freedCount), to: &sink)
    line("oom_kill", Int(clamping: statistics.outOfMemoryKills), to: &sink)
  }

  private static func line<Sink: TextSink & ~Copyable>(_ name: String, _ value: Int, to sink: inout Sink) {
    sink.write(name)
    sink.write(" ")
    sink.write(decimal: value)
    sink.write("\n")
  }
}
