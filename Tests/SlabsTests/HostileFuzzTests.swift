import PageFrames
import Slabs
import TestSupport
import Testing

/// Users that write where they must not and free what they must not, at random.
@Suite("Slab fuzzing with misuse")
struct HostileFuzzTests {
  /// Whatever is done to a cache's memory: no object is handed out that is in use, nothing traps or runs for ever, no access
  /// leaves the slabs, and the counters stay true to what was handed out.
  @Test(
    "Overwritten memory and wrong frees never make a cache hand out an object in use",
    arguments: [SlabDebugging.off, .on], [24, 64, 400])
  func misuse(debugging: SlabDebugging, size: Int) {
    var generator = SeededGenerator(seed: UInt64(80 + size))
    func random(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
    var findings: [SlabFinding.Kind: Int] = [:]
    var mistakes: [String] = []
    for round in 0..<20 {
      let bench = CacheBench(objectSize: size, debugging: debugging, secret: generator.next())
      bench.machine.frameLimit = 40
      var live: [UInt] = []
      var inUse: Set<UInt> = []
      var dropped = 0
      var freed: [UInt] = []
      var isDamaged = false
      var recounted = 0
      for _ in 0..<2_000 {
        switch random(40) {
        case 0..<18:
          do throws(SlabFinding) {
            guard let object = try bench.allocate() else { continue }
            if !inUse.insert(object).inserted { mistakes.append("\(object) was handed out twice") }
            live.append(object)
          } catch {
            findings[error.kind, default: 0] += 1
          }
        case 18..<34:
          guard !live.isEmpty else { continue }
          let object = live.remove(at: random(live.count))
          inUse.remove(object)
          let before = bench.cache.statistics.quarantinedObjectCount
          if let finding = bench.findingOfRelease(object) {
            findings[finding.kind, default: 0] += 1
            if bench.cache.statistics.quarantinedObjectCount == before { dropped += 1 }
          } else {
            freed.append(object)
          }
        case 34:
          // A double free, unless somebody has the object again by now. Once links were overwritten only debugging finds
          // every one.
          guard let object = freed.randomElement(using: &generator), !inUse.contains(object),
            debugging == .on || !isDamaged
          else { continue }
          let before = bench.cache.statistics.quarantinedObjectCount
          guard let finding = bench.findingOfRelease(object) else {
            mistakes.append("\(object) was freed twice")
            continue
          }
          findings[finding.kind, default: 0] += 1
          // One in quarantine whose notes were overwritten once more cannot be told from one in use.
          recounted += bench.cache.statistics.quarantinedObjectCount - before
        case 35:
          guard let object = live.randomElement(using: &generator) else { continue }
          let stray = object &+ UInt(random(2 * size)) &- UInt(size)
          guard !inUse.contains(stray), !freed.contains(stray) else { continue }
          guard let finding = bench.findingOfRelease(stray) else {
            mistakes.append("a stray pointer was taken for an object")
            continue
          }
          findings[finding.kind, default: 0] += 1
        default:
          // Before an object, in it, or behind it, as far as the next one.
          guard round % 4 != 0, let object = (live + freed).randomElement(using: &generator) else { continue }
          let place = object &+ UInt(random(bench.cache.layout.stride + 32)) &- 32
          let frame = Int((place - SimulatedMachine.base) >> 12)
          guard bench.machine.table.frames[frame].isKind(.slab) else { continue }
          bench.machine[byte: place] = UInt8(truncatingIfNeeded: generator.next())
          isDamaged = true
        }
        guard mistakes.isEmpty else { break }
      }
      // What is in use, what was refused, and what is in quarantine is all that is not free.
      let figures = bench.cache.statistics
      let known = live.count + dropped + figures.quarantinedObjectCount - recounted
      if figures.activeObjectCount != known { mistakes.append("\(figures.activeObjectCount) active, not \(known)") }
      if let complaint = bench.machine.complaint { mistakes.append(complaint) }
    }
    #expect(mistakes == [])
    // It was misused indeed.
    var expected: [SlabFinding.Kind] = [.doubleFree, .notAnObject, .corruptedLink]
    if debugging == .on {
      expected = [.doubleFree, .notAnObject, .useAfterFree, .overflow, .underflow, .corruptedNotes]
    }
    for kind in expected { #expect(findings[kind, default: 0] > 0, "\(kind)") }
  }
}
