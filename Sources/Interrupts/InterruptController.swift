public import Foundations
import Machine

/// Turning the CPU's own interrupt controller on, with the vectors that the spec gives it.
public enum InterruptController {
  /// Masks the 8259s and turns on the boot CPU's local APIC.
  ///
  /// - Throws: what `LocalInterruptController.start` throws.
  /// - Context: once, on the boot CPU, interrupts off.
  public static func start() throws(Errno) {
    LegacyInterruptControllers.mask()
    try LocalInterruptController.start(
      LocalInterruptController.Vectors(
        spurious: InterruptVector.spurious.rawValue, error: InterruptVector.localError.rawValue,
        timer: InterruptVector.localTimer.rawValue, reschedule: InterruptVector.reschedule.rawValue,
        call: InterruptVector.callFunction.rawValue, translation: InterruptVector.tlbShootdown.rawValue,
        stop: InterruptVector.stop.rawValue))
  }
}
