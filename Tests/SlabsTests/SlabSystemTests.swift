import PageFrames
import Slabs
import Testing

@Suite("SlabSystem")
struct SlabSystemTests {
  @Test("The size classes come first, named caches after them, until every place is taken")
  func caches() throws {
    let bench = SystemBench(processorCount: 1)
    for index in 0..<SizeClasses.count {
      let figures = try #require(bench.statistics(of: index))
      #expect("\(figures.name)" == "\(SizeClasses.name(index))" && figures.objectSize == SizeClasses.size(index))
      #expect(figures.slabCount == 0 && figures.objectCount == 0)
    }
    let layout = SlabLayout(objectSize: 200, alignment: 64)
    for number in SizeClasses.count..<MagazineRack.count {
      #expect(bench.statistics(of: number) == nil)
      #expect(bench.makeCache(name: "thread", layout: layout) == number)
    }
    #expect(bench.makeCache(name: "one too many", layout: layout) == nil)
    #expect(bench.statistics(of: MagazineRack.count) == nil && bench.statistics(of: -1) == nil)
    let figures = try #require(bench.statistics(of: 95))
    #expect("\(figures.name)" == "thread" && figures.objectSize == 256 && figures.pagesPerSlab == 1)
  }

  @Test("A cache that there is not has no objects, and takes none")
  func noSuchCache() throws {
    let bench = SystemBench(processorCount: 1)
    let object = try #require(try bench.allocate(3, on: 0))
    for number in [-1, 40, 95, 96, Int.max, Int.min] {
      #expect(try bench.allocate(number, on: 0) == nil)
      let finding = #expect(throws: SlabFinding.self) { try bench.release(object, to: number, on: 0) }
      #expect(finding?.kind == .notAnObject)
    }
    #expect(throws: SlabFinding.self) { try bench.release(0x1234_5678, on: 0) }
    #expect(throws: SlabFinding.self) { try bench.release(.max, on: 0) }
    try bench.release(object, on: 0)
  }

  @Test("An object's cache is told from its address, anywhere in slabs of several frames")
  func cacheOfAddress() throws {
    let bench = SystemBench(processorCount: 1)
    for number in 0..<SizeClasses.count {
      let object = try #require(try bench.allocate(number, on: 0))
      let last = object + UInt(SizeClasses.size(number)) - 1
      #expect(bench.withSystem { $0.cacheNumber(of: object) } == number)
      #expect(bench.withSystem { $0.cacheNumber(of: last) } == number)
    }
    #expect(bench.withSystem { $0.cacheNumber(of: SimulatedMachine.base) } == nil)
    #expect(bench.withSystem { $0.cacheNumber(of: 0) } == nil)
    #expect(bench.withSystem { $0.cacheNumber(of: .max) } == nil)
  }

  @Test("Shrinking reports what it finds without a lock, goes on, and gives everything else back")
  func shrinkWithFindings() throws {
    let bench = SystemBench(processorCount: 1)
    var twice: [UInt] = []
    for number in 0..<SizeClasses.count {
      let objects = try (0..<3).map { _ in try #require(try bench.allocate(number, on: 0)) }
      for object in objects + [objects[0]] { try bench.release(object, on: 0) }
      twice.append(objects[0])
    }
    let (frames, findings) = bench.shrink(on: 0)
    #expect(findings.map(\.object) == twice)
    #expect(findings.allSatisfy { $0.kind == .doubleFree })
    #expect(frames > SizeClasses.count && bench.machine.framesOut == 0)
    #expect(bench.machine.complaint == nil)
  }

  @Test("An object freed to the wrong cache is noticed when it would reach that cache's slabs")
  func wrongCache() throws {
    let bench = SystemBench(processorCount: 1)
    let object = try #require(try bench.allocate(3, on: 0))
    let other = try #require(try bench.allocate(5, on: 0))
    try bench.release(other, to: 5, on: 0)
    try bench.release(object, to: 5, on: 0)
    let (_, findings) = bench.shrink(on: 0)
    #expect(findings.map(\.kind) == [.wrongCache] && findings[0].object == object)
    try bench.release(object, on: 0)
    #expect(bench.shrink(on: 0).findings.isEmpty)
    #expect(bench.machine.framesOut == 0)
  }

  @Test("With debugging every request reaches its cache, callers are known, and leaks are told by caller")
  func debugging() throws {
    let bench = SystemBench(processorCount: 2, debugging: .on)
    var kept: [UInt] = []
    for round in 0..<10 {
      for number in 0..<SizeClasses.count {
        let object = try #require(try bench.allocate(number, on: round % 2, caller: UInt(1000 + number % 3)))
        if round < 2 { kept.append(object) } else { try bench.release(object, on: 1 - round % 2) }
      }
    }
    let sites = bench.withSystem { $0.allocationSites() }
    #expect(sites.count == 3)
    for index in 0..<sites.count {
      let numbers = (0..<SizeClasses.count).filter { UInt(1000 + $0 % 3) == sites[index].caller }
      #expect(sites[index].objectCount == numbers.count * 2)
      #expect(sites[index].byteCount == numbers.map { SizeClasses.size($0) * 2 }.reduce(0, +))
    }
    for object in kept { try bench.release(object, on: 0) }
    #expect(bench.withSystem { $0.allocationSites() }.count == 0)
    #expect(bench.shrink(on: 0).findings.isEmpty && bench.shrink(on: 1).findings.isEmpty)
    #expect(bench.machine.framesOut == 0)
  }
}
