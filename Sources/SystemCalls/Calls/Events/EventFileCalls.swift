import Events
import Foundations
import IPC
import LinuxABI
import Machine
import Processes
import Security
import Time
import VFS

/// eventfd(2) and timerfd_create(2).
extension SystemCallContext {
  /// Gives `file` a descriptor.
  func add(_ file: OpenFile, closesOnExecution: Bool) throws(Errno) -> Int32 {
    try task.files.add(file, limit: task.process.limit(.RLIMIT_NOFILE), closesOnExecution: closesOnExecution).rawValue
  }

  /// eventfd(2)
  func eventfd(_ initial: UInt32) throws(Errno) -> Int32 { try eventfd2(initial, []) }

  /// eventfd2(2)
  func eventfd2(_ initial: UInt32, _ flags: EventfdFlags) throws(Errno) -> Int32 {
    let way: EventCounter.Way = flags.contains(.EFD_SEMAPHORE) ? .one : .all
    let file = try EventCounter.make(
      try EventFiles.inodes(), task.credentials, initial: initial, way,
      flags.contains(.EFD_NONBLOCK) ? .O_NONBLOCK : [])
    return try add(file, closesOnExecution: flags.contains(.EFD_CLOEXEC))
  }

  /// timerfd_create(2)
  func timerfdCreate(_ clock: Int32, _ flags: TimerfdCreateFlags) throws(Errno) -> Int32 {
    let base: TimeBase
    var wakes = false
    switch ClockIdentifier(rawValue: Int64(clock)) {
    case .CLOCK_MONOTONIC: base = .monotonic
    case .CLOCK_REALTIME: base = .realTime
    case .CLOCK_BOOTTIME: base = .bootTime
    case .CLOCK_REALTIME_ALARM, .CLOCK_BOOTTIME_ALARM:
      try task.credentials.require(.CAP_WAKE_ALARM)
      base = clock == Int32(ClockIdentifier.CLOCK_REALTIME_ALARM.rawValue) ? .realTime : .bootTime
      wakes = true
    default: throw .EINVAL
    }
    let file = try TimerFile.make(
      try EventFiles.inodes(), task.credentials, by: base, flags.contains(.TFD_NONBLOCK) ? .O_NONBLOCK : [],
      wakes: wakes)
    return try add(file, closesOnExecution: flags.contains(.TFD_CLOEXEC))
  }

  /// timerfd_settime(2)
  func timerfdSettime(
    _ descriptor: Int32, _ flags: TimerfdSetFlags, _ value: UserPointer<Itimerspec>, _ oldValue: UserPointer<Itimerspec>
  ) throws(Errno) {
    let setting = try value.load()
    let (first, interval) = (try setting.value.total(), try setting.interval.total())
    let timer = try timer(descriptor)
    var meaning = TimerFile.Meaning.duration
    if flags.contains(.TFD_TIMER_ABSTIME) {
      meaning = flags.contains(.TFD_TIMER_CANCEL_ON_SET) ? .cancellableTime : .time
    }
    let old = timer.set(TimerFile.Setting(value: first, interval: interval), meaning)
    if !oldValue.isNull { try oldValue.store(Itimerspec(value: old.value, interval: old.interval)) }
  }

  /// timerfd_gettime(2)
  func timerfdGettime(_ descriptor: Int32, _ value: UserPointer<Itimerspec>) throws(Errno) {
    let setting = try timer(descriptor).setting
    try value.store(Itimerspec(value: setting.value, interval: setting.interval))
  }

  private func timer(_ descriptor: Int32) throws(Errno) -> TimerFile {
    guard let timer = try file(descriptor) as? TimerFile else { throw .EINVAL }
    return timer
  }
}
