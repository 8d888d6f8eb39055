import LinuxABI
import Machine
import Signals
import Time

/// Tells a process that it has run as long as it may, and ends it in the end. RLIMIT_CPU of getrlimit(2).
///
/// Made with the first limit, so that processes without one pay nothing. Its process keeps it until `close`.
final class ProcessTimeLimit: ClockTimer {
  private let process: Process

  init(_ process: Process) {
    self.process = process
    super.init(.monotonic)
  }

  override func expired() { check() }

  /// Sends what is due, and sees to it that this is done again when more may be.
  ///
  /// - Context: any; no lock is held.
  func check() {
    let due = process.takeTimeLimit(after: process.runNanoseconds)
    if let signal = due.signal { process.sendFromKernel(signal) }
    guard let rest = due.rest else { return disarm() }
    arm(at: process.timeToLook(forRunning: rest), by: .monotonic)
  }
}

extension Process {
  /// What a process that has run for `running` nanoseconds is to be told, and how much longer it may run until it is told
  /// again; nil when it is not.
  ///
  /// At the soft limit that is SIGXCPU, which raises the limit by a second, as the program can see; at the hard one
  /// SIGKILL.
  /// Source: setrlimit(2); Linux kernel/time/posix-cpu-timers.c, `check_process_timers`.
  fileprivate func takeTimeLimit(after running: UInt64) -> (signal: Signal?, rest: UInt64?) {
    state.withLock { state in
      var limit = state.limits[.RLIMIT_CPU]
      guard limit.current != ResourceLimits.infinity else { return (nil, nil) }
      if running >= Self.nanoseconds(limit.maximum) { return (.SIGKILL, nil) }
      var signal: Signal?
      if running >= Self.nanoseconds(limit.current) {
        signal = .SIGXCPU
        limit.current += 1
        state.limits[.RLIMIT_CPU] = limit
      }
      let next = min(Self.nanoseconds(limit.current), Self.nanoseconds(limit.maximum))
      return (signal, next > running ? next - running : 0)
    }
  }

  private static func nanoseconds(_ seconds: UInt64) -> UInt64 {
    let (product, isTooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return isTooMuch ? .max : product
  }
}
