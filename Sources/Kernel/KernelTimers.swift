import Foundations
import Logging
import Machine
import Time

/// The kernel's own timer: the clock's maintenance, on the boot CPU.
enum KernelTimers {
  private static let maintenance = BootCell<Timer>()

  /// Starts it.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, on the boot CPU, after `Timers.startHere`.
  static func start() throws(Errno) {
    let timer = try Timer(on: 0, handler: ClockReporter())
    // Maintenance can wait for another interrupt, but not for ever.
    timer.arm(
      at: Clock.nanoseconds + ClockMaintenance.interval, period: ClockMaintenance.interval,
      slack: ClockMaintenance.interval / 8)
    maintenance.fill(timer)
  }
}

/// Logs what the clock's maintenance finds.
private final class ClockReporter: ClockMaintenanceTimer {
  override func report(_ finding: ClockMaintenance.Finding) {
    switch finding {
    case .good: break
    case .suspicious(let difference):
      KernelLog.add(.debug, .time, "the clock's counter was \(difference) ns ahead of its reference")
    case .replaced(let source):
      KernelLog.add(.warning, .time, "the TSC is unsteady: time is told by \(source.displayName) from now on")
    }
  }
}
