import Foundations
import Machine
import Registers
import Time

extension BootHandlers {
  /// Periods of the interval timer in one measurement: 10 ms.
  private static let measurement: UInt16 = 11_932
  private static let attempts = 8

  /// Measures the time-stamp counter again until two measurements in a row agree within 5 %.
  ///
  /// One alone proves nothing: under a busy hypervisor either clock may have stood still meanwhile.
  static func timers(_ state: inout BootState) -> BootOutcome {
    var previous = Clock.ticksPerSecond
    guard previous > 0 else { return .failed("the interval timer does not count") }
    for _ in 0..<attempts {
      guard let rate = TimestampCalibration.measure(counts: measurement) else {
        return .failed("the interval timer stopped")
      }
      let difference = previous > rate ? previous - rate : rate - previous
      previous = rate
      guard difference < rate / 20 else { continue }
      Clock.start(ticksPerSecond: rate)
      let before = Clock.nanoseconds
      guard Clock.nanoseconds >= before else { return .failed("the clock runs backwards") }
      return .done("TSC \(rate / 1_000_000) MHz by the interval timer")
    }
    return .failed("TSC unsteady: no two of \(attempts) measurements agree")
  }
}

/// The time-stamp counter's rate by the PC's interval timer.
enum TimestampCalibration {
  /// - Returns: ticks a second, or nil when the timer is not there.
  static func measure(counts: UInt16) -> UInt64? {
    guard let timer = PortSpace.claim(base: PIT8254.system, count: PIT8254.length),
      let control = PortSpace.claim(base: SystemControl.portB, count: SystemControl.length)
    else { return nil }
    let reference = IntervalTimerReference(
      timer: PIT8254Registers(timer), control: SystemControlRegisters(control), ticks: { TimestampCounter.now })
    return reference.measure(counts: counts)
  }
}
