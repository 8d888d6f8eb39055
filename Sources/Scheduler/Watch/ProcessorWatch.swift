import Foundations
import Machine
import Synchronization
import Time

/// Told by a `ProcessorWatch` what it sees.
open class ProcessorWatchReporter {
  /// Creates a reporter that keeps it to itself.
  public init() {}

  /// CPU `number` has taken no interrupt for `nanoseconds`.
  ///
  /// - Context: an interrupt of another CPU; no lock may be waited for that a stuck CPU could hold.
  open func isStuck(_ number: Int, nanoseconds: UInt64) {}

  /// CPU `number` lives, and looks whether what belongs to it is well.
  ///
  /// - Context: an interrupt of that CPU.
  open func beats(_ number: Int) {}

  /// CPU `number`, which was stuck, takes interrupts again.
  ///
  /// - Context: an interrupt of any CPU.
  open func goesOn(_ number: Int) {}
}

/// Sees to it that a CPU that takes no interrupts any more does not stay unnoticed: each CPU shows now and then that it lives, and
/// looks at the others.
public final class ProcessorWatch {
  private let heartbeats: GrowableArray<Heartbeat>
  private let timers: GrowableArray<Timer>

  /// Starts to watch the CPUs that are online.
  ///
  /// - Parameters:
  ///   - intervalNanoseconds: how often each CPU is heard.
  ///   - limitNanoseconds: for how long one may be silent.
  /// - Throws: `ENOMEM`.
  /// - Context: a thread. Dropping the watch ends it.
  public init(
    intervalNanoseconds: UInt64 = 1_000_000_000, limitNanoseconds: UInt64 = 20_000_000_000,
    _ reporter: ProcessorWatchReporter
  ) throws(Errno) {
    let shared = Watched(limitNanoseconds, reminderNanoseconds: 4 &* intervalNanoseconds, reporter)
    var heartbeats = GrowableArray<Heartbeat>()
    var timers = GrowableArray<Timer>()
    let now = Clock.nanoseconds
    for number in 0..<Processor.limit where Processor.isOnline(number) {
      let heartbeat = Heartbeat(number, shared, now)
      try heartbeats.append(heartbeat)
      try timers.append(Timer(on: number, handler: heartbeat))
      try shared.add(heartbeat)
    }
    for index in 0..<timers.count {
      timers[index].arm(
        at: now &+ intervalNanoseconds, period: intervalNanoseconds, slack: intervalNanoseconds / 8)
    }
    self.heartbeats = heartbeats
    self.timers = timers
  }

  deinit { for index in 0..<heartbeats.count { heartbeats[index].leave() } }
}

/// What all heartbeats know.
private final class Watched {
  private struct Members: ~Copyable {
    var list = GrowableArray<Heartbeat>()
  }

  private let limit: UInt64
  private let reminder: UInt64
  private let reporter: ProcessorWatchReporter
  private let members = SpinLock(Members())

  init(_ limit: UInt64, reminderNanoseconds: UInt64, _ reporter: ProcessorWatchReporter) {
    (self.limit, reminder, self.reporter) = (limit, reminderNanoseconds, reporter)
  }

  func add(_ member: Heartbeat) throws(Errno) {
    try members.withLock { members throws(Errno) in try members.list.append(member) }
  }

  /// Looks at all CPUs but `own`.
  func look(from own: Int, now: UInt64) {
    var index = 0
    while let member = members.withLock({ index < $0.list.count ? $0.list[index] : nil }) {
      index += 1
      guard member.number != own else { continue }
      let silence = member.silence(at: now)
      // Its timer may have lost what it was armed with: this makes the CPU arm it again.
      if silence > reminder { ProcessorMessages.reschedule(member.number) }
      if silence > limit {
        if member.setStuck(true) { reporter.isStuck(member.number, nanoseconds: silence) }
      } else if member.setStuck(false) {
        reporter.goesOn(member.number)
      }
    }
  }

  func beat(_ number: Int) { reporter.beats(number) }

  func removeAll() { members.withLock { $0.list = GrowableArray() } }
}

/// One CPU's sign of life.
private final class Heartbeat: TimerHandler {
  let number: Int
  private let watched: Watched
  private let last: Atomic<UInt64>
  private let isStuck = Atomic<Bool>(false)

  init(_ number: Int, _ watched: Watched, _ now: UInt64) {
    (self.number, self.watched) = (number, watched)
    last = Atomic(now)
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) {
    last.store(now, ordering: .relaxed)
    watched.beat(number)
    watched.look(from: number, now: now)
  }

  func silence(at now: UInt64) -> UInt64 {
    let heard = last.load(ordering: .relaxed)
    return now > heard ? now - heard : 0
  }

  /// - Returns: whether that is news.
  func setStuck(_ new: Bool) -> Bool { isStuck.exchange(new, ordering: .relaxed) != new }

  /// Heartbeats know each other, which would keep them.
  func leave() { watched.removeAll() }
}
