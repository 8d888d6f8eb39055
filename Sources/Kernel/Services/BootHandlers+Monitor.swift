import Foundations
import Machine
import Scheduler
import Scheduling
import Time

/// The boot step of statistics.
extension BootHandlers {
  private static let workNanoseconds: UInt64 = 2_000_000
  /// Long enough that a slow machine has not come to its end before the thread rests.
  private static let restNanoseconds: UInt64 = 10_000_000
  private static let restLimit = 20

  /// Looks whether what statistics are made of counts: switches of threads, a thread's time, interrupts.
  static func performanceMonitor(_ state: inout BootState) -> BootOutcome {
    guard Scheduler.isStarted, let thread = Thread.running else { return .failed("there are no threads") }
    let before = (switches: SchedulerStatistics.switchCount, time: thread.account.running, interrupts: interruptCount)
    let begin = Clock.nanoseconds
    while Clock.nanoseconds &- begin < workNanoseconds { Machine.pause() }
    for _ in 0..<restLimit {
      do throws(Errno) { try Scheduler.sleep(nanoseconds: restNanoseconds) } catch { return .failed("no memory") }
      if SchedulerStatistics.switchCount != before.switches, interruptCount != before.interrupts { break }
    }
    let switches = SchedulerStatistics.switchCount &- before.switches
    let time = thread.account.running &- before.time
    let interrupts = interruptCount &- before.interrupts
    guard switches > 0 else { return .failed("switches of threads are not counted") }
    guard interrupts > 0 else { return .failed("interrupts are not counted") }
    guard time >= workNanoseconds / 2 else { return .failed("the time of threads is not counted") }
    return .done("\(switches) switches, \(interrupts) interrupts, \(time / 1_000) us of work counted")
  }

  private static var interruptCount: UInt64 {
    var sum: UInt64 = 0
    for vector in UInt8.min...UInt8.max { sum &+= VectorHandlers.arrivals(of: vector) }
    return sum
  }
}
