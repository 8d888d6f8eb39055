import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Synchronization
import Time

/// Reading and setting clocks.
extension SystemCallContext {
  // MARK: Reading

  /// clock_gettime(2)
  @inline(__always)
  func clockGettime(_ clock: Int32, _ time: UserPointer<Timespec>) throws(Errno) {
    let now: UInt64
    // These two are asked for most, and need no look at the others.
    switch clock {
    case Int32(truncatingIfNeeded: ClockIdentifier.CLOCK_MONOTONIC.rawValue): now = Clock.nanoseconds
    case Int32(truncatingIfNeeded: ClockIdentifier.CLOCK_REALTIME.rawValue): now = Clock.realTime
    default: now = try otherTime(clock)
    }
    try UserWords.store(now / 1_000_000_000, now % 1_000_000_000, to: time.address)
  }

  @inline(never)
  private func otherTime(_ clock: Int32) throws(Errno) -> UInt64 { try ProgramClock(clock, task).now }

  /// clock_getres(2)
  func clockGetres(_ clock: Int32, _ resolution: UserPointer<Timespec>) throws(Errno) {
    // All clocks are told to the nanosecond, those that are called coarse, too.
    _ = try ProgramClock(clock, task)
    if !resolution.isNull { try resolution.store(Timespec(nanoseconds: 1)) }
  }

  /// time(2)
  func time(_ time: UserPointer<Int64>) throws(Errno) -> Int64 {
    let seconds = Int64(Clock.realTime / 1_000_000_000)
    if !time.isNull { try time.store(seconds) }
    return seconds
  }

  /// gettimeofday(2)
  func gettimeofday(_ time: UserPointer<Timeval>, _ zone: UserPointer<Timezone>) throws(Errno) {
    if !time.isNull { try time.store(Timeval(nanoseconds: Clock.realTime)) }
    if !zone.isNull { try zone.store(SystemTimezone.current) }
  }

  /// times(2)
  func times(_ buffer: UserPointer<Tms>) throws(Errno) -> Int64 {
    if !buffer.isNull {
      let (own, children) = (task.process.usage, task.process.childrenUsage)
      try buffer.store(
        Tms(
          user: own.userNanoseconds, system: own.systemNanoseconds, childUser: children.userNanoseconds,
          childSystem: children.systemNanoseconds))
    }
    return Int64(Clock.nanoseconds / 10_000_000)
  }

  // MARK: Setting

  /// clock_settime(2)
  func clockSettime(_ clock: Int32, _ time: UserPointer<Timespec>) throws(Errno) {
    let time = try time.load().total()
    switch try ProgramClock(clock, task) {
    case .base(.realTime) where clock == Int32(ClockIdentifier.CLOCK_REALTIME.rawValue): try setRealTime(time)
    case .process, .task: throw .EPERM
    default: throw .EINVAL
    }
  }

  private func setRealTime(_ time: UInt64) throws(Errno) {
    try task.credentials.require(.CAP_SYS_TIME)
    try Clock.setRealTime(time)
  }

  /// settimeofday(2)
  func settimeofday(_ time: UserPointer<Timeval>, _ zone: UserPointer<Timezone>) throws(Errno) {
    let newTime = time.isNull ? nil : try time.load().total()
    let newZone = zone.isNull ? nil : try zone.load()
    try task.credentials.require(.CAP_SYS_TIME)
    // Source: Linux kernel/time/time.c: a zone within 15 hours.
    if let newZone, newZone.minutesWest.magnitude > 15 * 60 { throw .EINVAL }
    if let newTime { try setRealTime(newTime) }
    if let newZone { SystemTimezone.current = newZone }
  }

  /// adjtimex(2)
  func adjtimex(_ buffer: UserPointer<Timex>) throws(Errno) -> Int {
    var request = try buffer.load()
    // Source: adjtimex(2): reading what is left of an adjustment is for everybody.
    let modes = request.adjustment.modes
    if modes.rawValue != 0, modes.rawValue != 0xa001 { try task.credentials.require(.CAP_SYS_TIME) }
    try request.resolveStep()
    let state = try Clock.adjust(&request.adjustment)
    request.now = Clock.realTime
    try buffer.store(request)
    return Int(state.rawValue)
  }

  /// clock_adjtime(2)
  func clockAdjtime(_ clock: Int32, _ buffer: UserPointer<Timex>) throws(Errno) -> Int {
    guard clock == Int32(ClockIdentifier.CLOCK_REALTIME.rawValue) else {
      _ = try ProgramClock(clock, task)
      throw .EOPNOTSUPP
    }
    return try adjtimex(buffer)
  }
}

/// A clock that a program names.
enum ProgramClock {
  /// One of the machine's.
  case base(TimeBase)
  /// At the counter's own rate. CLOCK_MONOTONIC_RAW.
  case raw
  /// How long a process has run.
  case process(Process)
  /// How long a task has run.
  case task(Task)

  /// Finds the clock.
  ///
  /// - Throws: `EINVAL` when there is none.
  @inline(__always)
  init(_ number: Int32, _ caller: Task) throws(Errno) {
    switch ClockIdentifier(rawValue: Int64(number)) {
    case .CLOCK_MONOTONIC, .CLOCK_MONOTONIC_COARSE: self = .base(.monotonic)
    case .CLOCK_REALTIME, .CLOCK_REALTIME_COARSE, .CLOCK_REALTIME_ALARM: self = .base(.realTime)
    case .CLOCK_BOOTTIME, .CLOCK_BOOTTIME_ALARM: self = .base(.bootTime)
    case .CLOCK_TAI: self = .base(.atomicTime)
    case .CLOCK_MONOTONIC_RAW: self = .raw
    case .CLOCK_PROCESS_CPUTIME_ID: self = .process(caller.process)
    case .CLOCK_THREAD_CPUTIME_ID: self = .task(caller)
    case nil: self = try Self.ofOther(number, caller)
    }
  }

  /// The clock of a process or thread, whose number is in the clock's. Source: Linux, include/linux/posix-timers.h.
  @inline(never)
  private static func ofOther(_ number: Int32, _ caller: Task) throws(Errno) -> ProgramClock {
    // The lowest two bits are a kind of time, all of which are the same here; 3 is a clock of a file.
    guard number < 0, number & 3 != 3 else { throw .EINVAL }
    let target = ~(number >> 3)
    let isThread = number & 4 != 0
    guard target != 0 else { return isThread ? .task(caller) : .process(caller.process) }
    guard let found = caller.process.tree.task(target) else { throw .EINVAL }
    if isThread {
      guard found.process === caller.process else { throw .EINVAL }
      return .task(found)
    }
    guard found.process.number == target else { throw .EINVAL }
    return .process(found.process)
  }

  /// What it says, in nanoseconds.
  @inline(__always)
  var now: UInt64 {
    switch self {
    case .base(let base): base.now
    case .raw: Clock.rawNanoseconds
    case .process(let process): process.runNanoseconds
    case .task(let task): task.runNanoseconds
    }
  }
}

/// What the machine is told of its place on Earth, which nothing in the kernel uses.
enum SystemTimezone {
  private static let zone = SpinLock(Timezone())

  static var current: Timezone {
    get { zone.withLock { $0 } }
    set { zone.withLock { $0 = newValue } }
  }
}
