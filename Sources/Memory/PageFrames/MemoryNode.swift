/// The memory that is equally far from a group of CPUs: its zones, and which of them serves a request.
///
/// A machine without NUMA is one node. The caller holds the node's lock throughout.
public struct MemoryNode: Sendable {
  /// A request that could be served by a higher zone leaves this fraction of the higher zones' size free in a lower one.
  private static let reserveRatio = 256

  private var zones = InlineArray<3, MemoryZone> { MemoryZone(ZoneKind(rawValue: $0) ?? .dma) }

  /// Creates a node without memory.
  public init() {}

  /// The zone's figures.
  public func zone(_ kind: ZoneKind) -> MemoryZone { zones[kind.rawValue] }

  /// Frames that are free now, in all zones.
  public var freeCount: Int { zones[0].freeCount &+ zones[1].freeCount &+ zones[2].freeCount }

  /// Frames that were given to the node.
  public var managedCount: Int { zones[0].managedCount &+ zones[1].managedCount &+ zones[2].managedCount }

  /// Adds what its zones have, and their watermarks, to `figures`.
  ///
  /// Changes nothing, but zones that are only read are copied, to stacks that have no room for them.
  public mutating func addFigures(to figures: inout FrameFigures) {
    for index in 0..<ZoneKind.count { Self.add(&zones[index], to: &figures) }
  }

  @inline(__always)
  private static func add(_ zone: inout MemoryZone, to figures: inout FrameFigures) {
    figures.managedCount &+= zone.managedCount
    figures.freeCount &+= zone.freeCount
    figures.watermarks.minimum &+= zone.watermarks.minimum
    figures.watermarks.low &+= zone.watermarks.low
    figures.watermarks.high &+= zone.watermarks.high
  }

  /// Gives the node the frames in `range`, which it never had; each goes to the zone it lies in.
  public mutating func add(_ range: Range<UInt32>, in frames: Span<FrameDescriptor>) {
    let usable = range.clamped(to: 1..<max(1, UInt32(clamping: frames.count)))
    for index in 0..<ZoneKind.count {
      let part = usable.clamped(to: zones[index].kind.limits)
      if !part.isEmpty { zones[index].add(part, in: frames) }
    }
  }

  /// Sets watermarks and reserves by the memory that has been given: after the last `add`.
  public mutating func setWatermarks() {
    let total = managedCount
    let minimum = Watermarks.minimumFrames(of: total)
    for index in 0..<ZoneKind.count where total > 0 {
      zones[index].watermarks = Watermarks(minimum: minimum * zones[index].managedCount / total)
      var above = 0
      for limit in index + 1..<max(index + 1, ZoneKind.count) {
        above += zones[limit].managedCount
        zones[index].reserves[limit] = zones[index].managedCount > 0 ? above / Self.reserveRatio : 0
      }
    }
  }

  /// Takes a block of 2^`order` frames from the highest zone up to `limit` that has one to spare.
  ///
  /// - Parameters:
  ///   - order: 0 to 10.
  ///   - kind: what the frames become.
  /// - Returns: nil when no zone has one to spare at this priority.
  public mutating func allocate(
    order: Int, for kind: FrameKind, limit: ZoneKind = .high, priority: AllocationPriority,
    in frames: Span<FrameDescriptor>
  ) -> FrameNumber? {
    serve(1 << order, limit, priority) { zone in zone.take(order: order, for: kind, in: frames) }
  }

  /// Has `take` take `count` frames from the highest zone up to `limit` that has them to spare.
  @inline(__always)
  private mutating func serve(
    _ count: Int, _ limit: ZoneKind, _ priority: AllocationPriority, _ take: (inout MemoryZone) -> FrameNumber?
  ) -> FrameNumber? {
    var index = limit.rawValue
    while index >= 0 {
      let floor = priority.floor(of: zones[index].watermarks.minimum)
      if zones[index].allows(count: count, limit: limit, floor: floor) {
        if let frame = take(&zones[index]) { return frame }
        zones[index].fragmentationFailureCount &+= 1
      }
      index &-= 1
    }
    // An emergency does not respect what is kept for requests that need a lower zone.
    guard priority == .emergency else { return nil }
    index = limit.rawValue
    while index >= 0 {
      if let frame = take(&zones[index]) { return frame }
      index &-= 1
    }
    return nil
  }

