public import PageFrames

/// Free memory and the watermarks it is measured by, in frames: what decisions about memory are made from.
public struct MemoryFigures: Equatable, Sendable {
  /// Frames that are free.
  public var free: Int
  /// Below this programs' requests fail and reclaim is direct.
  public var minimum: Int
  /// Below this reclaim begins in the background.
  public var low: Int
  /// At this reclaim stops.
  public var high: Int
  /// Frames of all memory that can be allocated.
  public var total: Int

  /// Creates figures.
  public init(free: Int, minimum: Int, low: Int, high: Int, total: Int) {
    self.free = free
    self.minimum = minimum
    self.low = low
    self.high = high
    self.total = total
  }

  /// What the frame allocator says.
  public init(_ frames: FrameFigures) {
    let watermarks = frames.watermarks
    self.init(
      free: frames.freeCount, minimum: watermarks.minimum, low: watermarks.low, high: watermarks.high,
      total: frames.managedCount)
  }

  /// Whether background reclaim should run.
  public var isLow: Bool { free < low }

  /// How many frames must become free before reclaim may stop.
  public var reclaimTarget: Int { max(0, high - free) }
}
