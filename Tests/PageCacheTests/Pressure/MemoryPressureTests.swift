import Foundations
import Machine
import PageFrames
import Testing

@testable import PageCache

/// Figures as a test says, or of the simulated memory with a watermark above what is free.
private final class ScriptedFigures: MemoryFigureSource {
  var free = 0
  /// How many frames were free when `free` was set; what becomes free since counts.
  var freeFrames = 0

  override var figures: MemoryFigures {
    let gained = SimulatedMemory.freeCount - freeFrames
    return MemoryFigures(free: free + gained, minimum: 100, low: 125, high: 150, total: 10_000)
  }
}

@Suite("MemoryPressure")
struct MemoryPressureTests {
  private struct Situation {
    let world: CacheWorld
    let figures = ScriptedFigures()
    let processes = FakeProcesses()
    let pressure: MemoryPressure

    init(_ world: CacheWorld, free: Int = 90) {
      self.world = world
      let killer = OutOfMemoryKiller(processes, report: ReportLines().report)
      pressure = MemoryPressure(world.cache, killer, source: figures)
      figures.free = free
      figures.freeFrames = SimulatedMemory.freeCount
    }
  }

  /// A file with `count` clean pages in memory.
  private func cleanFile(_ world: CacheWorld, count: UInt64) throws -> CachedFile {
    let file = try world.file(FakeDisk(pageCount: count))
    for page in 0..<count { _ = try file.page(page) }
    return file
  }

