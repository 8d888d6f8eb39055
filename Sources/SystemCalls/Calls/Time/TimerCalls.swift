import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Signals
import Synchronization
import Time

/// Timers that send signals.
extension SystemCallContext {
  // MARK: setitimer(2)

  /// getitimer(2)
  func getitimer(_ which: LinuxABI.IntervalTimer, _ value: UserPointer<Itimerval>) throws(Errno) {
    let setting = task.process.timers.interval(which.kind)?.setting
    try value.store(Itimerval(value: setting?.value ?? 0, interval: setting?.interval ?? 0))
  }

  /// setitimer(2)
  func setitimer(
    _ which: LinuxABI.IntervalTimer, _ value: UserPointer<Itimerval>, _ oldValue: UserPointer<Itimerval>
  ) throws(Errno) {
    var new = ProcessTimer.Setting(value: 0, interval: 0)
    if !value.isNull {
      let given = try value.load()
      new = ProcessTimer.Setting(value: try given.value.total(), interval: try given.interval.total())
    }
    let old = try task.process.timers.makeInterval(which.kind, of: task.process).set(new)
    if !oldValue.isNull { try oldValue.store(Itimerval(value: old.value, interval: old.interval)) }
  }

  /// alarm(2)
  func alarm(_ seconds: UInt32) throws(Errno) -> Int {
    // It cannot fail, says the manual: without memory there is no alarm.
    guard let timer = try? task.process.timers.makeInterval(.real, of: task.process) else { return 0 }
    let old = timer.set(ProcessTimer.Setting(value: UInt64(seconds) * 1_000_000_000, interval: 0))
    // Rounded, but never to nothing. Source: Linux kernel/time/itimer.c.
    return old.value == 0 ? 0 : Int(max(1, (old.value + 500_000_000) / 1_000_000_000))
  }

  // MARK: timer_create(2)

  /// timer_create(2)
  func timerCreate(_ clock: Int32, _ event: UserPointer<Sigevent>, _ number: UserPointer<Int32>) throws(Errno) {
    let measure = try self.measure(clock)
    let event = event.isNull ? nil : try event.load()
    let notification = try self.notification(event)
    let timers = task.process.timers
    let limit = task.process.limit(.RLIMIT_SIGPENDING)
    let new = try timers.make(task.process, measure, notification, limit: limit) { notification, number in
      // Without an event the signal says the number.
      notification.identity = (number, event?.value ?? UInt64(UInt32(bitPattern: number)))
    }
    do throws(Errno) {
      try number.store(new)
    } catch {
      try? timers.remove(new)
      throw error
    }
  }

  private func measure(_ clock: Int32) throws(Errno) -> ProcessTimer.Measure {
    switch ClockIdentifier(rawValue: Int64(clock)) {
    case .CLOCK_REALTIME_ALARM, .CLOCK_BOOTTIME_ALARM:
      try task.credentials.require(.CAP_WAKE_ALARM)
      if case .base(let base) = try ProgramClock(clock, task) { return .alarm(base) }
    // They are there to be read. Source: timer_create(2).
    case .CLOCK_REALTIME_COARSE, .CLOCK_MONOTONIC_COARSE: throw .EOPNOTSUPP
    default: break
    }
    switch try ProgramClock(clock, task) {
    case .base(let base): return .clock(base)
    case .raw: throw .EOPNOTSUPP
    case .process(let process):
      guard process === task.process else { throw .EINVAL }
      return .processTime
    case .task(let task): return .taskTime(task)
    }
  }

  private func notification(_ event: Sigevent?) throws(Errno) -> ProcessTimer.Notification {
    guard let event else { return ProcessTimer.Notification(.SIGALRM) }
    switch event.notification {
    case Sigevent.none: return ProcessTimer.Notification(nil)
    case Sigevent.signal, Sigevent.thread: return ProcessTimer.Notification(try Self.signal(event.signal))
    case Sigevent.task:
      var notification = ProcessTimer.Notification(try Self.signal(event.signal))
      guard let target = task.process.tree.task(event.task), target.process === task.process else { throw .EINVAL }
      notification.task = target
      return notification
    default: throw .EINVAL
    }
  }

  private static func signal(_ number: Int32) throws(Errno) -> Signal {
    guard let number = UInt8(exactly: number), let signal = Signal(rawValue: number) else { throw .EINVAL }
    return signal
  }

  /// timer_settime(2)
  func timerSettime(
    _ number: Int32, _ flags: TimerFlags, _ value: UserPointer<Itimerspec>, _ oldValue: UserPointer<Itimerspec>
  ) throws(Errno) {
    let given = try value.load()
    let setting = ProcessTimer.Setting(value: try given.value.total(), interval: try given.interval.total())
    let timer = try task.process.timers.timer(number)
    let old = timer.set(setting, isAbsolute: flags.contains(.TIMER_ABSTIME))
    if !oldValue.isNull { try oldValue.store(Itimerspec(value: old.value, interval: old.interval)) }
  }

  /// timer_gettime(2)
  func timerGettime(_ number: Int32, _ value: UserPointer<Itimerspec>) throws(Errno) {
    let setting = try task.process.timers.timer(number).setting
    try value.store(Itimerspec(value: setting.value, interval: setting.interval))
  }

  /// timer_getoverrun(2)
  func timerGetoverrun(_ number: Int32) throws(Errno) -> Int {
    Int(try task.process.timers.timer(number).lastOverrun)
  }

  /// timer_delete(2)
  func timerDelete(_ number: Int32) throws(Errno) { try task.process.timers.remove(number) }
}

extension LinuxABI.IntervalTimer {
  fileprivate var kind: IntervalTimerKind {
    switch self {
    case .ITIMER_REAL: .real
    case .ITIMER_VIRTUAL: .virtual
    case .ITIMER_PROF: .profiling
    }
  }
}

/// `struct sigevent`. Source: sigevent(3type).
public struct Sigevent: UserValue {
  /// SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD and SIGEV_THREAD_ID. Source: asm-generic/siginfo.h.
  static let signal: Int32 = 0
  static let none: Int32 = 1
  static let thread: Int32 = 2
  static let task: Int32 = 4

  let value: UInt64
  let signal: Int32
  let notification: Int32
  let task: Int32

  /// 64.
  public static var userByteCount: Int { 64 }

  /// Takes it from its form.
  public init(userBytes: Span<UInt8>) {
    value = StructureBytes.get(userBytes, at: 0)
    signal = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 8))
    notification = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 12))
    task = Int32(truncatingIfNeeded: StructureBytes.get(userBytes, width: 4, at: 16))
  }

  /// Writes its form.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(value, at: 0, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: signal)), width: 4, at: 8, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: notification)), width: 4, at: 12, &bytes)
    StructureBytes.put(UInt64(UInt32(bitPattern: task)), width: 4, at: 16, &bytes)
  }
}
