import Machine
import PageFrames
import Testing

@Suite("FrameCache")
struct FrameCacheTests {
  private static let memory: [Range<UInt32>] = [1..<2049]

  @Test("What was put in last comes out first, as the kind that is asked for")
  func lastInFirstOut() throws {
    let table = try SimulatedNode.table(of: Self.memory)
    var cache = FrameCache()
    #expect(cache.take(for: .kernel, in: table.span) == nil)
    for number in 1...UInt32(FrameCache.capacity) {
      table.span[FrameNumber(number)].kind = .file
      try require(cache.put(FrameNumber(number), in: table.span), "there is room")
      #expect(table.span[FrameNumber(number)].kind == .cached)
    }
    table.span[FrameNumber(100)].kind = .file
    try require(!cache.put(FrameNumber(100), in: table.span), "it is full")
    #expect(table.span[FrameNumber(100)].kind == .file)
    for number in (1...UInt32(FrameCache.capacity)).reversed() {
      #expect(cache.take(for: .anonymous, in: table.span) == FrameNumber(number))
      #expect(table.span[FrameNumber(number)].kind == .anonymous)
    }
    #expect(cache.count == 0)
  }

  @Test("Draining gives back what has been there longest, and keeps the rest in order")
  func drainsOldest() throws {
    let table = try SimulatedNode.table(of: Self.memory)
    var simulation = SimulatedNode(Self.memory, in: table.span)
    var cache = FrameCache()
    var order: [FrameNumber] = []
    for _ in 0..<FrameCache.capacity {
      let allocated = try simulation.allocate(order: 0, in: table.span)
      let frame = try #require(allocated)
      try require(cache.put(frame, in: table.span), "there is room")
      order.append(frame)
    }
    simulation.node.drain(&cache, downTo: 24, in: table.span)
    #expect(cache.count == 24)
    #expect(simulation.node.freeCount == simulation.managedCount - 24)
    for frame in order.suffix(24).reversed() { #expect(cache.take(for: .kernel, in: table.span) == frame) }
  }

  @Test("Filling takes what may be taken and no more; draining everything joins all blocks again")
  func fillAndDrain() throws {
    let table = try SimulatedNode.table(of: Self.memory)
    var simulation = SimulatedNode(Self.memory, in: table.span)
    var caches = [FrameCache](repeating: FrameCache(), count: 40)
    let minimum = Watermarks.minimumFrames(of: simulation.managedCount)
    for index in caches.indices {
      simulation.node.fill(&caches[index], upTo: FrameCache.capacity, priority: .user, in: table.span)
    }
    let cached = caches.reduce(0) { $0 + $1.count }
    #expect(simulation.node.freeCount == minimum)
    #expect(cached == simulation.managedCount - minimum)
    for index in caches.indices { simulation.node.drain(&caches[index], downTo: 0, in: table.span) }
    try simulation.check(in: table.span)
    #expect(simulation.node.freeCount == simulation.managedCount)
  }
}
