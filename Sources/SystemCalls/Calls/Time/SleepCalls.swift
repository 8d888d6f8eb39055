import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Security
import Synchronization
import Time
import Waiting

/// Sleeping, and letting others run.
extension SystemCallContext {
  /// nanosleep(2)
  func nanosleep(_ duration: UserPointer<Timespec>, _ remaining: UserPointer<Timespec>) throws(Errno) {
    try sleep(for: try duration.load().total(), remaining) { monotonic in ClockDeadline(.monotonic, monotonic) }
  }

  /// clock_nanosleep(2)
  func clockNanosleep(
    _ number: Int32, _ flags: TimerFlags, _ request: UserPointer<Timespec>, _ remaining: UserPointer<Timespec>
  ) throws(Errno) {
    let clock = try ProgramClock(number, task)
    let time = try request.load().total()
    switch clock {
    case .base(let base):
      let wakes = try wakes(number)
      guard flags.contains(.TIMER_ABSTIME) else {
        return try sleep(for: time, wakes: wakes, remaining) { monotonic in
          // Setting the clock does not change a duration, but the time that the machine is suspended counts.
          guard wakes || base == .bootTime else { return ClockDeadline(.monotonic, monotonic) }
          let now = Clock.nanoseconds
          let (time, isPastEnd) = Clock.bootTime.addingReportingOverflow(monotonic > now ? monotonic - now : 0)
          return ClockDeadline(.bootTime, isPastEnd ? .max : time)
        }
      }
      // A time is the same when the call is made again.
      try restarted(.unlessHandled) { () throws(Errno) in try sleep(until: ClockDeadline(base, time), wakes: wakes) }
    case .raw: throw .EOPNOTSUPP
    case .process(let process):
      try sleep(by: clock, isAbsolute: flags.contains(.TIMER_ABSTIME), time, remaining) {
        min(process.taskCount, Processor.onlineCount)
      }
    case .task(let other):
      // One's own time stands still.
      guard other !== task else { throw .EINVAL }
      try sleep(by: clock, isAbsolute: flags.contains(.TIMER_ABSTIME), time, remaining) { 1 }
    }
  }

  /// Whether a sleep by clock `number` wakes the machine when that is suspended.
  ///
  /// - Throws: `EPERM` when the program may not do that.
  private func wakes(_ number: Int32) throws(Errno) -> Bool {
    switch ClockIdentifier(rawValue: Int64(number)) {
    case .CLOCK_REALTIME_ALARM, .CLOCK_BOOTTIME_ALARM:
      try task.credentials.require(.CAP_WAKE_ALARM)
      return true
    default: return false
    }
  }

  private func sleep(
    for nanoseconds: UInt64, wakes: Bool = false, _ remaining: UserPointer<Timespec>,
    _ makeDeadline: (UInt64) -> ClockDeadline
  ) throws(Errno) {
    let deadline = task.deadline(after: nanoseconds)
    do throws(Errno) {
      try sleep(until: makeDeadline(deadline), wakes: wakes)
    } catch {
      if !remaining.isNull {
        let now = Clock.nanoseconds
        try remaining.store(Timespec(nanoseconds: deadline > now ? deadline - now : 0))
      }
      throw error
    }
  }

  /// Sleeps until `deadline`.
  ///
  /// - Throws: `EINTR`.
  private func sleep(until deadline: ClockDeadline, wakes: Bool) throws(Errno) {
    guard wakes else { return try sleep(until: deadline) }
    let alarm = ClockTimer(deadline.base, wakes: true)
    try alarm.open()
    defer { alarm.close() }
    alarm.arm(at: deadline.time, by: deadline.base)
    try sleep(until: deadline)
  }

  private func sleep(until deadline: ClockDeadline) throws(Errno) {
    do throws(Errno) {
      try TimedWait.wait(until: deadline) { false }
    } catch {
      if error != .ETIMEDOUT { throw error }
    }
  }

  /// Sleeps until a clock that only goes while programs run says `time`, or so much more than now: looks now and then.
  ///
  /// - Parameter rate: how much faster than time it may go at most.
  private func sleep(
    by clock: ProgramClock, isAbsolute: Bool, _ time: UInt64, _ remaining: UserPointer<Timespec>, rate: () -> Int
  ) throws(Errno) {
    let (end, isPastEnd) = (isAbsolute ? 0 : clock.now).addingReportingOverflow(time)
    var now = clock.now
    while isPastEnd || now < end {
      let soonest = (end &- now) / UInt64(max(1, rate()))
      do throws(Errno) {
        // What is left is told to the program, which may sleep on for that.
        try restarted(isAbsolute ? .unlessHandled : .never) { () throws(Errno) in
          try sleep(until: ClockDeadline(after: max(soonest, 4_000_000)))
        }
      } catch {
        now = clock.now
        if !isAbsolute && !remaining.isNull {
          try remaining.store(Timespec(nanoseconds: end > now ? end - now : 0))
        }
        throw error
      }
      now = clock.now
    }
  }

  /// sched_yield(2)
  func schedYield() throws(Errno) { Scheduler.yield() }
}
