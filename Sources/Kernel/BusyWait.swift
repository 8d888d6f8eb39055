import Machine
import Time

/// Waits that keep the CPU: for short times, early at boot, with locks held, or in the firmware's code.
enum BusyWait {
  /// Waits for `nanoseconds`.
  ///
  /// - Context: any, once the clock runs.
  static func wait(nanoseconds: UInt64) { _ = wait(atMost: nanoseconds) { false } }

  /// Waits for `microseconds`; not at all for a negative number.
  ///
  /// - Context: any, once the clock runs.
  static func wait(microseconds: Int) { wait(nanoseconds: UInt64(max(0, microseconds)) &* 1_000) }

  /// Waits until `condition` holds, for `nanoseconds` at most.
  ///
  /// - Returns: whether it holds.
  /// - Context: any, once the clock runs.
  static func wait(atMost nanoseconds: UInt64, until condition: () -> Bool) -> Bool {
    let begin = Clock.nanoseconds
    while !condition() {
      guard Clock.nanoseconds &- begin < nanoseconds else { return false }
      Machine.pause()
    }
    return true
  }
}
