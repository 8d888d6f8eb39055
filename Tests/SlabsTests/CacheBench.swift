import PageFrames
import Slabs

/// One cache on a simulated machine, with the arguments that are always the same left out.
final class CacheBench {
  let machine: SimulatedMachine
  var cache: SlabCache

  init(
    objectSize: Int, alignment: Int = 8, debugging: SlabDebugging = .off, number: Int = 7, secret: UInt64 = 0x5ec2e7,
    on machine: SimulatedMachine = SimulatedMachine()
  ) {
    self.machine = machine
    let layout = SlabLayout(objectSize: objectSize, alignment: alignment, debugging: debugging)
    cache = SlabCache(name: "bench", number: number, layout: layout, secret: secret)
  }

  func allocate(byteCount: Int? = nil, caller: UInt = 0) throws(SlabFinding) -> UInt? {
    var pages = machine.pages
    return try machine.table.withSpan { frames throws(SlabFinding) in
      try cache.allocate(byteCount: byteCount, caller: caller, machine.memory, &pages, in: frames)
    }
  }

  func release(_ object: UInt, caller: UInt = 0) throws(SlabFinding) {
    var pages = machine.pages
    try machine.table.withSpan { frames throws(SlabFinding) in
      try cache.release(object, caller: caller, machine.memory, &pages, in: frames)
    }
  }

  /// What is found when an object is asked for; nil when it can be had.
  func findingOfAllocation() -> SlabFinding? {
    do throws(SlabFinding) { _ = try allocate() } catch { return error }
    return nil
  }

  /// What is found when `object` is given back; nil when nothing is wrong with it.
  func findingOfRelease(_ object: UInt, caller: UInt = 0) -> SlabFinding? {
    do throws(SlabFinding) { try release(object, caller: caller) } catch { return error }
    return nil
  }

  func allocate(through magazine: inout Magazine) throws(SlabFinding) -> UInt? {
    if let object = magazine.pop() { return object }
    var pages = machine.pages
    return try machine.table.withSpan { frames throws(SlabFinding) in
      try cache.allocate(through: &magazine, machine.memory, &pages, in: frames)
    }
  }

  func release(_ object: UInt, through magazine: inout Magazine) throws(SlabFinding) {
    if magazine.push(object) { return }
    var pages = machine.pages
    try machine.table.withSpan { frames throws(SlabFinding) in
      try cache.release(object, through: &magazine, machine.memory, &pages, in: frames)
    }
  }

  func flush(_ magazine: inout Magazine) throws(SlabFinding) {
    var pages = machine.pages
    try machine.table.withSpan { frames throws(SlabFinding) in
      try cache.flush(&magazine, machine.memory, &pages, in: frames)
    }
  }

  /// Flushes `magazine` to the end, whatever is found on the way.
  func findingsOfFlush(_ magazine: inout Magazine) -> [SlabFinding] {
    var findings: [SlabFinding] = []
    while magazine.count > 0 {
      do throws(SlabFinding) { try flush(&magazine) } catch { findings.append(error) }
    }
    return findings
  }

  func addObjectsInUse(to sites: inout AllocationSites) {
    machine.table.withSpan { cache.addObjectsInUse(to: &sites, machine.memory, in: $0) }
  }

  @discardableResult
  func shrink() -> Int {
    var pages = machine.pages
    return machine.table.withSpan { cache.shrink(&pages, in: $0) }
  }
}
