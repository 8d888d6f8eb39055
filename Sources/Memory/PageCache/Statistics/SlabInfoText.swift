public import Foundations
public import Slabs

/// `/proc/slabinfo`, version 2.1. Source: slabinfo(5); the columns are those that Linux 6.18 writes.
public enum SlabInfoText {
  /// Writes the two lines at the top.
  public static func writeHeader<Sink: TextSink & ~Copyable>(to sink: inout Sink) {
    sink.write("slabinfo - version: 2.1\n")
    sink.write("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>")
    sink.write(" : tunables <limit> <batchcount> <sharedfactor>")
    sink.write(" : slabdata <active_slabs> <num_slabs> <sharedavail>\n")
  }

  /// Writes a cache's line.
  public static func write<Sink: TextSink & ~Copyable>(_ cache: SlabCacheStatistics, to sink: inout Sink) {
    let name = cache.name.description
    sink.write(name)
    sink.write(repeating: 0x20, count: 17 - name.utf8.count)
    field(cache.activeObjectCount, 6, to: &sink)
    field(cache.objectCount, 6, to: &sink)
    field(cache.objectSize, 6, to: &sink)
    field(cache.objectsPerSlab, 4, to: &sink)
    field(cache.pagesPerSlab, 4, to: &sink)
    // Magazines are of one size and belong to one CPU each: there is nothing to tune.
    sink.write(" : tunables    0    0    0 : slabdata")
    field(cache.activeSlabCount, 6, to: &sink)
    field(cache.slabCount, 6, to: &sink)
    field(0, 6, to: &sink)
    sink.write("\n")
  }

  private static func field<Sink: TextSink & ~Copyable>(_ value: Int, _ width: Int, to sink: inout Sink) {
    sink.write(" ")
    sink.write(value, width: width)
  }
}
