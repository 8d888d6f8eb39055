import Foundations
import Machine
import PageFrames

/// A memory node over descriptors of its own, and the map of what must be free in it.
///
/// Every call is made on both, and thrown at once if they differ; `check` compares all there is to see.
struct SimulatedNode {
  /// What the node did and should not have done.
  struct Mismatch: Error, CustomStringConvertible {
    var description: String
  }

  let memory: [Range<UInt32>]
  var node = MemoryNode()
  var map: FreeMap
  private(set) var takenCount = 0
  /// Frames of the node, by the ranges alone.
  let managedCount: Int
  /// Every frame that is memory.
  let given: FreeMap
  /// What must stay free, by zone, highest zone allowed, and priority: `index(zone, limit, priority)`.
  private let floors: [Int]

  /// A node of `memory`, ranges of frames in rising order, described by `frames`.
  init(_ memory: [Range<UInt32>], in frames: Span<FrameDescriptor>) {
    self.memory = memory
    map = FreeMap(frameCount: frames.count)
    for range in memory {
      node.add(range, in: frames)
      _ = map.insert(range.clamped(to: 1..<UInt32.max))
    }
    node.setWatermarks()
    given = map
    managedCount = map.freeCount
    floors = Self.floors(of: memory, managedCount: map.freeCount)
  }

  /// A table that ends where `memory` does.
  static func table(of memory: [Range<UInt32>]) throws(Errno) -> GrowableArray<FrameDescriptor> {
    let frameCount = Int(memory.last?.upperBound ?? 0)
    var table = GrowableArray<FrameDescriptor>()
    try table.reserveCapacity(frameCount)
    for _ in 0..<frameCount { try table.append(FrameDescriptor()) }
    return table
  }

  // MARK: Taking

  mutating func allocate(
    order: Int, limit: ZoneKind = .high, priority: AllocationPriority = .kernel, in frames: Span<FrameDescriptor>
  ) throws(Mismatch) -> FrameNumber? {
    let expected = zone(for: order, limit, priority)
    guard let frame = node.allocate(order: order, for: .allocated, limit: limit, priority: priority, in: frames) else {
      if let expected {
        throw Mismatch(description: "order \(order) up to \(limit) for \(priority) failed with room in \(expected)")
      }
      return nil
    }
    try require(frame.rawValue % (1 << UInt32(order)) == 0, "order \(order) at \(frame.rawValue)")
    try took(frame.rawValue..<frame.rawValue + 1 << UInt32(order), from: expected)
    return frame
  }

  mutating func allocateRun(
    count: Int, limit: ZoneKind = .high, priority: AllocationPriority = .kernel, in frames: Span<FrameDescriptor>
  ) throws(Mismatch) -> FrameNumber? {
    let order = count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    let expected = order <= 10 ? zone(for: order, limit, priority) : zone(forRun: count, limit, priority)
    guard let frame = node.allocateRun(count: count, for: .allocated, limit: limit, priority: priority, in: frames)
    else {
      if let expected {
        throw Mismatch(description: "\(count) up to \(limit) for \(priority) failed with room in \(expected)")
      }
      return nil
    }
    try require(frame.rawValue % (1 << UInt32(min(order, 10))) == 0, "a run of \(count) at \(frame.rawValue)")
    try took(frame.rawValue..<frame.rawValue + UInt32(count), from: expected)
    return frame
  }

  private mutating func took(_ range: Range<UInt32>, from expected: ZoneKind?) throws(Mismatch) {
    try require(map.remove(range), "\(range) was not free")
    takenCount += 1
    guard let expected else { throw Mismatch(description: "\(range) was taken below the watermarks") }
    let limits = expected.limits
    try require(
      limits.lowerBound <= range.lowerBound && range.upperBound <= limits.upperBound, "\(range) is not in \(expected)")
    try require(
      map.freeCount == node.freeCount, "\(node.freeCount) free, not \(map.freeCount)")
  }

  // MARK: Giving back

