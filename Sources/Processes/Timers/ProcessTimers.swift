public import Foundations
import LinuxABI
import Machine
import Signals
import Time

/// The timers of a process.
///
/// Lock order: the process's `state`, the lock of the timers, that of one.
public final class ProcessTimers {
  /// A number of timer_create(2).
  private struct Slot {
    var timer: ProcessTimer?
    /// Also while the timer is being made.
    var isTaken = false
  }

  private struct State: ~Copyable {
    var slots = GrowableArray<Slot>()
    var count = 0
    /// No number below is free.
    var firstFree = 0
    /// Those of setitimer(2), made with their first use.
    var intervals = InlineArray<3, ProcessTimer?>(repeating: nil)
    /// What holds it to RLIMIT_CPU, made with the first such limit.
    var timeLimit: ProcessTimeLimit?
    /// Whether the process has ended: nobody would end another timer.
    var isClosed = false
  }

  private let state = SpinLock(State())

  init() {}

  // MARK: timer_create(2)

  /// Makes a timer, whose number `notification` is told by `identify`.
  ///
  /// - Parameter limit: how many there may be. `RLIMIT_SIGPENDING`.
  /// - Returns: its number.
  /// - Throws: `EAGAIN` when there are too many, `ENOMEM`.
  public func make(
    _ process: Process, _ measure: ProcessTimer.Measure, _ notification: ProcessTimer.Notification, limit: UInt64,
    identify: (inout ProcessTimer.Notification, Int32) -> Void
  ) throws(Errno) -> Int32 {
    try checkMemory()
    let number = try reserve(limit)
    var notification = notification
    identify(&notification, Int32(number))
    do throws(Errno) {
      let timer = try ProcessTimer.make(process, measure, notification)
      state.withLock { $0.slots[number].timer = timer }
      return Int32(number)
    } catch {
      _ = take(number)
      throw error
    }
  }

  /// Takes the lowest free number.
  private func reserve(_ limit: UInt64) throws(Errno) -> Int {
    try state.withLock { state throws(Errno) in
      guard UInt64(state.count) < limit, state.count < Int(Int32.max) else { throw .EAGAIN }
      while state.firstFree < state.slots.count, state.slots[state.firstFree].isTaken { state.firstFree += 1 }
      if state.firstFree == state.slots.count { try state.slots.append(Slot()) }
      state.slots[state.firstFree].isTaken = true
      state.count += 1
      return state.firstFree
    }
  }

  /// Takes out the timer with this number, and frees the number; nil when there is none.
  private func take(_ number: Int) -> ProcessTimer? {
    state.withLock { state in
      guard number < state.slots.count, state.slots[number].isTaken else { return nil }
      let timer = state.slots[number].timer.take()
      state.slots[number].isTaken = false
      state.firstFree = min(state.firstFree, number)
      state.count -= 1
      return timer
    }
  }

  private func find(_ number: Int32) -> ProcessTimer? {
    state.withLock { state in
      number >= 0 && Int(number) < state.slots.count ? state.slots[Int(number)].timer : nil
    }
  }

  /// The timer with this number.
  ///
  /// - Throws: `EINVAL`.
  public func timer(_ number: Int32) throws(Errno) -> ProcessTimer {
    guard let timer = find(number) else { throw .EINVAL }
    return timer
  }

  /// Ends the timer with this number. timer_delete(2).
  ///
  /// - Throws: `EINVAL`.
  public func remove(_ number: Int32) throws(Errno) {
    // One that is being made is nobody's yet.
    guard find(number) != nil, let timer = take(Int(number)) else { throw .EINVAL }
    timer.close()
  }

  /// Ends all timers of timer_create(2): the process executes another program, or ends.
  func removeAll() {
    let count = state.withLock { $0.slots.count }
    for number in 0..<count { take(number)?.close() }
    state.withLock { state in
      if state.count == 0 { state.slots = GrowableArray() }
      state.firstFree = 0
    }
  }

  /// The signal of a timer is taken: what it says of expiries is what is true now.
  ///
  /// - Context: the process's `state` is locked.
  @inline(__always)
  func signalIsTaken(_ information: inout SignalInformation) {
    if information.code == .timer {
      find(information.timer)?.signalIsTaken(&information)
    } else if information.signal == .SIGALRM, information.code == .kernel {
      interval(.real)?.signalIsTaken(&information)
    }
  }

  // MARK: setitimer(2)

  /// A timer of setitimer(2), if it has ever been set.
  public func interval(_ which: IntervalTimerKind) -> ProcessTimer? {
    state.withLock { $0.intervals[which.index] }
  }

  /// A timer of setitimer(2), which is made if need be.
  ///
  /// - Throws: `ENOMEM`.
  public func makeInterval(_ which: IntervalTimerKind, of process: Process) throws(Errno) -> ProcessTimer {
    if let timer = interval(which) { return timer }
    try checkMemory()
    let new = try ProcessTimer.make(process, which.measure, ProcessTimer.Notification(which.signal))
    let kept = state.withLock { state in
      if let old = state.intervals[which.index] { return old }
      state.intervals[which.index] = new
      return new
    }
    if kept !== new { new.close() }
    return kept
  }

  // MARK: RLIMIT_CPU

  /// What holds the process to RLIMIT_CPU; nil when it never had such a limit.
  var timeLimit: ProcessTimeLimit? { state.withLock { $0.timeLimit } }

  /// Makes it possible to hold the process to RLIMIT_CPU. Does nothing when it has ended.
  ///
  /// - Throws: `ENOMEM`.
  func makeTimeLimit(of process: Process) throws(Errno) {
    if timeLimit != nil { return }
    try checkMemory()
    let new = ProcessTimeLimit(process)
    try new.open()
    let isKept = state.withLock { state in
      guard !state.isClosed, state.timeLimit == nil else { return false }
      state.timeLimit = new
      return true
    }
    if !isKept { new.close() }
  }

  /// Ends all timers: the process ends.
  func close() {
    let timeLimit = state.withLock { state in
      state.isClosed = true
      return state.timeLimit.take()
    }
    timeLimit?.close()
    removeAll()
    for index in 0..<3 {
      let timer = state.withLock { $0.intervals[index].take() }
      timer?.close()
    }
  }

  /// Checks that there is memory for a timer: Swift cannot say that there was none.
  private func checkMemory() throws(Errno) {
    var memory = GrowableArray<UInt8>()
    try memory.reserveCapacity(1_024)
  }
}

/// The timers of setitimer(2).
public enum IntervalTimerKind: Sendable {
  /// By the real clock's pace. ITIMER_REAL.
  case real
  /// By the time that the process runs in its own code. ITIMER_VIRTUAL.
  case virtual
  /// By the time that the process runs. ITIMER_PROF.
  case profiling

  fileprivate var index: Int {
    switch self {
    case .real: 0
    case .virtual: 1
    case .profiling: 2
    }
  }

  fileprivate var signal: Signal {
    switch self {
    case .real: .SIGALRM
    case .virtual: .SIGVTALRM
    case .profiling: .SIGPROF
    }
  }

  fileprivate var measure: ProcessTimer.Measure {
    switch self {
    case .real: .clock(.monotonic)
    // What a process runs in the kernel is not told apart.
    case .virtual, .profiling: .processTime
    }
  }
}
