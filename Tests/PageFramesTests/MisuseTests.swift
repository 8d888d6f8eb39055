import Machine
import PageFrames
import Testing

/// What must end the kernel at once: each runs in a process of its own.
@Suite("Misuse of the frame allocator")
struct MisuseTests {
  @Test("A frame given back twice ends the kernel, even when it has joined a larger block meanwhile")
  func doubleFree() async {
    await #expect(processExitsWith: .failure) {
      let table = try SimulatedNode.table(of: [1..<2048])
      var simulation = SimulatedNode([1..<2048], in: table.span)
      guard let frame = try simulation.allocate(order: 0, in: table.span) else { return }
      simulation.node.release(frame, order: 0, in: table.span)
      simulation.node.release(frame, order: 0, in: table.span)
    }
    await #expect(processExitsWith: .failure) {
      let table = try SimulatedNode.table(of: [1..<2048])
      var simulation = SimulatedNode([1..<2048], in: table.span)
      guard let first = try simulation.allocateRun(count: 64, in: table.span) else { return }
      simulation.node.release(first.rawValue..<first.rawValue + 64, in: table.span)
      simulation.node.release(FrameNumber(first.rawValue + 7), order: 0, in: table.span)
    }
  }

  @Test("A free frame put into a cache ends the kernel, wherever it is free")
  func cachedTwice() async {
    await #expect(processExitsWith: .failure) {
      let table = try SimulatedNode.table(of: [1..<2048])
      var simulation = SimulatedNode([1..<2048], in: table.span)
      var cache = FrameCache()
      guard let frame = try simulation.allocate(order: 0, in: table.span) else { return }
      _ = cache.put(frame, in: table.span)
      _ = cache.put(frame, in: table.span)
    }
    await #expect(processExitsWith: .failure) {
      let table = try SimulatedNode.table(of: [1..<2048])
      var simulation = SimulatedNode([1..<2048], in: table.span)
      var cache = FrameCache()
      guard let frame = try simulation.allocate(order: 0, in: table.span) else { return }
      simulation.node.release(frame, order: 0, in: table.span)
      _ = cache.put(frame, in: table.span)
    }
  }

  @Test("A frame that was never memory cannot be given back, nor a block where none can begin")
  func neverMemory() async {
    await #expect(processExitsWith: .failure) {
      let table = try SimulatedNode.table(of: [1..<512, 1024..<2048])
      var simulation = SimulatedNode([1..<512, 1024..<2048], in: table.span)
      simulation.node.release(FrameNumber(700), order: 0, in: table.span)
    }
    await #expect(processExitsWith: .failure) {
      let table = try SimulatedNode.table(of: [1..<2048])
      var simulation = SimulatedNode([1..<2048], in: table.span)
      guard let frame = try simulation.allocate(order: 3, in: table.span) else { return }
      simulation.node.release(FrameNumber(frame.rawValue + 1), order: 1, in: table.span)
    }
  }
}
