/// Lets through so many messages in a stretch of time and counts the others, for what a device or program could repeat for ever.
public struct RateLimit: Sendable {
  /// What is to become of a message.
  public enum Verdict: Equatable, Sendable {
    /// Log it, and say first that so many others were not.
    case allowed(suppressed: UInt64)
    /// Drop it.
    case suppressed
  }

  private let burst: UInt32
  private let intervalNanoseconds: UInt64
  private var start: UInt64 = 0
  private var used: UInt32 = 0
  private var suppressed: UInt64 = 0

  /// Creates a limit of `burst` messages in `intervalNanoseconds`; the default is Linux's 10 in 5 seconds.
  @inline(__always)
  public init(burst: UInt32 = 10, intervalNanoseconds: UInt64 = 5_000_000_000) {
    self.burst = burst
    self.intervalNanoseconds = intervalNanoseconds
  }

  /// Decides about a message at this time, which may lie before an earlier one's when CPUs' clocks differ.
  public mutating func check(at nanoseconds: UInt64) -> Verdict {
    if used == 0 || (nanoseconds >= start && nanoseconds &- start >= intervalNanoseconds) {
      start = nanoseconds
      used = 0
    }
    guard used < burst else {
      suppressed &+= 1
      return .suppressed
    }
    used &+= 1
    defer { suppressed = 0 }
    return .allowed(suppressed: suppressed)
  }
}
