import PageFrames
import Slabs
import TestSupport
import Testing

/// What a debugging cache notices, each misuse provoked.
@Suite("Findings with debugging")
struct DebuggingTests {
  private static let sizes = [1, 8, 13, 24, 100, 512, 4096, 8192]

  @Test("Objects used as they should be give no findings, and are poisoned before and after", arguments: sizes)
  func properUse(size: Int) throws {
    let bench = CacheBench(objectSize: size, debugging: .on)
    let machine = bench.machine
    for round in 0..<3 {
      let objects = try (0..<40).map { _ in try #require(try bench.allocate(caller: UInt(round))) }
      for object in objects {
        #expect(machine[byte: object] == 0x5a && machine[byte: object + UInt(size) - 1] == 0x5a)
        for offset in 0..<UInt(size) { machine[byte: object + offset] = UInt8(truncatingIfNeeded: round) }
      }
      for object in objects {
        try bench.release(object)
        #expect(machine[byte: object + UInt(size) - 1] == 0xa5)
        if size > 1 { #expect(machine[byte: object] == 0x6b) }
      }
    }
    bench.shrink()
    #expect(machine.framesOut == 0 && machine.complaint == nil)
  }

  @Test("A write beyond either end is found when the object is freed", arguments: sizes)
  func zones(size: Int) throws {
    // Without the first object, before which there may be nothing of its slab.
    for offset in [-16, -8, -1, size, size + 1, size + 15] {
      let bench = CacheBench(objectSize: size, debugging: .on)
      _ = try bench.allocate()
      let object = try #require(try bench.allocate(caller: 0x1111))
      let place = object &+ UInt(bitPattern: offset)
      bench.machine[byte: place] ^= 0x01
      let finding = try #require(bench.findingOfRelease(object, caller: 0x2222))
      #expect(finding.kind == (offset < 0 ? .underflow : .overflow))
      #expect(finding.object == object && finding.offset == offset && finding.foundByte == 0xcd)
      #expect(finding.allocationCaller == 0x1111 && finding.releaseCaller == 0x2222)
      #expect(bench.cache.statistics.quarantinedObjectCount == 1)
      // Freed it has been, as far as its user is concerned.
      #expect(bench.findingOfRelease(object)?.kind == .doubleFree)
      #expect(bench.cache.statistics.quarantinedObjectCount == 1)
    }
  }

  @Test("The red zone begins right behind the bytes that were asked for")
  func partialUse() throws {
    for length in [0, 1, 7, 8, 50, 100] {
      let bench = CacheBench(objectSize: 100, debugging: .on)
      let object = try #require(try bench.allocate(byteCount: length))
      bench.machine[byte: object + UInt(length)] = 0
      let finding = bench.findingOfRelease(object)
      #expect(finding?.kind == .overflow && finding?.offset == length)
    }
  }

  @Test("A write to any byte after the object was freed is found when it is handed out again")
  func useAfterFree() throws {
    for offset in [0, 1, 50, 98, 99] {
      let bench = CacheBench(objectSize: 100, debugging: .on)
      let object = try #require(try bench.allocate(caller: 0x1111))
      try bench.release(object, caller: 0x2222)
      bench.machine[byte: object + UInt(offset)] = 0x33
      let finding = try #require(bench.findingOfAllocation())
      #expect(finding.kind == .useAfterFree && finding.object == object)
      #expect(finding.offset == offset && finding.foundByte == 0x33)
      #expect(finding.allocationCaller == 0x1111 && finding.releaseCaller == 0x2222)
      // The damaged object is never handed out again, the others are.
      let next = try bench.allocate()
      #expect(next != nil && next != object)
      #expect(bench.cache.statistics.activeObjectCount == 2 && bench.cache.statistics.quarantinedObjectCount == 1)
    }
  }

  @Test("A write to an object that was never handed out is found as well")
  func writeToFresh() throws {
    let bench = CacheBench(objectSize: 64, debugging: .on)
    let first = try #require(try bench.allocate())
    bench.machine[byte: first + UInt(bench.cache.layout.stride)] = 1
    #expect(bench.findingOfAllocation()?.kind == .useAfterFree)
  }

  @Test("Red zones of free objects are checked when they are handed out")
  func zonesOfFree() throws {
    for (offset, kind) in [(-1, SlabFinding.Kind.underflow), (64, .overflow)] {
      let bench = CacheBench(objectSize: 64, debugging: .on)
      let object = try #require(try bench.allocate())
      try bench.release(object)
      bench.machine[byte: object &+ UInt(bitPattern: offset)] = 0
      let finding = bench.findingOfAllocation()
      #expect(finding?.kind == kind && finding?.offset == offset)
    }
  }

  @Test("A double free names who asked for the object and who gave it back first")
  func doubleFree() throws {
    let bench = CacheBench(objectSize: 64, debugging: .on)
    _ = try bench.allocate()
    let object = try #require(try bench.allocate(caller: 0x1111))
    try bench.release(object, caller: 0x2222)
    let finding = try #require(bench.findingOfRelease(object, caller: 0x3333))
    #expect(finding.kind == .doubleFree && finding.object == object)
    #expect(finding.allocationCaller == 0x1111 && finding.releaseCaller == 0x2222)
    #expect(bench.cache.statistics.quarantinedObjectCount == 0)
  }

  @Test("Overwritten notes and links are noticed")
  func notes() throws {
    // The notes are the state, who asked, who gave back and the link, behind the object and its red zone.
    let notes: UInt = 64 + 16
    let bench = CacheBench(objectSize: 64, debugging: .on)
    let objects = try (0..<4).map { _ in try #require(try bench.allocate()) }
    bench.machine[byte: objects[0] + notes + 5] ^= 0x80
    #expect(bench.findingOfRelease(objects[0])?.kind == .corruptedNotes)
    try bench.release(objects[1])
    bench.machine[word: objects[1] + notes] = 0
    #expect(bench.findingOfAllocation()?.kind == .corruptedNotes)
    try bench.release(objects[2])
    try bench.release(objects[3])
    bench.machine[word: objects[3] + notes + 24] = 0
    #expect(bench.findingOfAllocation()?.kind == .corruptedLink)
    #expect(bench.cache.statistics.quarantinedObjectCount == 4)
    #expect(bench.cache.statistics.activeObjectCount == 4)
  }

  @Test("Pointers into an object, between objects and to other caches' objects are refused")
  func stray() throws {
    let machine = SimulatedMachine()
    let bench = CacheBench(objectSize: 64, debugging: .on, number: 1, on: machine)
    let other = CacheBench(objectSize: 64, debugging: .on, number: 2, on: machine)
    let object = try #require(try bench.allocate())
    for offset in [1, 8, 64, 80, -16] {
      #expect(bench.findingOfRelease(object &+ UInt(bitPattern: offset))?.kind == .notAnObject)
    }
    #expect(other.findingOfRelease(object)?.kind == .wrongCache)
    try bench.release(object)
  }

  @Test("The report of objects in use has each caller's objects and bytes, and none that were freed")
  func leaks() throws {
    let bench = CacheBench(objectSize: 64, debugging: .on)
    var expected: [UInt: (count: Int, bytes: Int)] = [:]
    var generator = SeededGenerator(seed: 41)
    var live: [(object: UInt, caller: UInt, length: Int)] = []
    for _ in 0..<2_000 {
      if live.count < 150 || generator.next() % 2 == 0 {
        let caller = UInt(generator.next() % 20 + 1)
        let length = Int(generator.next() % 65)
        let object = try #require(try bench.allocate(byteCount: length, caller: caller))
        live.append((object, caller, length))
      } else {
        try bench.release(live.remove(at: Int(generator.next() % UInt64(live.count))).object)
      }
    }
    for (_, caller, length) in live {
      expected[caller, default: (0, 0)].count += 1
      expected[caller, default: (0, 0)].bytes += length
    }
    var sites = AllocationSites()
    bench.addObjectsInUse(to: &sites)
    sites.sort()
    #expect(sites.count == expected.count && sites.others.objectCount == 0)
    for index in 0..<sites.count {
      let site = sites[index]
      #expect(expected[site.caller].map { $0 == (site.objectCount, site.byteCount) } == true)
    }
    for index in 1..<sites.count { #expect(sites[index].byteCount <= sites[index - 1].byteCount) }
  }

  @Test("Callers beyond the table's places are counted together")
  func manyCallers() {
    var sites = AllocationSites()
    for caller in UInt(1)...100 {
      for _ in 0..<3 { sites.add(caller: caller, byteCount: 10) }
    }
    #expect(sites.count == AllocationSites.capacity)
    #expect((0..<sites.count).allSatisfy { sites[$0].objectCount == 3 && sites[$0].byteCount == 30 })
    #expect(sites.others.objectCount == 36 * 3 && sites.others.byteCount == 36 * 30)
  }
}
