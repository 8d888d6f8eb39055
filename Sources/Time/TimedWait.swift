public import Foundations
import Machine
public import Waiting

/// Waits of the thread that runs, by whatever clock.
public enum TimedWait {
  /// Waits until `isDone`, which whoever makes it true tells by the thread's own entry (`Blocking.entry`).
  ///
  /// - Parameters:
  ///   - deadline: when to give up; nil for never.
  ///   - interruption: what may end the wait early.
  /// - Throws: `EINTR`, `ETIMEDOUT`; `isDone` may have become true at that moment.
  /// - Context: a thread without spin locks. `isDone` may take some, but must not wait.
  @inline(__always)
  public static func wait(
    until deadline: ClockDeadline?, _ interruption: Interruption = .signals, isDone: () -> Bool
  ) throws(Errno) {
    guard let deadline, deadline.base.isSettable else { return try block(deadline, interruption, isDone) }
    // Whoever sets the clock wakes it, to look when the time will be now.
    let entry = Blocking.entry
    Clock.steps.add(entry)
    defer { Clock.steps.remove(entry) }
    try block(deadline, interruption, isDone)
  }

  @inline(__always)
  private static func block(
    _ deadline: ClockDeadline?, _ interruption: Interruption, _ isDone: () -> Bool
  ) throws(Errno) {
    while true {
      Blocking.prepare(interruption)
      if isDone() { return Blocking.finish() }
      switch Blocking.block(interruption, deadline: deadline?.monotonic) {
      case .woken: if isDone() { return }
      case .interrupted:
        Blocking.finish()
        throw .EINTR
      case .timedOut:
        Blocking.finish()
        if let deadline, deadline.base.isSettable, !deadline.hasPassed { continue }
        throw .ETIMEDOUT
      }
    }
  }
}
