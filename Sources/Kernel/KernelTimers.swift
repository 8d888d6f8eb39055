import Foundations
import Interrupts
import Logging
import Machine
import Time

/// The boot CPU's timers, on its local APIC's timer. The other CPUs' come with the scheduler, who is their only user.
enum KernelTimers {
  private static let queue = BootCell<TimerQueue>()

  /// Starts the queue, and the clock's maintenance with it.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, on the boot CPU, after `LocalTimer.start`.
  static func start() throws(Errno) {
    let queue = TimerQueue(device: LocalTimerDevice(processor: 0)) { Clock.nanoseconds }
    let timer = try queue.makeTimer(ClockReporter())
    VectorHandlers.set(LocalTimerHandler(queue), for: InterruptVector.localTimer.rawValue, on: 0)
    self.queue.fill(queue)
    // Maintenance can wait for another interrupt, but not for ever.
    try queue.arm(
      timer, deadline: Clock.nanoseconds + ClockMaintenance.interval, slack: ClockMaintenance.interval / 8,
      period: ClockMaintenance.interval)
  }
}

/// The local APIC's timer of one CPU, as a queue programs it.
private final class LocalTimerDevice: TimerDevice {
  private let processor: Int

  init(processor: Int) {
    self.processor = processor
    super.init()
  }

  override var isLocal: Bool { Processor.current == processor }
  override func arm(nanoseconds: UInt64) { LocalTimer.arm(nanoseconds: nanoseconds) }
  override func disarm() { LocalTimer.disarm() }
}

/// The local APIC's timer has interrupted.
private final class LocalTimerHandler: VectorHandler {
  private let queue: TimerQueue

  init(_ queue: TimerQueue) {
    self.queue = queue
    super.init()
  }

  override func handle(_ vector: UInt8) { queue.interrupt(now: Clock.nanoseconds) }
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
