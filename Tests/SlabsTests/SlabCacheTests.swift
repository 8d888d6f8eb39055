import PageFrames
import Slabs
import Testing

@Suite("SlabCache")
struct SlabCacheTests {
  @Test("Objects are distinct, aligned, and as far apart as they are large", arguments: [8, 24, 64, 100, 1024, 8192])
  func distinct(size: Int) throws {
    let bench = CacheBench(objectSize: size, alignment: 16)
    var objects: [UInt] = []
    for _ in 0..<1200 where bench.machine.framesOut < 900 {
      let object = try #require(try bench.allocate())
      objects.append(object)
    }
    objects.sort()
    for (object, next) in zip(objects, objects.dropFirst()) { #expect(next - object >= UInt(size)) }
    #expect(objects.allSatisfy { $0 % 16 == 0 })
    #expect(bench.cache.statistics.activeObjectCount == objects.count)
    for object in objects { try bench.release(object) }
    bench.shrink()
    #expect(bench.machine.framesOut == 0)
    #expect(bench.machine.complaint == nil)
  }

  @Test("Making a slab and handing out its objects for the first time touches no memory")
  func untouched() throws {
    let bench = CacheBench(objectSize: 64)
    for _ in 0..<64 { _ = try bench.allocate() }
    #expect(bench.machine.accessCount == 0)
    #expect(bench.cache.statistics.slabCount == 1)
  }

  @Test("The object that was given back last is handed out first")
  func lastInFirstOut() throws {
    let bench = CacheBench(objectSize: 48)
    let objects = try (0..<10).map { _ in try #require(try bench.allocate()) }
    for object in objects[2..<6] { try bench.release(object) }
    for object in objects[2..<6].reversed() {
      let again = try bench.allocate()
      #expect(again == object)
    }
  }

  @Test("Requests are served from slabs in use, so that the empty ones stay empty")
  func partialFirst() throws {
    let bench = CacheBench(objectSize: 512)
    let objects = try (0..<16).map { _ in try #require(try bench.allocate()) }
    for object in objects[8...] { try bench.release(object) }
    try bench.release(objects[0])
    #expect(bench.cache.statistics.activeSlabCount == 1)
    let again = try bench.allocate()
    #expect(again == objects[0])
    #expect(bench.cache.statistics.activeSlabCount == 1 && bench.cache.statistics.slabCount == 2)
  }

  @Test("A few empty slabs are kept and the others given back, and shrinking gives back the rest")
  func emptySlabs() throws {
    let bench = CacheBench(objectSize: 512)
    let objects = try (0..<80).map { _ in try #require(try bench.allocate()) }
    #expect(bench.machine.framesOut == 10)
    for object in objects { try bench.release(object) }
    #expect(bench.machine.framesOut == 4)
    #expect(bench.cache.statistics.slabCount == 4 && bench.cache.statistics.objectCount == 32)
    let released = bench.shrink()
    #expect(released == 4)
    #expect(bench.machine.framesOut == 0)
    #expect(bench.cache.statistics.objectCount == 0 && bench.cache.statistics.frameCount == 0)
    #expect(bench.machine.complaint == nil)
  }

  @Test("Where no large run is to be had, smaller slabs serve, and both kinds go back whole")
  func smallerSlabs() throws {
    let bench = CacheBench(objectSize: 1024)
    let first = try #require(try bench.allocate())
    #expect(bench.machine.framesOut == 2)
    bench.machine.largestOrder = 0
    let others = try (0..<12).map { _ in try #require(try bench.allocate()) }
    // Seven more fit the first slab; the others take two slabs of a frame each.
    #expect(bench.machine.framesOut == 4)
    #expect(bench.cache.statistics.slabCount == 3 && bench.cache.statistics.objectCount == 16)
    for object in [first] + others { try bench.release(object) }
    bench.shrink()
    #expect(bench.machine.framesOut == 0)
    #expect(bench.machine.complaint == nil)
  }

  @Test("Wherever the frames run out, what was had can be used, given back and had again", arguments: [24, 640, 8192])
  func runningDry(size: Int) throws {
    for limit in 0...20 {
      let bench = CacheBench(objectSize: size)
      bench.machine.frameLimit = limit
      for _ in 0..<2 {
        var objects: [UInt] = []
        while let object = try bench.allocate() { objects.append(object) }
        #expect(objects.count == bench.cache.statistics.objectCount)
        #expect(Set(objects).count == objects.count)
        // A cache that cannot have a slab of the usual size has used every smallest one.
        let smallest = 1 << bench.cache.layout.smallestOrder
        #expect(limit - bench.machine.framesOut < smallest)
        for object in objects { try bench.release(object) }
        #expect(bench.cache.statistics.activeObjectCount == 0)
      }
      bench.shrink()
      #expect(bench.machine.framesOut == 0)
      #expect(bench.machine.complaint == nil)
    }
  }

  @Test("A refill fills half a magazine, and adds a slab only for an empty one")
  func refill() throws {
    let bench = CacheBench(objectSize: 512)
    var magazine = Magazine()
    _ = try bench.allocate()
    let object = try #require(try bench.allocate(through: &magazine))
    #expect(magazine.limit == 32)
    // The slab had seven left: one was handed out and six are at hand. No second slab was asked for.
    #expect(magazine.count == 6 && bench.machine.framesOut == 1)
    for _ in 0..<6 { _ = try bench.allocate(through: &magazine) }
    let next = try #require(try bench.allocate(through: &magazine))
    #expect(magazine.count == 7 && bench.machine.framesOut == 2)
    try bench.release(object, through: &magazine)
    try bench.release(next, through: &magazine)
    #expect(magazine.count == 9)
  }

  @Test("A full magazine gives back its older half")
  func halfBack() throws {
    let bench = CacheBench(objectSize: 64)
    var magazine = Magazine()
    let objects = try (0..<33).map { _ in try #require(try bench.allocate(through: &magazine)) }
    try bench.flush(&magazine)
    for object in objects { try bench.release(object, through: &magazine) }
    #expect(magazine.count == 17)
    #expect(bench.cache.statistics.activeObjectCount == 17)
    // The younger half is still at hand, the one given back last on top.
    let again = try (0..<17).map { _ in try #require(try bench.allocate(through: &magazine)) }
    #expect(again == objects[16...].reversed())
  }

  @Test("Magazines of large objects hold fewer", arguments: [(8, 32), (512, 32), (1024, 16), (4096, 4), (8192, 4)])
  func magazineLimits(size: Int, limit: Int) {
    #expect(CacheBench(objectSize: size).cache.magazineLimit == limit)
    #expect(CacheBench(objectSize: size, debugging: .on).cache.magazineLimit == 0)
  }

  @Test("Allocations are counted, also those that a magazine served")
  func allocationCount() throws {
    let bench = CacheBench(objectSize: 64)
    var magazine = Magazine()
    for _ in 0..<100 {
      let object = try #require(try bench.allocate(through: &magazine))
      try bench.release(object, through: &magazine)
    }
    _ = try bench.allocate()
    try bench.flush(&magazine)
    #expect(bench.cache.statistics.allocationCount == 101)
    #expect(bench.cache.statistics.activeObjectCount == 1)
  }
}
