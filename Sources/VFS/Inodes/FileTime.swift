import Time

/// A time in a file's attributes, since 1970.
public struct FileTime: Equatable, Sendable {
  /// Whole seconds; negative before 1970.
  public var seconds: Int64
  /// Nanoseconds within the second, 0..<1,000,000,000.
  public var nanoseconds: UInt32

  /// The time of both parts.
  @inline(__always)
  public init(seconds: Int64, nanoseconds: UInt32) { (self.seconds, self.nanoseconds) = (seconds, nanoseconds) }

  /// The time that many nanoseconds after 1970.
  public init(realTime: UInt64) {
    let (seconds, nanoseconds) = realTime.quotientAndRemainder(dividingBy: 1_000_000_000)
    self.init(seconds: Int64(seconds), nanoseconds: UInt32(nanoseconds))
  }

  /// Whether this is not after `other`.
  func isAtOrBefore(_ other: FileTime) -> Bool {
    seconds == other.seconds ? nanoseconds <= other.nanoseconds : seconds < other.seconds
  }
}

/// What files are told the time by: the kernel's coarse clock, or a test's own.
open class FileClock {
  /// The kernel's clock.
  public init() {}

  /// The time that a change made now gets.
  open var now: FileTime { FileTime(realTime: Clock.coarseRealTime) }
}
