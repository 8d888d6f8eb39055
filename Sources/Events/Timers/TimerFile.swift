public import Foundations
public import Machine
public import Security
import Synchronization
public import Time
public import VFS
public import Waiting

public import struct LinuxABI.OpenFlags

/// A timer that is an open file: reading it tells how often it has expired. timerfd_create(2).
public final class TimerFile: OpenFile {
  /// When a timer expires: `struct itimerspec`, in nanoseconds.
  public struct Setting: Equatable, Sendable {
    /// Until the first expiry, or the time of it; 0 for none.
    public var value: UInt64
    /// From each expiry to the next; 0 for one expiry.
    public var interval: UInt64

    /// Creates a setting.
    public init(value: UInt64, interval: UInt64) { (self.value, self.interval) = (value, interval) }
  }

  /// What the value of a setting means.
  public enum Meaning: Sendable {
    /// So long from now.
    case duration
    /// A time of the clock. TFD_TIMER_ABSTIME.
    case time
    /// A time of the clock, of which no more is to be heard when the clock is set. TFD_TIMER_CANCEL_ON_SET.
    case cancellableTime
  }

  private let core: TimerFileCore

  private init(_ request: OpenRequest, _ inode: Inode, _ base: TimeBase, wakes: Bool) throws(Errno) {
    core = TimerFileCore(base, wakes: wakes)
    try super.init(request, inode)
    try core.open()
  }

  deinit { core.close() }

  /// Makes a timer by the clock `base`, not armed. timerfd_create(2).
  ///
  /// - Parameters:
  ///   - flags: O_NONBLOCK.
  ///   - wakes: whether it wakes the machine when that is suspended.
  /// - Throws: `ENOMEM`.
  public static func make(
    _ inodes: AnonymousInodes, _ credentials: Credentials, by base: TimeBase, _ flags: OpenFlags, wakes: Bool = false
  ) throws(Errno) -> TimerFile {
    let kept = flags.intersection(.O_NONBLOCK).union(.O_RDWR)
    let (request, inode) = try inodes.makeInode("[timerfd]", credentials, kept)
    return try TimerFile(request, inode, base, wakes: wakes)
  }

  /// Arms it, or stops it. timerfd_settime(2).
  ///
  /// - Returns: what was left of the setting before.
  public func set(_ setting: Setting, _ meaning: Meaning) -> Setting { core.set(setting, meaning) }

  /// What is left of the setting. timerfd_gettime(2).
  public var setting: Setting { core.current() }

  /// Tells how often it has expired since that was last told; waits until it has.
  ///
  /// - Throws: `ECANCELED` when its clock was set, `EINVAL` for a buffer of less than 8 bytes, `EAGAIN`, `EINTR`, `EFAULT`.
  public override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    guard buffer.remaining >= 8 else { throw .EINVAL }
    var count = try core.take()
    if count == 0 {
      if isNonblocking { throw .EAGAIN }
      var outcome = Result<UInt64, Errno>.success(0)
      try core.queue.wait(for: [.input, .readNormal]) {
        outcome = core.tryTake()
        return outcome != .success(0)
      }
      count = try outcome.get()
    }
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: count >> UInt64(index * 8)) }
    return try buffer.write(bytes.span)
  }

  public override var canPoll: Bool { true }
  public override func poll() -> PollEvents { core.isReady ? [.input, .readNormal] : [] }
  public override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(core.queue) }
}

/// The timer behind the file: its CPU's queue keeps it, and it must not keep the file.
private final class TimerFileCore: ClockTimer {
  private struct State: ~Copyable {
    var timer = IntervalTimer()
    /// The clock that the timer goes by: a duration is not changed by setting the clock.
    var base: TimeBase
    /// Expiries that nobody was told of.
    var count: UInt64 = 0
    /// Told with the next look, when the clock was set as often as this no more; nil for no matter.
    var steps: UInt64?

    /// Counts what has expired.
    mutating func advance() {
      let (sum, overflows) = count.addingReportingOverflow(timer.takeExpirations(until: base.now))
      count = overflows ? .max : sum
    }

    var wasCanceled: Bool { steps.map { $0 != Clock.stepCount } ?? false }
  }

  let queue = WaitQueue()
  private let state: SpinLock<State>

  override init(_ base: TimeBase, wakes: Bool) {
    state = SpinLock(State(base: base))
    super.init(base, wakes: wakes)
  }

  /// By which clock a duration is counted, so that setting the clock does not change it.
  private var durationBase: TimeBase { wakes ? .bootTime : base == .realTime ? .monotonic : base }

  func set(_ setting: TimerFile.Setting, _ meaning: TimerFile.Meaning) -> TimerFile.Setting {
    state.withLock { state in
      state.advance()
      let old = TimerFile.Setting(value: state.timer.remaining(at: state.base.now), interval: state.timer.interval)
      state.count = 0
      state.base = meaning == .duration ? durationBase : base
      state.steps = meaning == .cancellableTime && base == .realTime ? Clock.stepCount : nil
      guard setting.value > 0 else {
        state.timer.disarm()
        disarm()
        return old
      }
      let start = meaning == .duration ? state.base.now : 0
      let (time, isPastEnd) = start.addingReportingOverflow(setting.value)
      state.timer.arm(at: isPastEnd ? .max : time, interval: setting.interval)
      arm(at: state.timer.next, by: state.base)
      return old
    }
  }

  func current() -> TimerFile.Setting {
    state.withLock { state in
      let wasArmed = state.timer.isArmed
      state.advance()
      // What was not read yet is not waited for, so that an interval that nobody reads costs one interrupt.
      if wasArmed && state.timer.isArmed { arm(at: state.timer.next, by: state.base) }
      return TimerFile.Setting(value: state.timer.remaining(at: state.base.now), interval: state.timer.interval)
    }
  }

  func take() throws(Errno) -> UInt64 { try tryTake().get() }

  func tryTake() -> Result<UInt64, Errno> {
    state.withLock { state in
      if state.wasCanceled {
        state.steps = Clock.stepCount
        state.count = 0
        return .failure(.ECANCELED)
      }
      state.advance()
      let count = state.count
      state.count = 0
      if count > 0 && state.timer.isArmed { arm(at: state.timer.next, by: state.base) }
      return .success(count)
    }
  }

  var isReady: Bool {
    state.withLock { state in
      state.count > 0 || state.wasCanceled || state.timer.isArmed && state.timer.next <= state.base.now
    }
  }

  override func expired() { queue.wakeAll([.input, .readNormal]) }

  override func clockWasSet() {
    // Those that are to be told of it are.
    queue.wakeAll([.input, .readNormal])
  }
}
