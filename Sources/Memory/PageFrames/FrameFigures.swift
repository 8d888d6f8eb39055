/// How much memory there is, and what for: what decisions about memory need, small enough for any stack.
public struct FrameFigures: Sendable {
  /// Frames that were given to the zones.
  public var managedCount = 0
  /// Frames that are free.
  public var freeCount = 0
  /// The sums of the zones' watermarks.
  public var watermarks = Watermarks(minimum: 0)
  /// What the frames that are not free are used for.
  public var usage = FrameUsage()

  /// Creates the figures of no memory.
  public init() {}
}
