import Foundations
import Machine
import PageCache
import PageFrames
import Testing

@Suite("/proc/meminfo and /proc/vmstat")
struct MemoryInfoTests {
  private var statistics: MemoryStatistics {
    var statistics = MemoryStatistics()
    statistics.total = 6_171_021
    statistics.free = 5_857_940
    statistics.available = 6_055_837
    statistics.buffers = 2348
    statistics.cached = 216_135
    statistics.shared = 2218
    statistics.slabReclaimable = 58_681
    statistics.slabUnreclaimable = 8490
    statistics.activeFile = 102_270
    statistics.inactiveFile = 114_014
    statistics.activeAnonymous = 387
    statistics.inactiveAnonymous = 1714
    statistics.swapTotal = 1000
    statistics.swapFree = 900
    statistics.dynamicTotal = 1 << 33
    return statistics
  }

  /// The fields as procps reads them: up to the colon, then a number.
  private func fields(_ lines: [String]) throws -> [(name: String, value: Int, unit: String)] {
    try lines.map { line in
      let parts = line.split(separator: ":")
      try #require(parts.count == 2, "\(line)")
      let words = parts[1].split(separator: " ")
      return (String(parts[0]), try #require(Int(words[0]), "\(line)"), words.count > 1 ? String(words[1]) : "")
    }
  }

  @Test("free(1) finds what it adds up")
  func free() throws {
    let lines = TextCollector.lines { MemoryInfoText.write(statistics, to: &$0) }
    let values = Dictionary(uniqueKeysWithValues: try fields(lines).map { ($0.name, $0.value) })
    func value(_ name: String) throws -> Int { try #require(values[name], "\(name)") }
    // total, used, free, shared, buff/cache, available of procps 4.
    #expect(try value("MemTotal") == 24_684_084 && value("MemFree") == 23_431_760 && value("Shmem") == 8872)
    #expect(try value("MemTotal") - value("MemAvailable") == 460_736)
    #expect(try value("Buffers") + value("Cached") + value("SReclaimable") == 1_108_656)
    #expect(try value("SwapTotal") - value("SwapFree") == 400)
    #expect(try value("Active") == value("Active(anon)") + value("Active(file)"))
    #expect(try value("Inactive") == value("Inactive(anon)") + value("Inactive(file)"))
    #expect(try value("Slab") == value("SReclaimable") + value("SUnreclaim"))
    #expect(try value("VmallocTotal") == 34_359_738_368)
  }

  @Test("Fields have Linux's names, order, columns and units")
  func columns() throws {
    let lines = TextCollector.lines { MemoryInfoText.write(statistics, to: &$0) }
    for (name, _, unit) in try fields(lines) { #expect(unit == (name.hasPrefix("HugePages_") ? "" : "kB")) }
    #expect(lines[0] == "MemTotal:       24684084 kB" && lines[3] == "Buffers:            9392 kB")
    #expect(lines.contains("VmallocTotal:   34359738368 kB") && lines.contains("HugePages_Total:       0"))
    #expect(lines.contains("Hugepagesize:       2048 kB") && lines.contains("DirectMap1G:           0 kB"))
    guard let host = hostLines("/proc/meminfo") else { return }
    let hostNames = host.map { $0.prefix { $0 != ":" } }
    let names = lines.map { $0.prefix { $0 != ":" } }
    #expect(names.filter(hostNames.contains) == hostNames.filter(names.contains), "order")
    #expect(names.count { hostNames.contains($0) } > 30)
    for line in lines where !line.hasPrefix("Vmalloc") {
      guard let same = host.first(where: { $0.hasPrefix(line.prefix { $0 != ":" } + ":") }) else { continue }
      #expect(layout(line) == layout(same))
    }
  }

  @Test("Counters of vmstat are names and numbers, and Linux's as far as it has them")
  func counters() throws {
    let lines = TextCollector.lines { MemoryCounterText.write(statistics, to: &$0) }
    let words = lines.map { $0.split(separator: " ") }
    #expect(words.allSatisfy { $0.count == 2 && Int($0[1]) != nil } && Set(words.map { $0[0] }).count == words.count)
    #expect(lines.contains("nr_free_pages 5857940") && lines.contains("nr_file_pages 218483"))
    guard let host = hostLines("/proc/vmstat") else { return }
    let names = Set(host.map { $0.prefix { $0 != " " } })
    #expect(words.filter { !names.contains($0[0]) } == [])
  }

  @Test("A machine without anything, and negative figures that a moment's disagreement may give, are zeros")
  func extremes() throws {
    var statistics = MemoryStatistics()
    statistics.free = -5
    let lines = TextCollector.lines { MemoryInfoText.write(statistics, to: &$0) }
    #expect(lines[1] == "MemFree:               0 kB")
  }

  @Test("What is available leaves the watermarks alone and counts on half of the caches at least")
  func available() {
    var statistics = MemoryStatistics()
    let figures = MemoryFigures(free: 0, minimum: 100, low: 125, high: 150, total: 10_000)
    #expect(statistics.estimateAvailable(figures) == 0)
    statistics.free = 1000
    #expect(statistics.estimateAvailable(figures) == 850)
    statistics.activeFile = 60
    statistics.inactiveFile = 40
    #expect(statistics.estimateAvailable(figures) == 900)
    statistics.inactiveFile = 940
    #expect(statistics.estimateAvailable(figures) == 850 + 1000 - 125)
    statistics.slabReclaimable = 10
    #expect(statistics.estimateAvailable(figures) == 850 + 875 + 5)
  }

  @Test("The figures are the allocator's and the page cache's")
  func sources() throws {
    try CacheWorld.run { world in
      let file = try world.file(FakeDisk(pageCount: 100))
      let shared = try world.file(MemoryProvider(pageCount: 7))
      for page in 0..<100 as Range<UInt64> { try file.setStamp(1, of: page) }
      for page in 0..<7 as Range<UInt64> { _ = try shared.page(page) }
      let statistics = MemoryStatistics(FrameAllocator.figures, world.cache.statistics)
      #expect(
        statistics.total == SimulatedMemory.frameCount - 1 && statistics.free == FrameAllocator.statistics.freeCount)
      #expect(statistics.cached == 107 && statistics.shared == 7 && statistics.dirty == 100)
      #expect(statistics.inactiveFile + statistics.activeFile == 100 && statistics.available > statistics.free / 2)
      try file.close()
      try shared.close()
    }
  }
}
