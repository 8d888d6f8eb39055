import Foundations
import Machine

/// The timers that wake a suspended machine, from when they are opened until they are closed.
enum WakeTimers {
  private static let timers = SpinLock(GrowableArray<ClockTimer>())

  /// - Throws: `ENOMEM`.
  static func add(_ timer: ClockTimer) throws(Errno) {
    try timers.withLock { timers throws(Errno) in try timers.append(timer) }
  }

  static func remove(_ timer: ClockTimer) {
    let removed: ClockTimer? = timers.withLock { timers in
      for index in 0..<timers.count where timers[index] === timer { return timers.remove(at: index) }
      return nil
    }
    _ = consume removed
  }

  /// When the first of them expires, by the monotonic clock as far as is known now; nil when none is armed.
  static var nextDeadline: UInt64? {
    timers.withLock { timers in
      var next: UInt64?
      for index in 0..<timers.count {
        guard let deadline = timers[index].monotonicDeadline else { continue }
        next = min(next ?? .max, deadline)
      }
      return next
    }
  }
}
