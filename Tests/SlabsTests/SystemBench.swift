import PageFrames
import Slabs
import TestSupport

/// A lock for one CPU: there is nobody else.
final class UncontendedLock: SlabCacheLock {
  private var cache = SlabCache()
  private(set) var isHeld = false

  func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout SlabCache) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(!isHeld, "a cache was locked twice")
    isHeld = true
    defer { isHeld = false }
    return try body(&cache)
  }
}

/// All caches of a simulated machine with several CPUs, one of which does something at a time.
final class SystemBench {
  final class Processor {
    var magazines = MagazineRack()
  }

  let machine = SimulatedMachine()
  let processors: [Processor]
  private let locks = (0..<MagazineRack.count).map { _ in UncontendedLock() }

  init(processorCount: Int, debugging: SlabDebugging = .off) {
    processors = (0..<processorCount).map { _ in Processor() }
    var generator = SeededGenerator(seed: 51)
    withSystem { $0.makeSizeClasses(debugging: debugging) { generator.next() } }
  }

  func withSystem<Result, Failure: Error>(
    _ body: (borrowing SlabSystem<UncontendedLock, SimulatedMemory>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let locks = locks
    return try machine.table.withSpan { frames throws(Failure) in
      try body(SlabSystem(caches: locks.span, frames: frames, memory: machine.memory))
    }
  }

  func allocate(_ number: Int, on processor: Int, caller: UInt = 0) throws(SlabFinding) -> UInt? {
    var pages = machine.pages
    return try withSystem { system throws(SlabFinding) in
      try system.allocate(number, through: &processors[processor].magazines, caller: caller, &pages)
    }
  }

  func release(_ object: UInt, to number: Int? = nil, on processor: Int) throws(SlabFinding) {
    var pages = machine.pages
    try withSystem { system throws(SlabFinding) in
      let number = number ?? system.cacheNumber(of: object) ?? -1
      try system.release(object, to: number, through: &processors[processor].magazines, &pages)
    }
  }

  func makeCache(name: StaticString, layout: SlabLayout) -> Int? {
    withSystem { $0.makeCache(name: name, layout: layout, secret: 0x5ec2e7) }
  }

  func statistics(of number: Int) -> SlabCacheStatistics? { withSystem { $0.statistics(of: number) } }

  /// Gives back everything that `processor` and the caches keep.
  ///
  /// - Returns: how many frames became free, and what was found wrong.
  func shrink(on processor: Int) -> (frames: Int, findings: [SlabFinding]) {
    var pages = machine.pages
    var findings: [SlabFinding] = []
    let frames = withSystem {
      $0.shrink(&processors[processor].magazines, &pages) { finding in
        if locks.contains(where: \.isHeld) { machine.complain("a finding was reported with a lock held") }
        findings.append(finding)
      }
    }
    return (frames, findings)
  }
}
