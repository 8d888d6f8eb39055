import Machine

/// What has to be done for the clock now and then: the base moved on, and its counter compared with another.
///
/// When the counter proves unsteady, time is told by the fallback from then on, without a step.
public enum ClockMaintenance {
  private struct State {
    var watchdog: CounterWatchdog?
    var fallback: CounterSource?
    var last: UInt64 = 0
  }

  private static let state = SpinLock(State())

  /// How often `run` wants to be called, in nanoseconds.
  ///
  /// A power-management timer of 24 bits has counted through half of its bits in 2.3 s.
  public static let interval: UInt64 = 500_000_000

  /// Begins to watch the clock's counter by `reference`.
  ///
  /// - Parameter fallback: what to tell time by when it proves unsteady.
  public static func start(reference: CounterSource?, fallback: CounterSource?) {
    guard let watched = Clock.source else { return }
    state.withLock { state in
      state.fallback = fallback
      if let reference, reference.kind != watched.kind { state.watchdog = CounterWatchdog(watched, by: reference) }
    }
  }

  /// Begins to compare anew, after the clocks stood still.
  static func beginAnew() { state.withLock { $0.last = 0 } }

  /// What a run found.
  public enum Finding: Equatable, Sendable {
    /// All is well.
    case good
    /// Both counters are apart by so many nanoseconds, which may be chance.
    case suspicious(Int64)
    /// The counter was unsteady; time is now told by this one.
    case replaced(CounterSource)
  }

  /// Does what is to be done.
  ///
  /// - Context: any, every `interval`.
  public static func run() -> Finding {
    Clock.update()
    let counters = MachineCounters()
    let now = Clock.rawNanoseconds
    let (verdict, fallback) = state.withLock { state -> (CounterWatchdog.Verdict, CounterSource?) in
      let interval = now &- state.last
      state.last = now
      let verdict = state.watchdog?.check(interval: interval, counters) ?? .inconclusive
      if verdict == .unsteady { state.watchdog = nil }
      return (verdict, state.fallback)
    }
    switch verdict {
    case .inconclusive, .agrees: return .good
    case .suspicious(let difference): return .suspicious(difference)
    case .unsteady:
      guard let fallback else { return .good }
      Clock.change(to: fallback)
      return .replaced(fallback)
    }
  }
}

/// Runs the clock's maintenance from a timer.
open class ClockMaintenanceTimer: TimerHandler {
  /// Tells what a run found, when all is not well.
  open func report(_ finding: ClockMaintenance.Finding) {}

  public final override func timerExpired(now: UInt64, expirations: UInt64) {
    let finding = ClockMaintenance.run()
    if finding != .good { report(finding) }
  }
}
