import Foundations
import Machine
import PageCache
import Testing

/// A cache of kernel objects, a frame for each.
final class FakeShrinker: Shrinker {
  var reclaimableCount: Int
  private(set) var scans: [Int] = []

  init(count: Int) { reclaimableCount = count }

  func scan(_ count: Int) -> Int {
    scans.append(count)
    let freed = min(count, reclaimableCount)
    reclaimableCount -= freed
    return freed
  }
}

@Suite("Reclaim")
struct ReclaimTests {
  private func read(_ pages: Range<UInt64>, of file: CachedFile) throws {
    for page in pages { _ = try file.page(page) }
  }

  @Test("Clean pages are freed, as many as are wanted, and come back from the provider")
  func clean() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 1000)
      for page in 0..<1000 as Range<UInt64> { disk.stamps[page] = page }
      let file = try world.file(disk)
      try read(0..<1000, of: file)
      let free = SimulatedMemory.freeCount
      #expect(world.cache.reclaim(target: 100, priority: 0) == 100)
      #expect(SimulatedMemory.freeCount == free + 100 && file.residentCount == 900)
      #expect(world.cache.reclaim(target: 5000, priority: 0) == 900 && file.residentCount == 0)
      #expect(world.cache.reclaim(target: 1, priority: 0) == 0)
      for page in 0..<1000 as Range<UInt64> { #expect(try file.stamp(of: page) == page) }
      #expect(world.cache.statistics.refaultCount > 800 && world.cache.statistics.freedCount == 1000)
      try file.close()
    }
  }

  @Test("A low priority looks at a small part only, but at a batch at least")
  func priorities() throws {
    try CacheWorld.run { world in
      let file = try world.file(FakeDisk(pageCount: 2000))
      try read(0..<2000, of: file)
      #expect(world.cache.reclaim(target: 5000, priority: 12) == 32)
      #expect(world.cache.reclaim(target: 5000, priority: 3) == 1968 / 8)
      #expect(world.cache.reclaim(target: 5000, priority: -1) == 1722)
      try file.close()
    }
  }

  @Test("Dirty pages are written in runs and then freed")
  func dirty() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 1000)
      let file = try world.file(disk)
      for page in 0..<300 as Range<UInt64> { try file.setStamp(page + 5, of: page) }
      #expect(world.cache.reclaim(target: 64, priority: 0) == 64)
      #expect(disk.writes == [0..<32, 32..<64] && file.residentCount == 236)
      #expect(world.cache.reclaim(target: 500, priority: 0) == 236)
      for page in 0..<300 as Range<UInt64> { #expect(disk.stamps[page] == page + 5) }
      try file.close()
    }
  }

  @Test("What cannot be written stays, and a device that refuses everything is not asked for ever")
  func refusing() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 1000)
      let file = try world.file(disk)
      disk.badWrites = Set(0..<1000)
      for page in 0..<1000 as Range<UInt64> { try file.setStamp(page + 5, of: page) }
      #expect(world.cache.reclaim(target: 64, priority: 0) == 0)
      #expect(disk.writes.count < 100 && file.residentCount == 1000 && world.cache.statistics.dirtyCount == 1000)
      #expect(world.cache.statistics.failedWriteCount > 0 && world.cache.statistics.writebackCount == 0)
      disk.badWrites = []
      #expect(world.cache.reclaim(target: 64, priority: 0) == 64)
      try file.close()
      for page in 0..<1000 as Range<UInt64> { #expect(disk.stamps[page] == page + 5) }
    }
  }

  @Test("Mapped pages that programs use stay; the others are unmapped and freed; a program's dirty page is written")
  func mapped() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      let mapper = try FakeMapper(file)
      for page in 0..<100 as Range<UInt64> { try mapper.store(page + 5, page) }
      // Every page was used, so the first look frees none.
      #expect(world.cache.reclaim(target: 100, priority: 1) == 0 && mapper.mappedPages.count == 100)
      for page in 0..<100 as Range<UInt64> where page % 10 == 3 { _ = try mapper.load(page) }
      for _ in 0..<3 { _ = world.cache.reclaim(target: 80, priority: 0) }
      #expect(file.residentCount <= 20 && disk.stamps.count >= 80)
      for page in mapper.mappedPages { #expect(file.hasPage(page)) }
      for page in 0..<100 as Range<UInt64> { #expect(try mapper.load(page) == page + 5) }
      mapper.end()
      try file.close()
    }
  }

  @Test("Pages locked in memory leave reclaim's sight until they are not locked any more")
  func locked() throws {
    try CacheWorld.run { world in
      let file = try world.file(FakeDisk(pageCount: 100))
      let mapper = try FakeMapper(file)
      mapper.isLocked = true
      for page in 0..<50 as Range<UInt64> { _ = try mapper.load(page) }
      #expect(world.cache.reclaim(target: 100, priority: 0) == 0)
      #expect(world.cache.statistics.unevictableCount == 50)
      let scanned = world.cache.statistics.scannedCount
      #expect(world.cache.reclaim(target: 100, priority: 3) == 0)
      #expect(world.cache.statistics.scannedCount == scanned)
      // The second time from looking at all of them again.
      #expect(world.cache.reclaim(target: 100, priority: 0) == 0 && world.cache.statistics.unevictableCount == 50)
      mapper.isLocked = false
      for page in 0..<50 as Range<UInt64> { world.cache.setEvictable(try file.page(page)) }
      #expect(world.cache.statistics.unevictableCount == 0)
      for _ in 0..<6 { _ = world.cache.reclaim(target: 100, priority: 0) }
      #expect(file.residentCount == 0)
      mapper.end()
      try file.close()
    }
  }

  @Test("Pages that were unlocked without a word are found when memory gets scarce")
  func unlocked() throws {
    try CacheWorld.run { world in
      let file = try world.file(FakeDisk(pageCount: 100))
      let mapper = try FakeMapper(file)
      mapper.isLocked = true
      for page in 0..<50 as Range<UInt64> { _ = try mapper.load(page) }
      #expect(world.cache.reclaim(target: 100, priority: 0) == 0)
      mapper.isLocked = false
      for _ in 0..<4 { _ = world.cache.reclaim(target: 100, priority: 3) }
      #expect(world.cache.statistics.unevictableCount == 50)
      for _ in 0..<6 { _ = world.cache.reclaim(target: 100, priority: 0) }
      #expect(file.residentCount == 0)
      mapper.end()
      try file.close()
    }
  }

  @Test("A page in somebody's hands stays; one taken while it is unmapped or written does too")
  func inHands() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      let file = try world.file(disk)
      let held = try file.page(0)
      #expect(world.cache.reclaim(target: 10, priority: 0) == 0 && file.isCurrent(0, held))
      _ = consume held
      try file.setStamp(1, of: 0)
      disk.duringWrite = { page in if disk.writes.count == 1 { try? file.setStamp(2, of: page) } }
      // Not freed by the first attempt, which finds it dirty again.
      #expect(world.cache.reclaim(target: 1, priority: 0) == 1 && disk.writes == [0..<1, 0..<1] && disk.stamps[0] == 2)
      try file.close()
    }
  }

  @Test("A page that is truncated and given to another file in the middle of reclaim is left alone")
  func reused() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let other = FakeDisk(pageCount: 100)
      let first = try world.file(disk)
      let second = try world.file(other)
      try first.setStamp(1, of: 0)
      for page in 1..<32 as Range<UInt64> { _ = try first.page(page) }
      // While reclaim writes its first candidate, the others, which it has on its list, become pages of another file.
      disk.duringWrite = { _ in
        guard disk.writes.count == 1 else { return }
        try? first.removePages(in: 1..<32)
        for page in 0..<31 as Range<UInt64> { try? second.setStamp(page + 50, of: page) }
      }
      _ = world.cache.reclaim(target: 32, priority: 0)
      for page in 0..<31 as Range<UInt64> { #expect(try second.stamp(of: page) == page + 50) }
      try first.close()
      try second.close()
      for page in 0..<31 as Range<UInt64> { #expect(other.stamps[page] == page + 50) }
    }
  }

  @Test("A provider that allocates while reclaim has it write finds no second reclaim within the first")
  func nested() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      for page in 0..<64 as Range<UInt64> { try file.setStamp(1, of: page) }
      var inner: [Int] = []
      disk.duringWrite = { _ in inner.append(world.cache.reclaim(target: 10, priority: 0)) }
      #expect(world.cache.reclaim(target: 64, priority: 0) == 64)
      #expect(inner == Array(repeating: 0, count: 64))
      try file.close()
    }
  }

  @Test(
    "Shrinkers are asked in proportion to the priority, when pages of files do not suffice, and no more once removed")
  func shrinkers() throws {
    try CacheWorld.run { world in
      let file = try world.file(FakeDisk(pageCount: 100))
      try read(0..<100, of: file)
      let (large, small) = (FakeShrinker(count: 100_000), FakeShrinker(count: 10))
      let empty = FakeShrinker(count: 0)
      for shrinker in [large, small, empty] { try world.cache.add(shrinker) }
      #expect(world.cache.reclaim(target: 20, priority: 4) == 20 && large.scans.isEmpty)
      #expect(world.cache.reclaim(target: 1000, priority: 8) == 32 + 390 + 10)
      #expect(large.scans == [390] && small.scans == [10] && empty.scans.isEmpty)
      world.cache.remove(large)
      _ = world.cache.reclaim(target: 1000, priority: 0)
      #expect(large.scans == [390])
      try file.close()
    }
  }

  @Test("A hot set is still in memory after a scan of a file ten times as large")
  func scanResistance() throws {
    try CacheWorld.run { world in
      let hot = try world.file(FakeDisk(pageCount: 200))
      let scanned = try world.file(FakeDisk(pageCount: 4000))
      for _ in 0..<4 { try read(0..<200, of: hot) }
      var reader = ReadAhead()
      for page in 0..<4000 as Range<UInt64> {
        _ = try scanned.page(page, &reader)
        if page % 10 == 0 { _ = try hot.page(page / 10 % 200) }
        // 400 pages are all there is room for.
        let total = hot.residentCount + scanned.residentCount
        if total > 400 { _ = world.cache.reclaim(target: total - 400, priority: 0) }
      }
      #expect(hot.residentCount > 190)
      try hot.close()
      try scanned.close()
    }
  }
}