  mutating func release(_ frame: FrameNumber, order: Int, in frames: Span<FrameDescriptor>) throws(Mismatch) {
    node.release(frame, order: order, in: frames)
    try gave(frame.rawValue..<frame.rawValue + 1 << UInt32(order))
  }

  mutating func release(_ range: Range<UInt32>, in frames: Span<FrameDescriptor>) throws(Mismatch) {
    node.release(range, in: frames)
    try gave(range)
  }

  private mutating func gave(_ range: Range<UInt32>) throws(Mismatch) {
    try require(map.insert(range), "\(range) was free already")
    try require(map.freeCount == node.freeCount, "\(node.freeCount) free, not \(map.freeCount)")
  }

  // MARK: What should happen

  /// The floors, by the definition of watermarks and reserves.
  private static func floors(of memory: [Range<UInt32>], managedCount: Int) -> [Int] {
    let managed = ZoneKind.all.map { kind in
      memory.reduce(0) { $0 + $1.clamped(to: 1..<UInt32.max).clamped(to: kind.limits).count }
    }
    var floors = [Int](repeating: 0, count: 27)
    for zone in 0..<3 {
      let minimum = Watermarks.minimumFrames(of: managedCount) * managed[zone] / managedCount
      for limit in ZoneKind.all {
        let above = (0..<3).filter { $0 > zone && $0 <= limit.rawValue }.reduce(0) { $0 + managed[$1] }
        let reserve = managed[zone] == 0 ? 0 : above / 256
        floors[index(zone, limit, .user)] = reserve + minimum
        floors[index(zone, limit, .kernel)] = reserve + minimum / 4
        floors[index(zone, limit, .emergency)] = reserve
      }
    }
    return floors
  }

  private static func index(_ zone: Int, _ limit: ZoneKind, _ priority: AllocationPriority) -> Int {
    zone * 9 + limit.rawValue * 3 + (priority == .user ? 0 : priority == .kernel ? 1 : 2)
  }

  /// The zone that must serve a request for a block: the highest with one to spare, or in an emergency with one at all.
  private func zone(for order: Int, _ limit: ZoneKind, _ priority: AllocationPriority) -> ZoneKind? {
    var last: ZoneKind?
    var index = limit.rawValue + 1
    while index > 0 {
      index -= 1
      let zone = node.zone(ZoneKind.all[index])
      var size = order
      while size < 11 && zone.freeBlockCount(order: size) == 0 { size += 1 }
      guard size < 11 else { continue }
      if zone.freeCount - 1 << order >= floors[Self.index(index, limit, priority)] { return zone.kind }
      if last == nil { last = zone.kind }
    }
    return priority == .emergency ? last : nil
  }

  /// The zone that must serve a request for `count` frames, more than the largest block.
  private func zone(forRun count: Int, _ limit: ZoneKind, _ priority: AllocationPriority) -> ZoneKind? {
    var last: ZoneKind?
    for index in stride(from: limit.rawValue, through: 0, by: -1) {
      let zone = node.zone(ZoneKind.all[index])
      guard hasFreeChunks((count + 1023) / 1024, in: zone.span) else { continue }
      if zone.freeCount - count >= floors[Self.index(index, limit, priority)] { return zone.kind }
      if last == nil { last = zone.kind }
    }
    return priority == .emergency ? last : nil
  }

  private func hasFreeChunks(_ wanted: Int, in span: Range<UInt32>) -> Bool {
    var count = 0
    for first in stride(from: span.lowerBound & ~1023, to: span.upperBound, by: 1024) {
      count = map.isChunkFree(first) ? count + 1 : 0
      if count == wanted { return true }
    }
    return false
  }
}

extension ZoneKind {
  static let all: [ZoneKind] = [.dma, .normal, .high]
}

/// Throws `message` unless `condition` holds: cheaper than `#expect`, millions of times.
func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(SimulatedNode.Mismatch) {
  if !condition { throw SimulatedNode.Mismatch(description: message()) }
}
