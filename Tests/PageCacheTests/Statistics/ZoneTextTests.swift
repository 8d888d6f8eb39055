import Foundations
import Machine
import PageCache
import PageFrames
import Testing

@testable import Slabs

@Suite("/proc/buddyinfo, /proc/zoneinfo and /proc/slabinfo")
struct ZoneTextTests {
  /// Runs `body` with a node of `frameCount` frames, of which some were taken one by one.
  private func withNode(frameCount: UInt32, taken: Int = 0, _ body: (MemoryNode) throws -> Void) throws {
    let descriptors = try makeDescriptors(count: Int(frameCount))
    var node = MemoryNode()
    node.add(1..<frameCount, in: descriptors.span)
    node.setWatermarks()
    for _ in 0..<taken { _ = node.allocate(order: 0, for: .kernel, priority: .emergency, in: descriptors.span) }
    try body(node)
  }

  /// The free frames that two CPUs have at hand.
  private func cachedCounts() throws -> GrowableArray<Int> {
    var counts = GrowableArray<Int>()
    try counts.append(12)
    try counts.append(34)
    return counts
  }

  @Test("buddyinfo has Linux's columns and the zones that there are")
  func buddyInfo() throws {
    try withNode(frameCount: 6000, taken: 5) { node in
      let lines = TextCollector.lines { ZoneText.writeBuddyInfo(node, number: 0, to: &$0) }
      #expect(
        lines.count == 2 && lines[0].hasPrefix("Node 0, zone      DMA ") && lines[1].hasPrefix("Node 0, zone   Normal ")
      )
      for (line, zone) in zip(lines, [ZoneKind.dma, .normal]) {
        let counts = line.split(separator: " ").dropFirst(4).compactMap { Int($0) }
        #expect(counts.count == 11)
        #expect(counts.enumerated().reduce(0) { $0 + $1.element << $1.offset } == node.zone(zone).freeCount)
      }
      guard let host = hostLines("/proc/buddyinfo"), let same = host.first(where: { $0.contains(" DMA ") }) else {
        return
      }
      #expect(layout(lines[0]) == layout(same + (same.hasSuffix(" ") ? "" : " ")))
    }
  }

  @Test("zoneinfo has Linux's lines, each of them with Linux's name and indentation")
  func zoneInfo() throws {
    try withNode(frameCount: 6000) { node in
      var statistics = MemoryStatistics()
      statistics.dirty = 77
      let counts = try cachedCounts()
      let lines = TextCollector.lines { sink in
        ZoneText.writeZoneInfo(node, number: 0, statistics, cachedCounts: counts.span, to: &sink)
      }
      #expect(lines.count { $0.hasPrefix("Node 0, zone ") } == 3)
      #expect(lines.count { $0 == "  per-node stats" } == 1 && lines.contains("      nr_dirty     77"))
      #expect(lines.contains("  pages free     4095") && lines.contains("        managed  1904"))
      #expect(lines.count { $0 == "              count:    12" } == 1 && lines.last == "        protection: (0, 0, 0)")
      #expect(lines.contains("  start_pfn:           4096"))
      guard let host = hostLines("/proc/zoneinfo") else { return }
      func name(_ line: String) -> String { String(line.prefix { !$0.isNumber && $0 != "(" }) }
      let names = Set(host.map(name))
      for line in lines where !line.hasPrefix("Node") { #expect(names.contains(name(line)), "\(line)") }
    }
  }

  @Test("A zone's figures are found under the names that monitors look for")
  func zoneFigures() throws {
    try withNode(frameCount: 5000) { node in
      let counts = try cachedCounts()
      let lines = TextCollector.lines { sink in
        ZoneText.writeZoneInfo(node, number: 0, MemoryStatistics(), cachedCounts: counts.span, to: &sink)
      }
      var zones: [String: [String: Int]] = [:]
      var zone = ""
      for line in lines {
        let words = line.split(separator: " ")
        if line.hasPrefix("Node") { zone = String(words[3]) }
        if words.count == 2, let value = Int(words[1]) { zones[zone, default: [:]][String(words[0])] = value }
        if words.count == 3, words[0] == "pages", let value = Int(words[2]) {
          zones[zone, default: [:]]["free"] = value
        }
      }
      for kind in [ZoneKind.dma, .normal] {
        let figures = try #require(zones[kind.name.description])
        let marks = node.zone(kind).watermarks
        #expect(figures["free"] == node.zone(kind).freeCount && figures["managed"] == node.zone(kind).managedCount)
        #expect(figures["min"] == marks.minimum && figures["low"] == marks.low && figures["high"] == marks.high)
      }
    }
  }

  @Test("slabinfo has Linux's header and columns, and slabtop's pattern fits")
  func slabInfo() throws {
    let cache = SlabCacheStatistics(
      name: "kmalloc-96", activeObjectCount: 1234, objectCount: 1302, objectSize: 96, objectsPerSlab: 42,
      pagesPerSlab: 1, activeSlabCount: 31, slabCount: 31, frameCount: 31, quarantinedObjectCount: 0,
      allocationCount: 99_999)
    let lines = TextCollector.lines { sink in
      SlabInfoText.writeHeader(to: &sink)
      SlabInfoText.write(cache, to: &sink)
    }
    #expect(
      lines[2]
        == "kmalloc-96          1234   1302     96   42    1 : tunables    0    0    0 : slabdata     31     31      0")
    let match = try #require(
      lines[2].wholeMatch(
        of: /(\S+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) : tunables +\d+ +\d+ +\d+ : slabdata +(\d+) +(\d+) +\d+/))
    #expect(match.1 == "kmalloc-96" && Int(match.2) == 1234 && Int(match.7) == 31)
    guard let host = hostLines("/proc/slabinfo") else { return }
    #expect(lines.prefix(2) == host.prefix(2))
    // Where a name is not too long, every number ends in the same column.
    let same = try #require(host.dropFirst(2).first { $0.prefix(18).hasSuffix(" ") })
    #expect(layout(lines[2].dropFirst(17).description) == layout(same.dropFirst(17).description))
  }
}
