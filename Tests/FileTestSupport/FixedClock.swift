public import VFS

/// A clock that stands still.
public final class FixedClock: FileClock {
  private let time: FileTime

  /// Stands at a time since the epoch; at the epoch itself without one.
  public init(seconds: Int64 = 0, nanoseconds: UInt32 = 0) {
    time = FileTime(seconds: seconds, nanoseconds: nanoseconds)
    super.init()
  }

  public override var now: FileTime { time }
}
