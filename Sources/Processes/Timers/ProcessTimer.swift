import Foundations
public import LinuxABI
import Machine
import Signals
public import Time

/// A timer that sends its process signals: of timer_create(2) or setitimer(2).
///
/// Its process keeps it until `close`. While a signal of it is pending, further expiries are counted; they are looked at now and then
/// only, so that an interval shorter than anybody can take signals does not take the CPU.
public final class ProcessTimer: ClockTimer {
  /// What it goes by.
  public enum Measure {
    /// A clock.
    case clock(TimeBase)
    /// A clock, also while the machine is suspended, which it wakes.
    case alarm(TimeBase)
    /// How long its process has run.
    case processTime
    /// How long a task has run.
    case taskTime(Task)
  }

  /// What it does when it expires.
  public struct Notification {
    /// The signal that is sent; nil for none.
    public var signal: Signal?
    /// To which task; nil for any.
    public var task: Task?
    /// What the signal says of a timer of timer_create(2): its number, and a value of the program's.
    public var identity: (number: Int32, value: UInt64)?

    /// Sends `signal`.
    public init(_ signal: Signal?) { self.signal = signal }
  }

  /// When it expires: `struct itimerspec`, in nanoseconds.
  public struct Setting: Equatable, Sendable {
    /// Until the first expiry, or the time of it; 0 for none.
    public var value: UInt64
    /// From each expiry to the next; 0 for one expiry.
    public var interval: UInt64

    /// Creates a setting.
    public init(value: UInt64, interval: UInt64) { (self.value, self.interval) = (value, interval) }
  }

  private struct State: ~Copyable {
    var timer = IntervalTimer()
    /// The clock, where it goes by one: a duration is not changed by setting the clock.
    var base: TimeBase
    /// A signal of it was sent, and may not have been taken.
    var isPending = false
    /// Expiries since that signal was sent.
    var overrun: UInt64 = 0
    /// Those that the signal that was taken last told of.
    var lastOverrun: Int32 = 0
  }

  /// How soon a timer is looked at again, at least, in nanoseconds: while its signal is pending, or for the time that its process
  /// runs; otherwise.
  fileprivate static let slowInterval: UInt64 = 4_000_000
  private static let fastInterval: UInt64 = 50_000

  private let process: Process
  private let measure: Measure
  private let notification: Notification
  private let state: SpinLock<State>

  /// Makes a timer of `process`, not armed.
  ///
  /// - Throws: `ENOMEM`.
  static func make(_ process: Process, _ measure: Measure, _ notification: Notification) throws(Errno) -> ProcessTimer {
    let timer = ProcessTimer(process, measure, notification)
    try timer.open()
    return timer
  }

  private init(_ process: Process, _ measure: Measure, _ notification: Notification) {
    (self.process, self.measure, self.notification) = (process, measure, notification)
    let (base, wakes): (TimeBase, Bool) =
      switch measure {
      case .clock(let clock): (clock, false)
      case .alarm(let clock): (clock, true)
      case .processTime, .taskTime: (.monotonic, false)
      }
    state = SpinLock(State(base: base))
    super.init(base, wakes: wakes)
  }

  /// What it goes by, in nanoseconds.
  ///
  /// - Context: neither its own lock nor its process's is held.
  private func now(_ base: TimeBase) -> UInt64 {
    switch measure {
    case .clock, .alarm: base.now
    case .processTime: process.runNanoseconds
    case .taskTime(let task): task.runNanoseconds
    }
  }

  private var usesClock: Bool {
    switch measure {
    case .clock, .alarm: true
    case .processTime, .taskTime: false
    }
  }

  /// By which clock a duration is counted, so that setting the clock does not change it.
  private var durationBase: TimeBase { wakes ? .bootTime : base == .realTime ? .monotonic : base }

  // MARK: Setting

