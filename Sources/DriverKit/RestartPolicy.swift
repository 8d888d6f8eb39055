/// How often a driver that fails is replaced before its device is given up.
///
/// A driver that has lived for a while, or has done something for somebody, has earned another try; one that fails again and again,
/// at once, has not.
struct RestartPolicy {
  /// How long a driver must live for its failure to count as the first, in nanoseconds.
  static var settledNanoseconds: UInt64 { 1_000_000_000 }
  /// How many failures in a row are too many.
  static var limit: Int { 8 }
  private static var firstDelayMicroseconds: UInt64 { 1_000 }
  private static var longestDelayMicroseconds: UInt64 { 1_000_000 }

  private var failures = 0
  private var startedAt: UInt64 = 0

  /// Notes that a driver works, at `now`.
  mutating func noteStart(at now: UInt64) { startedAt = now }

  /// Notes that it has served an interrupt or a request.
  mutating func noteProgress() { failures = 0 }

  /// Notes that it has failed, at `now`.
  ///
  /// - Returns: how long to wait before the next one, in microseconds; nil to give the device up.
  mutating func noteFailure(at now: UInt64) -> UInt64? {
    if startedAt != 0, now &- startedAt >= Self.settledNanoseconds { failures = 0 }
    startedAt = 0
    failures += 1
    guard failures <= Self.limit else { return nil }
    return min(Self.firstDelayMicroseconds << UInt64(2 * (failures - 1)), Self.longestDelayMicroseconds)
  }
}
