import BootInformation
import TestSupport
import Testing

@Suite("MemoryMap")
struct MemoryMapTests {
  private static let kinds: [MemoryKind] = [.usable, .acpiReclaimable, .persistent, .acpiNonVolatile, .reserved, .bad]

  /// The kind of each page as the rules say it, page by page: usable only when wholly so, anything else when touched, and of
  /// several kinds the one furthest back in `kinds`.
  private static func model(_ regions: [MemoryRegion], pageCount: Int) -> [MemoryKind?] {
    (0..<UInt64(pageCount)).map { page in
      let bytes = (page * 4096)..<(page * 4096 + 4096)
      let ranks = regions.compactMap { region -> Int? in
        let applies =
          region.kind == .usable
          ? region.range.lowerBound <= bytes.lowerBound && bytes.upperBound <= region.range.upperBound
          : region.range.overlaps(bytes)
        return applies ? kinds.firstIndex(of: region.kind) : nil
      }
      return ranks.max().map { kinds[$0] }
    }
  }

  private static func pages(_ map: MemoryMap, pageCount: Int) -> [MemoryKind?] {
    var pages = [MemoryKind?](repeating: nil, count: pageCount)
    for region in regions(map) {
      for page in (region.range.lowerBound / 4096)..<(region.range.upperBound / 4096) { pages[Int(page)] = region.kind }
    }
    return pages
  }

  @Test("A normalized map says of every page what the regions say", arguments: 1...8)
  func model(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<500 {
      let pageCount = 48
      let source = (0..<Int.random(in: 0...24, using: &random)).map { _ in
        let unit: UInt64 = Bool.random(using: &random) ? 4096 : 512
        let limit = UInt64(pageCount) * 4096 / unit
        let lower = UInt64.random(in: 0..<limit, using: &random)
        let upper = UInt64.random(in: (lower + 1)...min(limit, lower + 40), using: &random)
        return MemoryRegion(lower * unit..<upper * unit, Self.kinds.randomElement(using: &random) ?? .usable)
      }
      var map = MemoryMap()
      for region in source { map.add(base: region.range.lowerBound, byteCount: region.byteCount, region.kind) }
      map.normalize()
      let result = regions(map)
      #expect(Self.pages(map, pageCount: pageCount) == Self.model(source, pageCount: pageCount))
      for (region, next) in zip(result, result.dropFirst()) {
        #expect(region.range.upperBound <= next.range.lowerBound)
        #expect(region.range.upperBound < next.range.lowerBound || region.kind != next.kind)
      }
      #expect(
        result.allSatisfy { !$0.range.isEmpty && $0.range.lowerBound % 4096 == 0 && $0.range.upperBound % 4096 == 0 })
      #expect(map.usableByteCount == UInt64(Self.pages(map, pageCount: pageCount).count { $0 == .usable }) * 4096)
      var again = map
      again.normalize()
      #expect(regions(again) == result)
    }
  }

  @Test("Many reserved pages inside one large region cost only those pages")
  func manyHoles() {
    var map = MemoryMap()
    map.add(base: 0, byteCount: 4 << 30, .usable)
    for hole in 0..<UInt64(100) { map.add(base: (hole + 1) << 20, byteCount: 4096, .reserved) }
    map.normalize()
    #expect(map.usableByteCount == (4 << 30) - 100 * 4096)
    #expect(map.droppedCount == 0)
  }

  @Test("Empty regions and regions that pass the end of the address space are counted as dropped")
  func badRegions() {
    var map = MemoryMap()
    map.add(base: 0x1000, byteCount: 0, .usable)
    map.add(base: .max, byteCount: 2, .usable)
    map.add(base: 1 << 52, byteCount: 0x1000, .usable)
    #expect(map.droppedCount == 3)
    map.add(base: (1 << 52) - 0x1000, byteCount: 1 << 60, .usable)
    map.normalize()
    #expect(regions(map) == [MemoryRegion(((1 << 52) - 0x1000)..<(1 << 52), .usable)])
    #expect(map[-1].range.isEmpty && map[1].range.isEmpty && map[.max].range.isEmpty)
  }

  @Test("A map with more regions than fit keeps what may not be used, and joins before it drops")
  func overflow() {
    var joined = MemoryMap()
    for page in 0..<UInt64(1000) { joined.add(base: page * 4096, byteCount: 4096, .usable) }
    joined.normalize()
    #expect(regions(joined) == [MemoryRegion(0..<1000 * 4096, .usable)])
    #expect(joined.droppedCount == 0)

    var map = MemoryMap()
    for page in 0..<UInt64(200) { map.add(base: page * 8192, byteCount: 4096, .usable) }
    map.add(base: 0, byteCount: 200 * 8192, .reserved)
    map.normalize()
    #expect(map.usableByteCount == 0)
    #expect(regions(map) == [MemoryRegion(0..<200 * 8192, .reserved)])
    #expect(map.droppedCount > 0)
  }

  @Test("However many regions come, no page is usable that one of them reserves", arguments: 1...4)
  func overflowModel(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<20 {
      let pageCount = 2048
      let source = (0..<400).map { _ in
        let lower = UInt64.random(in: 0..<UInt64(pageCount - 8), using: &random)
        let count = UInt64.random(in: 1...8, using: &random)
        return MemoryRegion(lower * 4096..<(lower + count) * 4096, Bool.random(using: &random) ? .usable : .reserved)
      }
      var map = MemoryMap()
      for region in source { map.add(base: region.range.lowerBound, byteCount: region.byteCount, region.kind) }
      map.normalize()
      let model = Self.model(source, pageCount: pageCount)
      let wrong = zip(Self.pages(map, pageCount: pageCount), model).count { $0 == .usable && $1 != .usable }
      #expect(wrong == 0)
    }
  }
}