  /// Arms it, or stops it. timer_settime(2), setitimer(2).
  ///
  /// - Parameter isAbsolute: whether the value is a time, and not from now.
  /// - Returns: what was left of the setting before.
  @discardableResult
  public func set(_ setting: Setting, isAbsolute: Bool = false) -> Setting {
    let old = self.setting
    let newBase = isAbsolute ? base : durationBase
    let now = now(newBase)
    state.withLock { state in
      (state.isPending, state.overrun, state.base) = (false, 0, newBase)
      guard setting.value > 0 else {
        state.timer.disarm()
        disarm()
        return
      }
      let (time, isPastEnd) = (isAbsolute ? 0 : now).addingReportingOverflow(setting.value)
      state.timer.arm(at: isPastEnd ? .max : time, interval: setting.interval)
      program(&state, now, notBefore: 0)
    }
    return old
  }

  /// What is left of the setting. timer_gettime(2), getitimer(2).
  public var setting: Setting {
    let now = now(state.withLock { $0.base })
    return state.withLock { state in
      var timer = state.timer
      // What has expired is told by whoever is told of expiries; here only what is left counts.
      _ = timer.takeExpirations(until: now)
      return Setting(value: timer.remaining(at: now), interval: state.timer.interval)
    }
  }

  /// How often it had expired besides when its last signal was taken. timer_getoverrun(2).
  public var lastOverrun: Int32 { state.withLock { $0.lastOverrun } }

  /// Sees to it that it is looked at when it expires, `delay` from now at the earliest.
  private func program(_ state: inout State, _ now: UInt64, notBefore delay: UInt64) {
    guard state.timer.isArmed else { return disarm() }
    guard !usesClock else { return arm(at: max(state.timer.next, Self.sum(now, delay)), by: state.base) }
    arm(at: process.timeToLook(forRunning: state.timer.remaining(at: now)), by: .monotonic)
  }

  fileprivate static func sum(_ one: UInt64, _ other: UInt64) -> UInt64 {
    let (sum, isPastEnd) = one.addingReportingOverflow(other)
    return isPastEnd ? .max : sum
  }

  // MARK: Expiring

  public override func expired() {
    let (base, wasPending) = state.withLock { ($0.base, $0.isPending) }
    let now = now(base)
    let isPending = wasPending && isSignalPending
    let overrun: UInt64? = state.withLock { state in
      let count = state.timer.takeExpirations(until: now)
      defer { program(&state, now, notBefore: state.isPending ? Self.slowInterval : Self.fastInterval) }
      guard count > 0 else { return nil }
      guard !isPending else {
        state.overrun = Self.sum(state.overrun, count)
        return nil
      }
      (state.isPending, state.overrun) = (notification.signal != nil, count - 1)
      return state.overrun
    }
    guard let overrun, let signal = notification.signal else { return }
    // What cannot be queued is lost, as on Linux.
    try? process.send(signal, information(signal, overrun: overrun), to: notification.task)
  }

  private var isSignalPending: Bool {
    guard let signal = notification.signal else { return false }
    return process.isPending(signal, for: notification.task)
  }

  private func information(_ signal: Signal, overrun: UInt64) -> SignalInformation {
    guard let (number, value) = notification.identity else { return .kernel(signal) }
    return .timer(signal, timer: number, overrun: Int32(clamping: overrun), value: value)
  }

  /// Its signal is being taken: what it says of expiries is what is true now. One that a program made up is left alone.
  ///
  /// - Context: the process's `state` is locked.
  func signalIsTaken(_ information: inout SignalInformation) {
    guard let signal = notification.signal, signal == information.signal else { return }
    let overrun = state.withLock { state in
      state.isPending = false
      if usesClock {
        let now = state.base.now
        state.overrun = Self.sum(state.overrun, state.timer.takeExpirations(until: now))
        program(&state, now, notBefore: 0)
      }
      state.lastOverrun = Int32(clamping: state.overrun)
      return state.overrun
    }
    information = self.information(signal, overrun: overrun)
  }
}

extension Process {
  /// When, by the monotonic clock, to see whether its tasks have run `nanoseconds` more.
  func timeToLook(forRunning nanoseconds: UInt64) -> UInt64 {
    // All of its tasks may run until then, each on a CPU.
    let shares = UInt64(max(1, min(taskCountEstimate, Processor.onlineCount)))
    return ProcessTimer.sum(Clock.nanoseconds, max(nanoseconds / shares, ProcessTimer.slowInterval))
  }
}
