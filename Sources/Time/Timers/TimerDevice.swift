/// What interrupts one CPU some time from now: a local APIC's timer, or what stands in for it.
///
/// A device may be early or late; the queue looks at the clock itself.
open class TimerDevice {
  /// Creates a device.
  public init() {}

  /// Makes the device interrupt once, in `nanoseconds`, at least 1, instead of whenever it was to.
  ///
  /// Where that is further off than the device can count, it interrupts as late as it can.
  ///
  /// - Context: interrupts off, on the device's CPU, the queue's lock held.
  open func arm(nanoseconds: UInt64) {}

  /// Makes the device not interrupt.
  ///
  /// - Context: as of `arm`.
  open func disarm() {}

  /// Whether the CPU that runs is the device's.
  open var isLocal: Bool { true }

  /// Makes the device's CPU call `TimerQueue.interrupt` soon; called on other CPUs than the device's.
  ///
  /// - Context: interrupts may be off; the queue's lock is not held.
  open func notify() {}
}

/// What happens when a timer expires.
open class TimerHandler {
  /// Creates a handler.
  public init() {}

  /// The timer has expired.
  ///
  /// - Parameters:
  ///   - now: the time at which the queue looked, in nanoseconds; never before the timer's.
  ///   - expirations: 1, or more for a periodic timer whose periods have passed unseen.
  /// - Context: interrupts off, on the queue's CPU, no lock held. It may arm and cancel timers, also its own.
  open func timerExpired(now: UInt64, expirations: UInt64) {}
}
