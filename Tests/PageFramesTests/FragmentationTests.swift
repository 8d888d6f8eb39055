import PageFrames
import TestSupport
import Testing

@Suite("Fragmentation")
struct FragmentationTests {
  private static let memory: [Range<UInt32>] = [1..<4096]

  /// Linux's formulas over the blocks that the map has: `extfrag_index` and `unusable_index` in thousandths.
  private static func direct(_ map: FreeMap, order: Int) -> (index: Int?, unusable: Int) {
    let blocks = (0..<4).flatMap { map.blocks(inChunk: UInt32($0) * 1024) }
    let free = blocks.reduce(0) { $0 + 1 << $1.order }
    let usable = blocks.filter { $0.order >= order }.reduce(0) { $0 + 1 << $1.order }
    let unusable = free == 0 ? 1000 : (free - usable) * 1000 / free
    if usable > 0 { return (nil, unusable) }
    return (blocks.isEmpty ? 0 : 1000 - (1000 + free * 1000 / (1 << order)) / blocks.count, unusable)
  }

  @Test("Both indices are what the free blocks say, at every order and every fullness")
  func againstBlocks() throws {
    let table = try SimulatedNode.table(of: Self.memory)
    var simulation = SimulatedNode(Self.memory, in: table.span)
    var random = SeededGenerator(seed: 5)
    var frames: [FrameNumber] = []
    while let frame = try simulation.allocate(order: 0, priority: .emergency, in: table.span) { frames.append(frame) }
    frames.shuffle(using: &random)
    var previous = 1000
    while !frames.isEmpty {
      for order in 0..<11 {
        let (index, unusable) = Self.direct(simulation.map, order: order)
        try require(simulation.node.zone(.dma).fragmentationIndex(order: order) == index, "index of order \(order)")
        try require(simulation.node.zone(.dma).unusableIndex(order: order) == unusable, "unusable at order \(order)")
      }
      for _ in 0..<50 {
        if let frame = frames.popLast() { try simulation.release(frame, order: 0, in: table.span) }
      }
      let whole = simulation.node.zone(.dma).unusableIndex(order: 10)
      previous = min(previous, whole)
    }
    #expect(previous < 500)
  }

  @Test("Scattered single frames are fragmentation, no frames are lack of memory")
  func extremes() throws {
    let table = try SimulatedNode.table(of: Self.memory)
    var simulation = SimulatedNode(Self.memory, in: table.span)
    while try simulation.allocate(order: 0, priority: .emergency, in: table.span) != nil {}
    #expect(simulation.node.zone(.dma).fragmentationIndex(order: 5) == 0)
    #expect(simulation.node.zone(.dma).unusableIndex(order: 5) == 1000)
    for number in stride(from: UInt32(1), to: 4096, by: 2) {
      try simulation.release(FrameNumber(number), order: 0, in: table.span)
    }
    let index = try #require(simulation.node.zone(.dma).fragmentationIndex(order: 5))
    #expect(index > 900)
    #expect(simulation.node.zone(.dma).fragmentationIndex(order: 0) == nil)
    #expect(simulation.node.zone(.dma).unusableIndex(order: 0) == 0)
    #expect(simulation.node.zone(.dma).unusableIndex(order: 1) == 1000)
  }
}
