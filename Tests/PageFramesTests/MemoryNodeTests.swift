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
}
