import Foundations
import Machine
import Registers

/// The counters of this machine: found and measured by the boot step `timers`.
public enum MachineSources {
  /// Counter 2 of the interval timer; nil when its ports have an owner or it stands still.
  public static func makeIntervalCounter() -> IntervalCounter<PortSpace, PortSpace>? {
    guard let timer = PortSpace.claim(base: PIT8254.system, count: PIT8254.length),
      let control = PortSpace.claim(base: SystemControl.portB, count: SystemControl.length)
    else { return nil }
    return IntervalCounter(timer: PIT8254Registers(timer), control: SystemControlRegisters(control))
  }

  /// Starts the high-precision event timer whose registers are at a physical address.
  ///
  /// - Returns: nil when there is none that counts.
  public static func startHighPrecision(at address: UInt64) -> CounterSource? {
    let (end, isPastEnd) = address.addingReportingOverflow(UInt64(HPET.length))
    guard !isPastEnd else { return nil }
    let space: DeviceSpace
    do throws(Errno) { space = try DeviceSpace.map(address..<end) } catch { return nil }
    guard let counter = HighPrecisionCounter(space) else { return nil }
    let source = counter.source
    return MachineCounters.highPrecision.fill(counter) ? source : nil
  }

  /// Takes the power-management timer.
  ///
  /// - Parameter width: 24 or 32 bits.
  /// - Returns: nil when there is none that counts.
  public static func startPowerManagement(port: UInt16, width: UInt64) -> CounterSource? {
    guard let space = PortSpace.claim(base: port, count: 4), let counter = PowerManagementCounter(space, width: width)
    else { return nil }
    let source = counter.source
    return MachineCounters.powerManagement.fill(counter) ? source : nil
  }

  /// Measures the time-stamp counter by another counter, until measurements agree.
  ///
  /// - Parameters:
  ///   - reference: what was started; nil for the interval timer.
  ///   - nanoseconds: how long one measurement takes.
  ///   - attempts: 1 for a single measurement, which proves nothing, or 3...16.
  /// - Returns: nil when the reference stands still or no three measurements agree.
  public static func measureTimestamp(
    by reference: CounterSource?, nanoseconds: UInt64, attempts: Int
  ) -> CounterSource? {
    guard let reference else {
      guard let counter = makeIntervalCounter() else { return nil }
      return measure(by: counter.source, nanoseconds, attempts) { counter.ticks }
    }
    let counters = MachineCounters()
    return measure(by: reference, nanoseconds, attempts) { counters.ticks(reference.kind) }
  }

  private static func measure(
    by reference: CounterSource, _ nanoseconds: UInt64, _ attempts: Int, _ ticks: () -> UInt64
  ) -> CounterSource? {
    func once() -> RateMeasurement? {
      RateMeasurement(by: reference, nanoseconds: nanoseconds, reference: ticks, ticks: { TimestampCounter.now })
    }
    guard let result = attempts == 1 ? once() : RateMeasurement.agreed(attempts: attempts, once) else { return nil }
    return CounterSource(
      .timestamp, width: 64, rate: result.rate,
      errorPartsPerBillion: result.errorPartsPerBillion &+ reference.errorPartsPerBillion)
  }

  /// The battery-backed clock's time.
  ///
  /// - Parameter centuryIndex: from the FADT; 0 for none.
  public static func batteryTime(centuryIndex: UInt8) throws(BatteryClockError) -> CivilTime {
    guard let space = PortSpace.claim(base: RealTimeClock.system, count: RealTimeClock.length) else { throw .absent }
    return try BatteryClock(space, centuryIndex: centuryIndex).read()
  }

  /// Sets the battery-backed clock.
  public static func setBatteryTime(_ time: CivilTime, centuryIndex: UInt8) throws(BatteryClockError) {
    guard let space = PortSpace.claim(base: RealTimeClock.system, count: RealTimeClock.length) else { throw .absent }
    try BatteryClock(space, centuryIndex: centuryIndex).write(time)
  }
}
