public import Foundations
public import PageFrames

/// `/proc/buddyinfo` and `/proc/zoneinfo`: what the zones of a node have.
///
/// Source: Linux Documentation/filesystems/proc.rst, 1.5; proc_buddyinfo(5), proc_zoneinfo(5); the layout is what
/// Linux 6.18 writes.
public enum ZoneText {
  /// Writes the lines of `/proc/buddyinfo` for `node`: how many free blocks of each order its zones have.
  public static func writeBuddyInfo<Sink: TextSink & ~Copyable>(
    _ node: MemoryNode, number: Int, to sink: inout Sink
  ) {
    for index in 0..<ZoneKind.count {
      guard let zone = presentZone(index, of: node) else { continue }
      writeName(zone.kind, number, to: &sink)
      sink.write(" ")
      for order in 0..<MemoryZone.orderCount {
        sink.write(zone.freeBlockCount(order: order), width: 6)
        sink.write(" ")
      }
      sink.write("\n")
    }
  }

  /// Writes the part of `/proc/zoneinfo` that is about `node`.
  ///
  /// - Parameters:
  ///   - statistics: of the whole node; shown with its first zone.
  ///   - cachedCounts: how many free frames each CPU has at hand; shown with the highest zone, which they come from first.
  public static func writeZoneInfo<Sink: TextSink & ~Copyable>(
    _ node: MemoryNode, number: Int, _ statistics: MemoryStatistics, cachedCounts: Span<Int>, to sink: inout Sink
  ) {
    var isFirst = true
    var highest = 0
    for index in 0..<ZoneKind.count where presentZone(index, of: node) != nil { highest = index }
    for index in 0..<ZoneKind.count {
      guard let kind = ZoneKind(rawValue: index) else { continue }
      let zone = node.zone(kind)
      writeName(kind, number, to: &sink)
      if isFirst && zone.managedCount > 0 {
        isFirst = false
        sink.write("\n  per-node stats")
        NodeCounters.forEach(statistics) { name, value in writeCounter(name, value, to: &sink) }
      }
      writePages(zone, to: &sink)
      if zone.managedCount > 0 {
        writeCounter("nr_free_pages", zone.freeCount, to: &sink)
        writePageSets(cachedCounts, isCounted: index == highest, to: &sink)
        sink.write("\n  node_unreclaimable:  0\n  start_pfn:           ")
        sink.write(decimal: UInt64(zone.span.lowerBound))
      }
      sink.write("\n")
    }
  }

  private static func presentZone(_ index: Int, of node: MemoryNode) -> MemoryZone? {
    guard let kind = ZoneKind(rawValue: index), node.zone(kind).managedCount > 0 else { return nil }
    return node.zone(kind)
  }

  /// `Node 0, zone      DMA`, without an end.
  private static func writeName<Sink: TextSink & ~Copyable>(_ zone: ZoneKind, _ number: Int, to sink: inout Sink) {
    sink.write("Node ")
    sink.write(decimal: number)
    sink.write(", zone ")
    let name = zone.name.description
    sink.write(repeating: 0x20, count: 8 - name.utf8.count)
    sink.write(name)
  }

  private static func writePages<Sink: TextSink & ~Copyable>(_ zone: MemoryZone, to sink: inout Sink) {
    let spanned = zone.span.count
    writePages("\n  pages free     ", zone.freeCount, to: &sink)
    writePages("\n        boost    ", 0, to: &sink)
    writePages("\n        min      ", zone.watermarks.minimum, to: &sink)
    writePages("\n        low      ", zone.watermarks.low, to: &sink)
    writePages("\n        high     ", zone.watermarks.high, to: &sink)
    // One step of the watermarks above the highest, which Linux asks of a node before it moves pages there.
    writePages("\n        promo    ", 2 * zone.watermarks.high - zone.watermarks.low, to: &sink)
    writePages("\n        spanned  ", spanned, to: &sink)
    writePages("\n        present  ", zone.managedCount, to: &sink)
    writePages("\n        managed  ", zone.managedCount, to: &sink)
    writePages("\n        cma      ", 0, to: &sink)
    sink.write("\n        protection: (")
    for index in 0..<ZoneKind.count {
      if index > 0 { sink.write(", ") }
      sink.write(decimal: ZoneKind(rawValue: index).map { zone.reserve(forRequestsUpTo: $0) } ?? 0)
    }
    sink.write(")")
  }

  private static func writePages<Sink: TextSink & ~Copyable>(_ name: String, _ count: Int, to sink: inout Sink) {
    sink.write(name)
    sink.write(decimal: count)
  }

  /// A counter's line: its name in at least 12 columns.
  private static func writeCounter<Sink: TextSink & ~Copyable>(
    _ name: String, _ value: Int, to sink: inout Sink
  ) {
    sink.write("\n      ")
    sink.write(name)
    sink.write(repeating: 0x20, count: 12 - name.utf8.count)
    sink.write(" ")
    sink.write(decimal: value)
  }

  private static func writePageSets<Sink: TextSink & ~Copyable>(
    _ cachedCounts: Span<Int>, isCounted: Bool, to sink: inout Sink
  ) {
    sink.write("\n  pagesets")
    for index in cachedCounts.indices {
      writePages("\n    cpu: ", index, to: &sink)
      writePages("\n              count:    ", isCounted ? cachedCounts[index] : 0, to: &sink)
      writePages("\n              high:     ", FrameCache.capacity, to: &sink)
      writePages("\n              batch:    ", FrameCache.batch, to: &sink)
      writePages("\n              high_min: ", FrameCache.capacity, to: &sink)
      writePages("\n              high_max: ", FrameCache.capacity, to: &sink)
      // The counters are exact.
      writePages("\n  vm stats threshold: ", 0, to: &sink)
    }
  }
}
