import Foundations
import Machine
import Registers
import Time

extension BootHandlers {
  /// Measures the time-stamp counter again, for longer, and compares with the first reading.
  static func timers(_ state: inout BootState) -> BootOutcome {
    let first = Clock.ticksPerSecond
    guard first > 0 else { return .failed("the interval timer does not count") }
    for _ in 0..<3 {
      guard let second = TimestampCalibration.measure(counts: 11_932) else {
        return .failed("the interval timer stopped")
      }
      let difference = first > second ? first - second : second - first
      guard difference < first / 20 else { continue }
      Clock.start(ticksPerSecond: second)
      let before = Clock.nanoseconds
      guard Clock.nanoseconds >= before else { return .failed("the clock runs backwards") }
      return .done("TSC \(second / 1_000_000) MHz by the interval timer")
    }
    return .failed("the TSC is unsteady: measurements differ by more than 5 %")
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
