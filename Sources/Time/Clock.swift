import Foundations
public import Machine
import Synchronization
public import Waiting

/// The clocks of the kernel.
///
/// CLOCK_MONOTONIC counts from the kernel's first instruction and never goes back, on any CPU. Until `start` the rate is unknown
/// and it says 0. Reading takes no lock and allocates nothing: about forty instructions.
public enum Clock {
  #if os(none)
    static let data = ClockData()
    static let keeper = SpinLock(Timekeeper())
  #endif
  /// Where programs read the same.
  private static let page = BootCell<ClockPage>()

  /// Begins to tell time by the time-stamp counter.
  ///
  /// - Parameter source: what is known of it; a first, rough measurement will do.
  public static func start(_ source: CounterSource) {
    change { $0.start(source, at: TimestampCounter.atEntry, in: data) }
  }

  // MARK: Reading

  /// CLOCK_MONOTONIC, in nanoseconds.
  ///
  /// One body for all who ask: a call costs less than forty instructions more in each of them.
  @inline(never)
  public static var nanoseconds: UInt64 { data.monotonicAtOnce() ?? patientNanoseconds }

  @inline(never)
  private static var patientNanoseconds: UInt64 { data.monotonic(MachineCounters()) }

  /// CLOCK_MONOTONIC_RAW: as `nanoseconds`, but at the counter's own rate.
  public static var rawNanoseconds: UInt64 { data.monotonicRaw(MachineCounters()) }

  /// CLOCK_REALTIME, in nanoseconds since 1970.
  public static var realTime: UInt64 { data.realTime(MachineCounters()) }

  /// CLOCK_BOOTTIME: as `nanoseconds`, with the time spent suspended.
  public static var bootTime: UInt64 { data.bootTime(MachineCounters()) }

  /// CLOCK_TAI, in nanoseconds since 1970.
  public static var atomicTime: UInt64 { data.atomicTime(MachineCounters()) }

  /// CLOCK_MONOTONIC_COARSE: as of the last `update`.
  public static var coarseNanoseconds: UInt64 { data.monotonicCoarse }

  /// CLOCK_REALTIME_COARSE: as of the last `update`.
  public static var coarseRealTime: UInt64 { data.realTimeCoarse }

  /// A number of ticks of the counter that time is told by as nanoseconds, at its own rate.
  public static func nanoseconds(ticks: UInt64) -> UInt64 {
    CounterScale(multiplier: data.rawMultiplier.load(ordering: .relaxed)).nanoseconds(ticks)
  }

  /// The counter that time is told by; nil before `start`.
  public static var source: CounterSource? { keeper.withLock { $0.source } }

  /// What the clock `base` is ahead of the monotonic one, in nanoseconds.
  @inline(__always)
  static func offset(of base: TimeBase) -> UInt64 {
    switch base {
    case .monotonic: 0
    case .realTime: data.realOffset.load(ordering: .relaxed)
    case .bootTime: data.bootOffset.load(ordering: .relaxed)
    case .atomicTime: data.realOffset.load(ordering: .relaxed) &+ data.atomicOffset.load(ordering: .relaxed)
    }
  }

  // MARK: Changing

  /// Has `frame`, which is all zeros, say from now on what programs need to tell the time for themselves. Once.
  public static func share(on frame: consuming UserFrame) {
    page.fill(ClockPage(frame))
    update()
  }

  /// Woken after CLOCK_REALTIME was set, or made a step for a leap second: who waits for a time of it looks again.
  public static let steps = WaitQueue()
  private static let steppings = Atomic<UInt64>(0)

  /// How often CLOCK_REALTIME was set or made a step.
  public static var stepCount: UInt64 { steppings.load(ordering: .sequentiallyConsistent) }

  /// Changes the clocks, and the page of programs with them, and tells those who follow steps of one.
  private static func change<Result, Failure: Error>(
    _ body: (inout Timekeeper) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var isStep = false
    defer {
      if isStep {
        steppings.wrappingAdd(1, ordering: .sequentiallyConsistent)
        steps.wakeAll()
      }
    }
    return try keeper.withLock { keeper throws(Failure) in
      let before = keeper.offsets
      defer {
        // Also where it fails: the clocks were brought up to now.
        page.withValue { $0.publish(data) }
        isStep = keeper.offsets != before
      }
      return try body(&keeper)
    }
  }

  /// Goes on with another counter, or with a better rate of the same, without a step.
  public static func change(to source: CounterSource) {
    change { $0.change(to: source, in: data, MachineCounters()) }
  }

  /// Keeps the clocks going: many times within `CounterSource.longestGap`, whatever CPU.
  public static func update() { change { $0.update(data, MachineCounters()) } }

  /// Sets CLOCK_REALTIME, in nanoseconds since 1970.
  ///
  /// - Throws: `EINVAL` when that is before 1970 and the uptime, or after about 2232.
  public static func setRealTime(_ time: UInt64) throws(Errno) {
    try change { keeper throws(Errno) in try keeper.setRealTime(time, in: data, MachineCounters()) }
  }

  /// adjtimex(2): fills `request` with what is.
  ///
  /// - Throws: `EINVAL`.
  public static func adjust(_ request: inout TimeAdjustment) throws(Errno) -> TimeDiscipline.State {
    try change { keeper throws(Errno) in try keeper.adjust(&request, in: data, MachineCounters()) }
  }

  /// Adds the time that the machine was suspended, in nanoseconds; the counter may have begun anew.
  public static func addSuspended(_ nanoseconds: UInt64) {
    change { $0.addSuspended(nanoseconds, in: data, MachineCounters()) }
  }

  /// Makes all clocks stand still, on all CPUs, until `goOn`.
  static func stop() { change { $0.stop(in: data, MachineCounters()) } }

  /// Lets the clocks go on, those with the time spent suspended ahead by as much as they stood still.
  ///
  /// - Returns: that time, in nanoseconds.
  static func goOn() -> UInt64 { change { $0.goOn(in: data, MachineCounters()) } }

  /// For how long the clocks have stood still, in nanoseconds; nil while they go. Brings that up to now.
  static func updateStill() -> UInt64? {
    change { keeper in
      guard keeper.stillNanoseconds != nil else { return nil }
      keeper.update(data, MachineCounters())
      return keeper.stillNanoseconds
    }
  }

  /// Makes every reading look at the latest one of all CPUs, because their counters do not quite agree, or no longer so.
  public static func setGuarded(_ isGuarded: Bool) { change { $0.setGuarded(isGuarded, in: data) } }
}
