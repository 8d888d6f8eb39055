import Machine
import Synchronization

/// The kernel's clocks.
///
/// Readers take no lock: they try again when a change came between (a sequence lock). Monotonic time never goes back on any CPU,
/// for boot sets the CPUs' time-stamp counters to each other, and changes of rate or source make no step.
public enum Clock {
  // The parts of `ClockParameters`, each an atomic, under `sequence`, which is odd during a change.
  private static let sequence = Atomic<UInt64>(0)
  private static let baseTicks = Atomic<UInt64>(0)
  private static let baseNanoseconds = Atomic<UInt64>(0)
  private static let scale = Atomic<UInt64>(0)
  private static let realTimeOffset = Atomic<UInt64>(0)
  private static let bootTimeOffset = Atomic<UInt64>(0)
  /// Whether `fallback` is the clock.
  private static let usesFallback = Atomic<Bool>(false)
  private static let fallback = BootCell<HardwareCounter>()
  private static let frequency = Atomic<UInt64>(0)
  private static let changes = SpinLock(())

  // MARK: Reading

  /// Monotonic time: nanoseconds since the kernel's first instruction. 0 until `start`.
  public static var nanoseconds: UInt64 {
    while true {
      let before = sequence.load(ordering: .acquiring)
      guard before & 1 == 0 else {
        Machine.pause()
        continue
      }
      let start = baseTicks.load(ordering: .relaxed)
      let base = baseNanoseconds.load(ordering: .relaxed)
      let factor = scale.load(ordering: .relaxed)
      let elapsed = usesFallback.load(ordering: .relaxed) ? fallbackTicks(since: start) : TimestampCounter.now &- start
      atomicMemoryFence(ordering: .acquiring)
      guard sequence.load(ordering: .relaxed) == before else { continue }
      let isBefore = Int64(bitPattern: elapsed) < 0
      return base &+ (isBefore ? 0 : ClockParameters.nanoseconds(ticks: elapsed, scale: factor))
    }
  }

  /// The time of day: nanoseconds since 1970 in UTC, without leap seconds. From boot on 0 until `setRealTime`.
  public static var realTimeNanoseconds: UInt64 { nanoseconds &+ realTimeOffset.load(ordering: .relaxed) }

  /// Nanoseconds since the kernel's first instruction, with the time that the machine slept.
  public static var bootTimeNanoseconds: UInt64 { nanoseconds &+ bootTimeOffset.load(ordering: .relaxed) }

  /// The rate of the time-stamp counter, in ticks a second; 0 until `start`.
  public static var ticksPerSecond: UInt64 { frequency.load(ordering: .relaxed) }

  /// A number of ticks of the time-stamp counter as nanoseconds.
  public static func nanoseconds(ticks: UInt64) -> UInt64 {
    let rate = frequency.load(ordering: .relaxed)
    return rate == 0 ? 0 : ClockParameters.nanoseconds(ticks: ticks, scale: ClockParameters.scale(ticksPerSecond: rate))
  }

  /// Whether the clock is read from the time-stamp counter.
  public static var isTimestampCounter: Bool { !usesFallback.load(ordering: .relaxed) }

  /// What the clock is read from, as Linux calls it.
  public static var sourceName: String {
    guard usesFallback.load(ordering: .relaxed) else { return "tsc" }
    return fallback.withValue { $0.name } ?? "tsc"
  }

  /// All that makes time of ticks, from one moment.
  public static var parameters: ClockParameters {
    while true {
      let before = sequence.load(ordering: .acquiring)
      guard before & 1 == 0 else { continue }
      let found = parts
      atomicMemoryFence(ordering: .acquiring)
      if sequence.load(ordering: .relaxed) == before { return found }
    }
  }

  private static var parts: ClockParameters {
    var parameters = ClockParameters()
    parameters.baseTicks = baseTicks.load(ordering: .relaxed)
    parameters.baseNanoseconds = baseNanoseconds.load(ordering: .relaxed)
    parameters.scale = scale.load(ordering: .relaxed)
    parameters.realTimeOffset = realTimeOffset.load(ordering: .relaxed)
    parameters.bootTimeOffset = bootTimeOffset.load(ordering: .relaxed)
    return parameters
  }

  @inline(never)
  private static func fallbackTicks(since start: UInt64) -> UInt64 {
    fallback.withValue { $0.distance(from: start, to: $0.read()) } ?? 0
  }

  // MARK: Changes

  /// Sets the rate of the time-stamp counter: first, or anew without a step.
  ///
  /// - Parameter ticksPerSecond: at least 1,000,000, or the call does nothing.
  public static func start(ticksPerSecond: UInt64) {
    guard ticksPerSecond >= 1_000_000 else { return }
    change { parameters in
      let isFirst = frequency.load(ordering: .relaxed) == 0
      frequency.store(ticksPerSecond, ordering: .relaxed)
      let newScale = ClockParameters.scale(ticksPerSecond: ticksPerSecond)
      if isFirst {
        parameters.baseTicks = TimestampCounter.atEntry
        parameters.scale = newScale
      } else if !usesFallback.load(ordering: .relaxed) {
        let now = TimestampCounter.now
        parameters.change(at: now, newBaseTicks: now, scale: newScale)
      }
    }
  }

  /// Makes `counter` what the clock falls back to. Only the first call counts.
  public static func setFallback(_ counter: HardwareCounter) { fallback.fill(counter) }

  /// Drops the time-stamp counter, which has proved unsteady, for the counter that was set; without a step.
  ///
  /// - Returns: whether there is one.
  public static func useFallback() -> Bool {
    guard fallback.isFilled else { return false }
    change { parameters in
      guard !usesFallback.load(ordering: .relaxed) else { return }
      fallback.withValue { counter in
        parameters.change(
          at: TimestampCounter.now, newBaseTicks: counter.read(),
          scale: ClockParameters.scale(ticksPerSecond: counter.frequencyHertz))
      }
      usesFallback.store(true, ordering: .relaxed)
    }
    return true
  }

  /// Keeps a counter with few bits from turning unseen: to be called more often than it turns once.
  public static func refresh() {
    guard usesFallback.load(ordering: .relaxed) else { return }
    change { parameters in
      fallback.withValue { counter in
        let now = counter.read()
        let elapsed = counter.distance(from: parameters.baseTicks, to: now)
        parameters.baseNanoseconds &+= ClockParameters.nanoseconds(ticks: elapsed, scale: parameters.scale)
        parameters.baseTicks = now
      }
    }
  }

  /// Sets the time of day.
  ///
  /// - Parameter nanoseconds: since 1970 in UTC.
  public static func setRealTime(_ nanoseconds: UInt64) {
    let now = Self.nanoseconds
    change { $0.realTimeOffset = nanoseconds &- now }
  }

  private static func change(_ body: (inout ClockParameters) -> Void) {
    changes.withLock { _ in
      sequence.wrappingAdd(1, ordering: .relaxed)
      // The new values must not be seen before the odd number, nor a counter be read before it.
      atomicMemoryFence(ordering: .sequentiallyConsistent)
      var parameters = parts
      body(&parameters)
      baseTicks.store(parameters.baseTicks, ordering: .relaxed)
      baseNanoseconds.store(parameters.baseNanoseconds, ordering: .relaxed)
      scale.store(parameters.scale, ordering: .relaxed)
      realTimeOffset.store(parameters.realTimeOffset, ordering: .relaxed)
      bootTimeOffset.store(parameters.bootTimeOffset, ordering: .relaxed)
      sequence.wrappingAdd(1, ordering: .releasing)
    }
  }
}
