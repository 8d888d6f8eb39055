import PageFrames
import Slabs
import Testing

/// What a cache notices without debugging.
@Suite("Findings without debugging")
struct FindingTests {
  @Test("What is not the start of an object that was handed out is refused")
  func notAnObject() throws {
    let bench = CacheBench(objectSize: 96)
    let object = try #require(try bench.allocate())
    let stray: [UInt] = [
      0, .max, object + 1, object + 8, object + 95, object + 96, object - 8, SimulatedMachine.base,
      SimulatedMachine.base + UInt(SimulatedMachine.frameCount) * 4096, object + 42 * 96, object | 1 << 63,
    ]
    for address in stray {
      let finding = bench.findingOfRelease(address)
      #expect(finding?.kind == .notAnObject, "\(String(address, radix: 16))")
      #expect(finding?.object == address && finding?.cache == 7)
    }
    #expect(bench.cache.statistics.activeObjectCount == 1)
    try bench.release(object)
  }

  @Test("An object of another cache is refused, and an address in a slab that was given back")
  func wrongCache() throws {
    let machine = SimulatedMachine()
    let bench = CacheBench(objectSize: 64, number: 3, on: machine)
    let other = CacheBench(objectSize: 64, number: 4, on: machine)
    let object = try #require(try bench.allocate())
    #expect(other.findingOfRelease(object)?.kind == .wrongCache)
    try bench.release(object)
    bench.shrink()
    #expect(bench.findingOfRelease(object)?.kind == .notAnObject)
    #expect(other.findingOfRelease(object)?.kind == .notAnObject)
  }

  @Test("Freeing twice is noticed, at once and after other frees, in a slab in use and in an empty one")
  func doubleFree() throws {
    let bench = CacheBench(objectSize: 64)
    let objects = try (0..<8).map { _ in try #require(try bench.allocate()) }
    for (index, object) in objects.enumerated() {
      try bench.release(object)
      for freed in objects[...index] { #expect(bench.findingOfRelease(freed)?.kind == .doubleFree) }
      #expect(bench.cache.statistics.activeObjectCount == 7 - index)
    }
    // None of that has damaged the list: every object can be had once.
    let again = try (0..<8).map { _ in try #require(try bench.allocate()) }
    #expect(Set(again) == Set(objects))
  }

  @Test("Freeing twice through a magazine is noticed at once, or when the magazine is flushed")
  func doubleFreeInMagazine() throws {
    let bench = CacheBench(objectSize: 64)
    var magazine = Magazine()
    let first = try #require(try bench.allocate(through: &magazine))
    let second = try #require(try bench.allocate(through: &magazine))
    try bench.release(first, through: &magazine)
    #expect(throws: SlabFinding.self) { try bench.release(first, through: &magazine) }
    try bench.release(second, through: &magazine)
    try bench.release(first, through: &magazine)
    let findings = bench.findingsOfFlush(&magazine)
    #expect(findings.map(\.kind) == [.doubleFree] && findings.first?.object == first)
    #expect(bench.cache.statistics.activeObjectCount == 0)
    bench.shrink()
    #expect(bench.machine.framesOut == 0)
  }

  @Test("A finding about one object of a full magazine does not keep another from being given back")
  func releaseDespiteFinding() throws {
    let bench = CacheBench(objectSize: 64)
    var magazine = Magazine()
    let objects = try (0..<32).map { _ in try #require(try bench.allocate(through: &magazine)) }
    try bench.flush(&magazine)
    // The double free lies in the older half, so that making room comes upon it.
    for object in objects[..<5] + [objects[3]] + objects[5..<31] { try bench.release(object, through: &magazine) }
    #expect(magazine.count == magazine.limit)
    let finding = #expect(throws: SlabFinding.self) { try bench.release(objects[31], through: &magazine) }
    #expect(finding?.kind == .doubleFree && finding?.object == objects[3])
    let later = bench.findingsOfFlush(&magazine)
    #expect(later.isEmpty)
    #expect(bench.cache.statistics.activeObjectCount == 0)
  }

  @Test("An overwritten link is not followed: what it led to is lost, and everything else goes on")
  func corruptedLink() throws {
    let bench = CacheBench(objectSize: 256)
    let objects = try (0..<12).map { _ in try #require(try bench.allocate()) }
    for object in objects[..<4] { try bench.release(object) }
    // Somebody writes to an object after freeing it.
    bench.machine[byte: objects[2] + 1] ^= 0x10
    let fresh = try bench.allocate()
    #expect(fresh == objects[3])
    let finding = bench.findingOfAllocation()
    #expect(finding?.kind == .corruptedLink && finding?.object == objects[2])
    let figures = bench.cache.statistics
    #expect(figures.quarantinedObjectCount == 3 && figures.activeObjectCount == 9 + 3)
    // The four that were never handed out still are, and none of the three.
    let rest = try (0..<4).map { _ in try #require(try bench.allocate()) }
    #expect(Set(rest).isDisjoint(with: objects))
    #expect(bench.machine.framesOut == 1)
    for object in objects[3...] + rest { try bench.release(object) }
    #expect(bench.cache.statistics.activeObjectCount == 3)
    // The slab stays, as what is lost in it may still be written to.
    bench.shrink()
    #expect(bench.machine.framesOut == 1)
  }

  @Test("Any overwritten byte of any link is noticed, before an object is handed out twice")
  func everyLinkByte() throws {
    for place in UInt(0)..<8 {
      for victim in 0..<16 {
        let bench = CacheBench(objectSize: 64)
        let objects = try (0..<64).map { _ in try #require(try bench.allocate()) }
        for object in objects[..<16] { try bench.release(object) }
        bench.machine[byte: objects[victim] + place] &+= 1
        var found: [SlabFinding] = []
        var again: [UInt] = []
        for _ in 0..<16 where found.isEmpty {
          do throws(SlabFinding) { if let object = try bench.allocate() { again.append(object) } } catch {
            found.append(error)
          }
        }
        #expect(found.map(\.object) == [objects[victim]])
        #expect(again == objects[(victim + 1)..<16].reversed())
      }
    }
  }

  @Test("A link that an object had in an earlier life is noticed if it would cut the list short")
  func shortList() throws {
    let bench = CacheBench(objectSize: 64)
    let objects = try (0..<2).map { _ in try #require(try bench.allocate()) }
    try bench.release(objects[1])
    let end = bench.machine[word: objects[1]]
    _ = try bench.allocate()
    for object in objects { try bench.release(object) }
    bench.machine[word: objects[1]] = end
    #expect(bench.findingOfAllocation()?.kind == .corruptedLink)
    #expect(bench.cache.statistics.quarantinedObjectCount == 2)
  }

  @Test("A user's data that look like a link are no double free")
  func lookalike() throws {
    let bench = CacheBench(objectSize: 64)
    let objects = try (0..<3).map { _ in try #require(try bench.allocate()) }
    try bench.release(objects[0])
    try bench.release(objects[1])
    let link = bench.machine[word: objects[1]]
    let again = try bench.allocate()
    #expect(again == objects[1])
    bench.machine[word: objects[1]] = link
    try bench.release(objects[1])
    #expect(bench.cache.statistics.activeObjectCount == 1)
  }
}
