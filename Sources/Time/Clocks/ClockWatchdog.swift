/// Whether a clock keeps up with another that is known to be steady.
///
/// The CPU's counter is fast to read but may stop in sleep states, change its rate or be stolen from by a hypervisor. One bad
/// interval may be the other clock's fault, as when a virtual machine was stopped between two readings, so only bad intervals in a
/// row count.
public struct ClockWatchdog: Sendable {
  /// What an interval showed.
  public enum Verdict: Equatable, Sendable {
    /// The clocks agree.
    case steady
    /// They do not, for now.
    case suspicious
    /// They did not for so long that the clock is not to be used.
    case unsteady
  }

  /// How far an interval may be off: one part in this many. Linux's limit is the same (62.5 ms in a second).
  static let tolerance: UInt64 = 16
  /// How many bad intervals in a row prove it.
  static let limit = 3

  private var badIntervals = 0

  /// Creates a watchdog that has seen nothing.
  public init() {}

  /// Judges an interval by what each clock made of it, in nanoseconds.
  public mutating func judge(clock: UInt64, reference: UInt64) -> Verdict {
    let difference = clock > reference ? clock - reference : reference - clock
    guard difference > reference / Self.tolerance else {
      badIntervals = 0
      return .steady
    }
    badIntervals += 1
    return badIntervals >= Self.limit ? .unsteady : .suspicious
  }
}
