import PageFrames
import TestSupport
import Testing

/// Random work on a node, compared with `FreeMap` after every step and in every detail now and then.
@Suite("MemoryNode against a map of free frames")
struct MemoryNodeFuzzTests {
  /// Layouts of memory: first frames, odd sizes, holes, limits of zones in the middle of a range.
  enum Layout: CaseIterable {
    case dmaOnly, small, acrossZones, crumbs

    var memory: [Range<UInt32>] {
      switch self {
      case .dmaOnly: [1..<160, 256..<3001]
      case .small: [16..<159, 256..<16_352]
      case .acrossZones: [37..<5003, 9000..<15_001, 226_001..<240_003]
      case .crumbs:
        [0..<2, 3..<4, 100..<228, 1023..<1025, 4095..<4097, 6000..<9001, 229_375..<229_377, 231_425..<231_429]
      }
    }
  }

  @Test("Blocks, runs, pieces and caches in any order keep every invariant", arguments: Layout.allCases)
  func everything(_ layout: Layout) throws {
    let table = try SimulatedNode.table(of: layout.memory)
    var fuzzer = Fuzzer(SimulatedNode(layout.memory, in: table.span), seed: UInt64(layout.memory.count) &* 7919)
    for _ in 0..<8 {
      // Memory fills up and empties again, so that every degree of fullness is seen.
      for share in [70, 55, 45, 20] {
        for _ in 0..<10_000 { try fuzzer.step(takingPercent: share, in: table.span) }
        try fuzzer.simulation.check(in: table.span)
      }
    }
    try fuzzer.giveEverythingBack(in: table.span)
    try fuzzer.simulation.check(in: table.span)
    #expect(fuzzer.simulation.map.freeCount == fuzzer.simulation.managedCount)
    #expect(fuzzer.simulation.takenCount > 100_000)
  }

  @Test("Single frames at the limit of memory keep every invariant")
  func singleFrames() throws {
    let table = try SimulatedNode.table(of: Layout.dmaOnly.memory)
    var simulation = SimulatedNode(Layout.dmaOnly.memory, in: table.span)
    var random = SeededGenerator(seed: 3)
    var frames: [FrameNumber] = []
    for round in 0..<1_000_000 {
      let bits = random.next()
      // Nearly full most of the time.
      if bits & 1023 < 516,
        let frame = simulation.node.allocate(order: 0, for: .allocated, priority: .emergency, in: table.span)
      {
        try require(simulation.map.remove(frame.rawValue..<frame.rawValue + 1), "\(frame) was not free")
        frames.append(frame)
      } else if !frames.isEmpty {
        let index = Int(truncatingIfNeeded: bits >> 32) % frames.count
        frames.swapAt(index, frames.count - 1)
        let frame = frames.removeLast()
        simulation.node.release(frame, order: 0, in: table.span)
        try require(simulation.map.insert(frame.rawValue..<frame.rawValue + 1), "\(frame) was free")
      }
      if round % 20_000 == 0 { try simulation.check(in: table.span) }
    }
    try simulation.check(in: table.span)
  }
}

/// Draws steps at random and makes them.
private struct Fuzzer {
  var simulation: SimulatedNode
  private var random: SeededGenerator
  private var taken: [Range<UInt32>] = []

  init(_ simulation: SimulatedNode, seed: UInt64) {
    self.simulation = simulation
    random = SeededGenerator(seed: seed)
  }

  mutating func step(takingPercent share: Int, in frames: Span<FrameDescriptor>) throws(SimulatedNode.Mismatch) {
    let bits = random.next()
    let number = Int(bits >> 32)
    if Int(bits & 127) * 100 < share * 128 {
      try take(kind: Int(bits >> 8 & 31), limit: ZoneKind(rawValue: Int(bits >> 16 & 3)) ?? .high, number, in: frames)
    } else if !taken.isEmpty {
      try give(kind: Int(bits >> 8 & 15), number, in: frames)
    }
  }

  private mutating func take(kind: Int, limit: ZoneKind, _ number: Int, in frames: Span<FrameDescriptor>)
    throws(SimulatedNode.Mismatch)
  {
    let priority: AllocationPriority = number & 3 == 0 ? .user : number & 3 == 1 ? .emergency : .kernel
    let number = number >> 2
    switch kind {
    case 0:
      let count = 1 + number % 5_000
      guard let first = try simulation.allocateRun(count: count, limit: limit, priority: priority, in: frames) else {
        return
      }
      taken.append(first.rawValue..<first.rawValue + UInt32(count))
    case 1...4:
      let count = 1 + number % 40
      guard let first = try simulation.allocateRun(count: count, limit: limit, priority: priority, in: frames) else {
        return
      }
      taken.append(first.rawValue..<first.rawValue + UInt32(count))
    default:
      // Half of all blocks are single frames, a quarter pairs, and so on.
      let order = min((number | 1 << 10).trailingZeroBitCount, 10)
      guard let first = try simulation.allocate(order: order, limit: limit, priority: priority, in: frames) else {
        return
      }
      taken.append(first.rawValue..<first.rawValue + 1 << UInt32(order))
    }
  }

  private mutating func give(kind: Int, _ number: Int, in frames: Span<FrameDescriptor>) throws(SimulatedNode.Mismatch)
  {
    taken.swapAt(number % taken.count, taken.count - 1)
    let range = taken.removeLast()
    let isBlock = range.count & (range.count - 1) == 0 && range.count <= 1024
    switch kind {
    case 0 where range.count > 2:
      // A piece out of the middle.
      let first = range.lowerBound + UInt32(number >> 8) % UInt32(range.count)
      let last = first + UInt32(number >> 16) % (range.upperBound - first)
      try simulation.release(first..<last + 1, in: frames)
      if range.lowerBound < first { taken.append(range.lowerBound..<first) }
      if last + 1 < range.upperBound { taken.append(last + 1..<range.upperBound) }
    case 1..<12 where isBlock && range.lowerBound % UInt32(range.count) == 0:
      try simulation.release(FrameNumber(range.lowerBound), order: range.count.trailingZeroBitCount, in: frames)
    default:
      try simulation.release(range, in: frames)
    }
  }

  mutating func giveEverythingBack(in frames: Span<FrameDescriptor>) throws(SimulatedNode.Mismatch) {
    while let range = taken.popLast() { try simulation.release(range, in: frames) }
  }
}
