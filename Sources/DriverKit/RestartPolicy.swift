/// How often a driver that fails is replaced before its device is given up.
///
/// A driver that has lived for a while, or has done something for somebody, has earned another try; one that fails again and again,
/// at once, has not. The numbers are those of `Specs/recovery.json`, which RecoverySpecTests hold.
struct RestartPolicy {
  /// How long a driver must live for its failure to count as the first, in nanoseconds.
  static var settledNanoseconds: UInt64 { 1_000_000_000 }
  /// How many failures in a row are too many.
  static var limit: Int { 8 }
  /// How many storms of interrupts in `stormNanoseconds` a device may have. A driver serves some interrupts also in a storm, so what it has
  /// done for somebody does not count then.
  static var stormLimit: Int { 3 }
  /// How long a storm is held against a device, in nanoseconds.
  static var stormNanoseconds: UInt64 { 60_000_000_000 }
  private static var firstDelayMicroseconds: UInt64 { 1_000 }
  private static var longestDelayMicroseconds: UInt64 { 1_000_000 }

  private var failures = 0
  private var startedAt: UInt64 = 0
  private var storms = 0
  private var firstStormAt: UInt64 = 0
  private var lastStormAt: UInt64 = 0

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
    return Self.delay(failures)
  }

  /// Notes that its device had to be silenced, at `now`.
  ///
  /// - Returns: as `noteFailure`.
  mutating func noteStorm(at now: UInt64) -> UInt64? {
    startedAt = 0
    if !hasStormed(at: now) || now &- firstStormAt >= Self.stormNanoseconds { (storms, firstStormAt) = (0, now) }
    storms += 1
    lastStormAt = now
    return storms <= Self.stormLimit ? Self.delay(storms) : nil
  }

  /// Notes that somebody wants it replaced: no failure, and a new beginning, as it would be to take it from the device and give it back.
  ///
  /// - Returns: as `noteFailure`.
  mutating func noteOrder() -> UInt64 {
    self = RestartPolicy()
    return Self.delay(1)
  }

  /// Whether a storm is held against the device at `now`.
  func hasStormed(at now: UInt64) -> Bool { storms > 0 && now &- lastStormAt < Self.stormNanoseconds }

  /// How long to wait after the failure number `count`, 1...8.
  private static func delay(_ count: Int) -> UInt64 {
    min(firstDelayMicroseconds << UInt64(2 * (count - 1)), longestDelayMicroseconds)
  }
}