  @Test("Reclaim comes first, a batch at a time, and nobody is killed while it finds something")
  func reclaimsFirst() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      situation.processes.processes = [FakeProcess(10, pages: 100)]
      let file = try cleanFile(world, count: 100)
      for attempt in 0..<4 {
        #expect(situation.pressure.decide(order: 0, attempt: attempt) == .reclaimed(attempt == 3 ? 4 : 32))
      }
      #expect(situation.processes.processes[0].killCount == 0)
      #expect(situation.pressure.decide(order: 0, attempt: 4) == .killed(.killed(processID: 10)))
      #expect(situation.pressure.decide(order: 0, attempt: 5) == .killed(.waiting(processID: 10)))
      #expect(situation.pressure.directReclaimCount == 6 && situation.pressure.outOfMemoryKillCount == 1)
      try file.close()
    }
  }

  @Test("Reclaim that succeeds again and again without helping ends in a kill as well")
  func livelock() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      situation.processes.processes = [FakeProcess(10, pages: 100)]
      let file = try cleanFile(world, count: 1000)
      for attempt in 0..<16 { #expect(situation.pressure.decide(order: 0, attempt: attempt) == .reclaimed(32)) }
      #expect(situation.pressure.decide(order: 0, attempt: 16) == .killed(.killed(processID: 10)))
      try file.close()
    }
  }

  @Test("A large block reclaims as much as it has, and kills nobody")
  func largeBlocks() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      situation.processes.processes = [FakeProcess(10, pages: 100)]
      let file = try cleanFile(world, count: 1000)
      #expect(situation.pressure.decide(order: 9, attempt: 0) == .reclaimed(512))
      #expect(situation.pressure.decide(order: 9, attempt: 16) == .hopeless)
      #expect(!situation.pressure.relieve(order: 60, attempt: 16))
      try file.close()
      #expect(situation.processes.processes[0].killCount == 0)
      #expect(situation.pressure.decide(order: 3, attempt: 16) == .killed(.killed(processID: 10)))
    }
  }

  @Test("With nobody to kill the request fails; after a kill it is tried again only if somebody can run")
  func answers() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      #expect(!situation.pressure.relieve(order: 0, attempt: 0))
      situation.processes.processes = [FakeProcess(10, pages: 100)]
      #expect(!situation.pressure.relieve(order: 0, attempt: 0) && situation.processes.processes[0].killCount == 1)
      world.waiting.canWaitForVictim = true
      #expect(situation.pressure.relieve(order: 0, attempt: 0))
      let file = try cleanFile(world, count: 10)
      world.waiting.canWaitForVictim = false
      #expect(situation.pressure.relieve(order: 0, attempt: 0))
      try file.close()
    }
  }

  @Test("A provider that allocates while reclaim has it write kills nobody")
  func nested() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      situation.processes.processes = [FakeProcess(10, pages: 100)]
      let disk = FakeDisk(pageCount: 10)
      let file = try world.file(disk)
      try file.setStamp(1, of: 0)
      var inner: [MemoryPressure.Decision] = []
      disk.duringWrite = { _ in inner.append(situation.pressure.decide(order: 0, attempt: 0)) }
      #expect(situation.pressure.decide(order: 0, attempt: 0) == .reclaimed(1))
      #expect(inner == [.hopeless] && situation.processes.processes[0].killCount == 0)
      try file.close()
    }
  }

  @Test("Background reclaim runs to the high watermark and no further, then read-ahead is on again")
  func background() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      let file = try cleanFile(world, count: 500)
      situation.figures.freeFrames = SimulatedMemory.freeCount
      #expect(!situation.pressure.isBackgroundReclaimWanted && situation.figures.figures.isLow)
      situation.pressure.memoryIsLow()
      #expect(situation.pressure.isBackgroundReclaimWanted && world.cache.isMemoryLow.load(ordering: .relaxed))
      #expect(situation.pressure.reclaimInBackground() == 60 && file.residentCount == 440)
      #expect(!situation.pressure.isBackgroundReclaimWanted && !world.cache.isMemoryLow.load(ordering: .relaxed))
      #expect(situation.pressure.reclaimInBackground() == 0)
      // More is wanted than there is.
      situation.figures.free -= 1000
      situation.pressure.memoryIsLow()
      #expect(situation.pressure.reclaimInBackground() == 440 && world.cache.isMemoryLow.load(ordering: .relaxed))
      try file.close()
    }
  }

  @Test("While memory is low, nothing is read that was not asked for")
  func noReadAhead() throws {
    try CacheWorld.run { world in
      let situation = Situation(world)
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      situation.pressure.memoryIsLow()
      var reader = ReadAhead()
      for page in 0..<20 as Range<UInt64> { _ = try file.page(page, &reader) }
      #expect(disk.reads.count == 20 && file.residentCount == 20)
      try file.close()
    }
  }

  @Test("The allocator's figures are the sums of its zones")
  func allocatorFigures() throws {
    try CacheWorld.run { world in
      let figures = MemoryFigureSource().figures
      #expect(figures.free == SimulatedMemory.freeCount && figures.total == SimulatedMemory.frameCount - 1)
      #expect(figures.minimum > 0 && figures.low > figures.minimum && figures.high > figures.low)
      #expect(!figures.isLow && figures.reclaimTarget == 0)
      // What is asked deep within a page fault says the same as what is copied whole for reports.
      let (node, allocator) = (FrameAllocator.statistics.node, FrameAllocator.figures)
      #expect(allocator.managedCount == node.managedCount && allocator.freeCount == FrameAllocator.statistics.freeCount)
      let marks = [ZoneKind.dma, .normal, .high].map { node.zone($0).watermarks }
      #expect(figures.minimum == marks.reduce(0) { $0 + $1.minimum } && figures.low == marks.reduce(0) { $0 + $1.low })
      #expect(figures.high == marks.reduce(0) { $0 + $1.high })
      for kind in [FrameKind.kernel, .slab, .pageTable, .anonymous, .file] {
        #expect(FrameAllocator.usedCount(kind) == allocator.usage[kind])
      }
    }
  }

  @Test("Memory that is full of files' pages serves programs; when they have it all, one is killed for another")
  func wholeMachine() async {
    await #expect(processExitsWith: .success) {
      try SimulatedMemory.exclusive {
        let waiting = ScriptedWaiting()
        let cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: waiting)
        let processes = FakeProcesses([FakeProcess(1), FakeProcess(10), FakeProcess(11)])
        processes.processes[0].isUnkillable = true
        let pressure = MemoryPressure(cache, OutOfMemoryKiller(processes, report: ReportLines().report))
        FrameAllocator.setPressureHandler(pressure)
        // A file as large as memory, half of it dirty, read from begin to end.
        let disk = FakeDisk(pageCount: UInt64(SimulatedMemory.frameCount))
        let file = try cache.makeFile(disk)
        var reader = ReadAhead()
        for page in 0..<disk.size {
          let frame = try file.page(page, &reader)
          guard page % 2 == 0 else { continue }
          frame.setStamp(page)
          file.markDirty(page, frame)
        }
        precondition(pressure.directReclaimCount > 0 && pressure.outOfMemoryKillCount == 0)
        // Two programs take memory in turns, until the larger one is killed, which gives its back.
        let held = [ProgramMemory(), ProgramMemory()]
        processes.processes[1].whenKilled = { held[0].array.removeAll() }
        processes.processes[2].whenKilled = { held[1].array.removeAll() }
        waiting.canWaitForVictim = true
        while pressure.outOfMemoryKillCount == 0 {
          for index in [0, 1, 1] {
            try held[index].append()
            processes.processes[index + 1].memory.anonymousCount = held[index].array.count
          }
        }
        precondition(processes.processes.map(\.killCount) == [0, 0, 1])
        precondition(held[1].array.count < 3 && held[0].array.count > SimulatedMemory.frameCount / 4)
        // Nothing of the file was lost.
        held[0].array.removeAll()
        for page in 0..<disk.size where page % 97 == 0 {
          let stamp = try file.stamp(of: page)
          precondition(stamp == (page % 2 == 0 ? page : 0))
        }
        try file.close()
      }
    }
  }
}

/// Frames that a program has.
private final class ProgramMemory {
  var array = GrowableArray<UserFrame>()

  func append() throws {
    let frame = try FrameAllocator.retrying { () throws(Errno) in try UserFrame.allocate(isZeroed: false) }
    try array.append(frame)
  }
}
