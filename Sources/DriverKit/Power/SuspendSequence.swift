public import Foundations

/// What suspending the machine consists of. Whoever composes the kernel derives from it.
open class SuspendSteps {
  /// Creates steps that do nothing.
  public init() {}

  /// Keeps programs from going on.
  ///
  /// - Throws: `EBUSY` when that cannot be done; then they go on.
  open func freezePrograms() throws(Errno) {}
  /// Lets programs go on.
  open func thawPrograms() {}
  /// Lets devices rest.
  ///
  /// - Throws: why one refuses; then all work.
  open func suspendDevices() throws(Errno) {}
  /// Lets devices go on.
  open func resumeDevices() {}
  /// Makes clocks stand still.
  open func stopClocks() {}
  /// Lets clocks go on.
  open func startClocks() {}
  /// Waits until something wakes the machine.
  open func waitForWake() {}
  /// Whether something has happened that forbids to go on with this.
  open var isWakePending: Bool { false }
}

/// Suspending the machine to idle: the order of the steps, and the way back from each.
///
/// Source: Linux Documentation/admin-guide/pm/sleep-states.rst, "Suspend-to-Idle".
public enum SuspendSequence {
  /// Suspends the machine, and returns when it has been woken and everything works again.
  ///
  /// - Throws: `EBUSY` when something happened meanwhile that forbids it, or a program does not stop; why a device refuses. Everything
  ///   works as before then.
  /// - Context: a thread of the kernel; by one at a time.
  public static func run(_ steps: SuspendSteps) throws(Errno) {
    try check(steps)
    try steps.freezePrograms()
    do throws(Errno) {
      try check(steps)
      try rest(steps)
    } catch {
      steps.thawPrograms()
      throw error
    }
    steps.thawPrograms()
  }

  private static func check(_ steps: SuspendSteps) throws(Errno) {
    if steps.isWakePending { throw .EBUSY }
  }

  private static func rest(_ steps: SuspendSteps) throws(Errno) {
    try steps.suspendDevices()
    defer { steps.resumeDevices() }
    try check(steps)
    steps.stopClocks()
    steps.waitForWake()
    steps.startClocks()
  }
}