  /// Takes single frames into `cache` until it holds `count`, or as many as there are to spare.
  ///
  /// Neighbours are taken together where there are any, the lowest to be used first.
  public mutating func fill(
    _ cache: inout FrameCache, upTo count: Int, priority: AllocationPriority, in frames: Span<FrameDescriptor>
  ) {
    var index = ZoneKind.high.rawValue
    while index >= 0 {
      let kept = priority.floor(of: zones[index].watermarks.minimum) &+ zones[index].reserves[ZoneKind.high.rawValue]
      while true {
        let wanted = min(count &- cache.count, zones[index].freeCount &- kept)
        guard wanted > 0 else { break }
        let limit = Int.bitWidth &- 1 &- wanted.leadingZeroBitCount
        guard let (first, order) = zones[index].takeSmallest(upTo: limit, for: .cached, in: frames) else { break }
        cache.putBlock(first, count: 1 &<< order)
      }
      index &-= 1
    }
  }

  /// Gives single frames of `cache` back until it holds `count`, first those that have been there longest.
  public mutating func drain(_ cache: inout FrameCache, downTo count: Int, in frames: Span<FrameDescriptor>) {
    cache.removeOldest(downTo: count, in: frames) { frame in
      zones[Self.zone(of: frame)].join(frame, order: 0, in: frames)
    }
  }

  /// Gives back the block of 2^`order` frames that begins at `frame`.
  ///
  /// - Precondition: it was taken from this node and no part of it was given back since.
  public mutating func release(_ frame: FrameNumber, order: Int, in frames: Span<FrameDescriptor>) {
    zones[Self.zone(of: frame)].release(frame, order: order, in: frames)
  }

  /// Takes `count` neighbouring frames.
  ///
  /// - Parameters:
  ///   - count: at least 1. Up to the largest block the run begins at a multiple of the next power of two, above that at
  ///     one of the largest block.
  ///   - kind: what the frames become.
  ///   - limit: the highest zone that will do.
  /// - Returns: nil when there is no such run at this priority.
  public mutating func allocateRun(
    count: Int, for kind: FrameKind, limit: ZoneKind = .high, priority: AllocationPriority,
    in frames: Span<FrameDescriptor>
  ) -> FrameNumber? {
    guard count > 0 else { return nil }
    if count <= MemoryZone.largestBlock {
      let order = Int.bitWidth - (count - 1).leadingZeroBitCount
      guard let frame = allocate(order: order, for: kind, limit: limit, priority: priority, in: frames) else {
        return nil
      }
      let end = frame.rawValue + (1 << UInt32(order))
      let used = frame.rawValue + UInt32(count)
      if used < end { zones[Self.zone(of: frame)].release(used..<end, in: frames) }
      return frame
    }
    return serve(count, limit, priority) { zone in zone.takeRun(count: count, for: kind, in: frames) }
  }

  /// Gives back the frames in `range`: a run, or any part of a block or run, so all in one zone.
  public mutating func release(_ range: Range<UInt32>, in frames: Span<FrameDescriptor>) {
    zones[Self.zone(of: FrameNumber(range.lowerBound))].release(range, in: frames)
  }

  /// Whether background reclaim should begin: what is free for any request fell below the zones' low watermarks.
  ///
  /// True before the first request of a program fails, which is at the minimum watermarks.
  public var isLow: Bool {
    availableCount < zones[0].watermarks.low &+ zones[1].watermarks.low &+ zones[2].watermarks.low
  }

  /// How many frames must become free before reclaim may stop; 0 when enough are.
  public var reclaimTarget: Int {
    max(0, zones[0].watermarks.high + zones[1].watermarks.high + zones[2].watermarks.high - availableCount)
  }

  /// Free frames less those that are kept for requests that need a lower zone.
  private var availableCount: Int {
    // By constants: an index that is computed makes the compiler copy all zones to the stack.
    max(0, zones[0].freeCount &- zones[0].reserves[2]) &+ max(0, zones[1].freeCount &- zones[1].reserves[2])
      &+ max(0, zones[2].freeCount &- zones[2].reserves[2])
  }

  @inline(__always)
  private static func zone(of frame: FrameNumber) -> Int {
    frame.rawValue >= ZoneKind.high.limits.lowerBound ? 2 : frame.rawValue >= ZoneKind.normal.limits.lowerBound ? 1 : 0
  }
}
