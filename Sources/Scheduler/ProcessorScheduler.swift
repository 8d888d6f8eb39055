import Foundations
import Interrupts
import Machine
import Synchronization
import Time

/// One CPU's part of the scheduler.
final class ProcessorScheduler {
  private static let idleMask = Atomic<UInt64>(0)
  /// The CPUs that run their idle threads, one bit each.
  static var idleProcessors: UInt64 { idleMask.load(ordering: .relaxed) }

  /// Takes `processor` out of the idle ones, for a thread that is about to be given to it.
  ///
  /// - Returns: whether it was idle.
  static func claimIdle(_ processor: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(processor)
    return idleMask.bitwiseAnd(~bit, ordering: .sequentiallyConsistent).oldValue & bit != 0
  }

  private let number: Int
  private let ready = SpinLock(ReadyQueue())
  /// How many threads are ready, for others to look at without the lock.
  private let readyCount = Atomic<Int>(0)
  // The CPU's alone, with interrupts off.
  private var idle: Thread?
  private var quantumTimer: Timer?

  init(_ number: Int) { self.number = number }

  /// Takes up work on the CPU that runs.
  func start(idle: Thread) throws(Errno) {
    self.idle = idle
    quantumTimer = try Timer(handler: QuantumHandler())
    VectorHandlers.set(RescheduleHandler(), for: InterruptVector.reschedule.rawValue, on: number)
  }

  /// Makes `thread` ready here, and sees to it that the CPU looks.
  func add(_ thread: Thread) {
    ready.withLock { ready in
      ready.append(thread)
      readyCount.store(ready.count, ordering: .relaxed)
    }
    let isHere = Processor.withoutInterrupts {
      guard Processor.current == number else { return false }
      Thread.running === idle ? ThreadEntry.requestReschedule() : armQuantum()
      return true
    }
    if !isHere { ProcessorMessages.reschedule(number) }
  }

  /// Runs the next thread that is ready, or the idle thread; returns when the one that called runs again.
  ///
  /// - Parameter keepsReady: whether the one that called is ready to run again.
  /// - Context: interrupts off, this CPU.
  func switchAway(keepsReady: Bool) {
    guard let previous = Thread.running, let idle else { return }
    let isIdle = previous === idle
    guard let chosen = chooseOther(previous, keepsReady: keepsReady && !isIdle, idle) else { return }
    ThreadContext.switch(to: consume chosen)
  }

  /// Its own function, so that the stack that is left owns no reference to whom it is left for.
  ///
  /// - Returns: nil when it is `previous` itself.
  @inline(never)
  private func chooseOther(_ previous: Thread, keepsReady: Bool, _ idle: Thread) -> Thread? {
    let chosen = choose(keeping: keepsReady ? previous : nil, idle)
    prepare(chosen, isIdle: previous === idle)
    guard chosen !== previous else { return nil }
    chosen.body.activate()
    return chosen
  }

  /// The same for a thread that has ended.
  func leaveForGood() -> Never {
    ThreadContext.leave(to: chooseLast())
  }

  /// Its own function, so that the stack that is left owns no reference.
  @inline(never)
  private func chooseLast() -> Thread {
    guard let idle else { Machine.halt() }
    let chosen = choose(keeping: nil, idle)
    prepare(chosen, isIdle: false)
    chosen.body.activate()
    return chosen
  }

  private func choose(keeping previous: Thread?, _ idle: Thread) -> Thread {
    _ = ThreadEntry.takeRescheduleRequest()
    // At the end of a turn: a CPU with far more to do gives some of it.
    if previous != nil, let thread = steal(atLeast: readyCount.load(ordering: .relaxed) + 2) {
      ready.withLock { $0.append(thread) }
    }
    let next = ready.withLock { ready in
      if let previous { ready.append(previous) }
      let next = ready.takeFirst()
      readyCount.store(ready.count, ordering: .relaxed)
      return next
    }
    return next ?? steal(atLeast: 1) ?? idle
  }

  /// Accounts for the change to `chosen`.
  private func prepare(_ chosen: Thread, isIdle: Bool) {
    let now = Clock.nanoseconds
    if let previous = Thread.running {
      previous.runNanoseconds.add(now &- previous.runningSince, ordering: .relaxed)
    }
    chosen.runningSince = now
    chosen.processor.store(number, ordering: .relaxed)
    chosen.switchCount.add(1, ordering: .relaxed)
    if chosen === idle {
      Self.idleMask.bitwiseOr(1 << UInt64(number), ordering: .sequentiallyConsistent)
    } else if isIdle {
      Self.idleMask.bitwiseAnd(~(1 << UInt64(number)), ordering: .sequentiallyConsistent)
    }
    if readyCount.load(ordering: .relaxed) > 0 { armQuantum() }
  }

  /// Takes a thread from the CPU that has the most ready, if that is at least `minimum`.
  private func steal(atLeast minimum: Int) -> Thread? {
    var busiest: ProcessorScheduler?
    var most = minimum - 1
    var others = Processor.online & ~(1 << UInt64(number))
    while others != 0 {
      let other = Scheduler.scheduler(of: others.trailingZeroBitCount)
      others &= others &- 1
      guard let other else { continue }
      let count = other.readyCount.load(ordering: .relaxed)
      if count > most { (busiest, most) = (other, count) }
    }
    return busiest?.give(to: number)
  }

  private func give(to processor: Int) -> Thread? {
    ready.withLock { ready in
      let thread = ready.takeMovable(to: processor)
      readyCount.store(ready.count, ordering: .relaxed)
      return thread
    }
  }

  private func armQuantum() { quantumTimer?.arm(after: Scheduler.quantum) }

  /// What the idle thread does: sleeps until there is something to run.
  func idleOnce() {
    Processor.withoutInterrupts {
      switchAway(keepsReady: true)
      guard readyCount.load(ordering: .relaxed) == 0 else { return }
      Processor.waitForInterrupt()
    }
  }
}

/// The end of a thread's turn.
private final class QuantumHandler: TimerHandler {
  override func timerExpired(now: UInt64, expirations: UInt64) { ThreadEntry.requestReschedule() }
}

/// A message from a CPU that has made a thread ready here, or armed an earlier timer.
private final class RescheduleHandler: VectorHandler {
  override func handle(_ vector: UInt8) {
    Timers.serveHere()
    ThreadEntry.requestReschedule()
  }
}

/// The thread of a CPU that has nothing to run.
final class IdleBody: ThreadBody {
  override func run() {
    while true { Scheduler.scheduler(of: Processor.current)?.idleOnce() }
  }
}
