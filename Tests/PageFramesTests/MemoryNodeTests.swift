import PageFrames
import Testing

@Suite("MemoryNode")
struct MemoryNodeTests {
  /// Just over 896 MiB: all three zones, and reserves in the lower two that matter.
  private static let threeZones: [Range<UInt32>] = [1..<240_003]

  @Test("Reclaim is called for before a program's request fails, and has a target when it does")
  func lowBeforeFailure() throws {
    let table = try SimulatedNode.table(of: Self.threeZones)
    var simulation = SimulatedNode(Self.threeZones, in: table.span)
    #expect(!simulation.node.isLow)
    #expect(simulation.node.reclaimTarget == 0)
    var wasLow = false
    for order in stride(from: 10, through: 0, by: -1) {
      while try simulation.allocate(order: order, priority: .user, in: table.span) != nil {
        if order == 0 && !wasLow { wasLow = simulation.node.isLow }
      }
    }
    #expect(wasLow)
    let target = simulation.node.reclaimTarget
    #expect(target > 0)
    // What the target asks for is enough for the next program.
    try simulation.release(100_000..<100_000 + UInt32(target), in: table.span)
    #expect(!simulation.node.isLow)
    #expect(simulation.node.reclaimTarget == 0)
    #expect(try simulation.allocate(order: 0, priority: .user, in: table.span) != nil)
  }

  @Test("A request that allows only lower zones is served below their limits")
  func zoneLimits() throws {
    let table = try SimulatedNode.table(of: Self.threeZones)
    var simulation = SimulatedNode(Self.threeZones, in: table.span)
    for (limit, end) in [(ZoneKind.dma, UInt32(4096)), (.normal, 229_376), (.high, 240_003)] {
      let newBlock = try simulation.allocate(order: 3, limit: limit, in: table.span)
      let block = try #require(newBlock)
      #expect(block.rawValue + 8 <= end)
      let newRun = try simulation.allocateRun(count: 1500, limit: limit, in: table.span)
      let run = try #require(newRun)
      #expect(run.rawValue + 1500 <= end)
    }
    #expect(try simulation.allocateRun(count: 4096, limit: .dma, in: table.span) == nil)
    #expect(simulation.node.zone(.dma).kind == .dma)
  }

  @Test("Memory below 16 MiB is kept for those who need it while there is other memory")
  func dmaIsKept() throws {
    let table = try SimulatedNode.table(of: Self.threeZones)
    var simulation = SimulatedNode(Self.threeZones, in: table.span)
    while try simulation.allocate(order: 8, priority: .user, in: table.span) != nil {}
    while try simulation.allocate(order: 0, priority: .user, in: table.span) != nil {}
    // 235,907 frames lie above, of which a 256th is kept here.
    #expect(simulation.node.zone(.dma).freeCount >= 235_907 / 256)
    #expect(try simulation.allocate(order: 0, limit: .dma, priority: .user, in: table.span) != nil)
  }

  @Test("Programs leave the minimum, the kernel a quarter of it, an emergency nothing")
  func priorities() throws {
    let memory: [Range<UInt32>] = [1..<16_385]
    let table = try SimulatedNode.table(of: memory)
    var simulation = SimulatedNode(memory, in: table.span)
    #expect(simulation.node.freeCount == 16_384)
    func takeAll(_ priority: AllocationPriority) throws {
      while try simulation.allocate(order: 0, priority: priority, in: table.span) != nil {}
    }
    try takeAll(.user)
    // 1024 KiB, and 12,289 frames of Normal divided by 256 that DMA keeps.
    let kept = 256 + 48
    #expect((kept - 2...kept).contains(simulation.node.freeCount))
    try takeAll(.kernel)
    #expect((kept - 192 - 3...kept - 192 + 3).contains(simulation.node.freeCount))
    try takeAll(.emergency)
    #expect(simulation.node.freeCount == 0)
    #expect(try simulation.allocate(order: 0, priority: .emergency, in: table.span) == nil)
  }

  @Test("A run of any length is one piece, and exactly as long as asked")
  func runs() throws {
    let memory: [Range<UInt32>] = [5..<30_003]
    let table = try SimulatedNode.table(of: memory)
    var simulation = SimulatedNode(memory, in: table.span)
    let free = simulation.node.freeCount
    for count in [1, 2, 3, 5, 31, 33, 511, 513, 1023, 1024, 1025, 2047, 2048, 2049, 10_000, 20_000] {
      let newFirst = try simulation.allocateRun(count: count, in: table.span)
      let first = try #require(newFirst, "\(count) frames")
      #expect(simulation.node.freeCount == free - count)
      for frame in first.rawValue..<first.rawValue + UInt32(count) {
        try require(table.span[FrameNumber(frame)].kind == .allocated, "frame \(frame) of \(count)")
      }
      try simulation.check(in: table.span)
      try simulation.release(first.rawValue..<first.rawValue + UInt32(count), in: table.span)
    }
    try simulation.check(in: table.span)
  }

  @Test("A count of nothing, of less, and of everything there could be is no run")
  func impossibleRuns() throws {
    let table = try SimulatedNode.table(of: [1..<5000])
    var simulation = SimulatedNode([1..<5000], in: table.span)
    for count in [0, -1, Int.min, 5000, 1 << 40, Int.max] {
      #expect(
        simulation.node.allocateRun(count: count, for: .kernel, priority: .emergency, in: table.span) == nil,
        "\(count) frames")
    }
    try simulation.check(in: table.span)
  }

  @Test("A failure with enough free frames is counted as fragmentation, one without is not")
  func fragmentationFailures() throws {
    let memory: [Range<UInt32>] = [1..<4096]
    let table = try SimulatedNode.table(of: memory)
    var simulation = SimulatedNode(memory, in: table.span)
    while try simulation.allocate(order: 0, priority: .emergency, in: table.span) != nil {}
    #expect(try simulation.allocate(order: 1, in: table.span) == nil)
    let before = simulation.node.zone(.dma).fragmentationFailureCount
    for frame in stride(from: UInt32(1), to: 4096, by: 2) {
      try simulation.release(FrameNumber(frame), order: 0, in: table.span)
    }
    #expect(try simulation.allocate(order: 1, in: table.span) == nil)
    #expect(simulation.node.zone(.dma).fragmentationFailureCount == before + 1)
  }

  @Test("Frames beyond the table, and frame 0, are never memory")
  func outsideTheTable() throws {
    let table = try SimulatedNode.table(of: [0..<100])
    var node = MemoryNode()
    node.add(0..<UInt32.max, in: table.span)
    #expect(node.managedCount == 99)
    while let frame = node.allocate(order: 0, for: .kernel, priority: .emergency, in: table.span) {
      try require(frame != .none && frame.rawValue < 100, "frame \(frame)")
    }
    let empty = try SimulatedNode.table(of: [])
    node.add(0..<UInt32.max, in: empty.span)
    #expect(node.managedCount == 99)
  }

  @Test("A node without memory says no to everything, and is not low")
  func emptyNode() throws {
    let table = try SimulatedNode.table(of: [0..<10])
    var node = MemoryNode()
    node.setWatermarks()
    #expect(node.allocate(order: 0, for: .kernel, priority: .emergency, in: table.span) == nil)
    #expect(node.allocateRun(count: 2000, for: .kernel, priority: .emergency, in: table.span) == nil)
    #expect(!node.isLow && node.reclaimTarget == 0)
    #expect(node.zone(.normal).fragmentationIndex(order: 3) == 0)
  }
}
