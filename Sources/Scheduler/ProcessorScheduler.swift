import Foundations
import Interrupts
import Machine
import Scheduling
import Synchronization
import Time

/// One CPU's part of the scheduler: its run queue, and the switching by it.
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
  private let queue: SpinLock<RunQueue>
  /// How many threads are ready, for others to look at without the lock.
  private let readyCount = Atomic<Int>(0)
  /// Whether what runs is of the deadline class, or was when it was chosen: what is changed is chosen anew.
  private let hasReservation = Atomic<Bool>(false)
  /// When the timer is to expire, or `.max`: guarded by the queue's lock.
  private var decision = UInt64.max
  // The CPU's alone, with interrupts off.
  private var idle: Thread?
  private var timer: Timer?
  /// Expires now and then while there is something to run.
  private var sampler: Timer?
  private var isSampling = false
  /// Whether the last thread that ran has a program.
  private var ranProgram = false
  /// A thread that may not run here any more, but whose stack this CPU was still on when it was chosen away.
  private var departing: Thread?

  init(_ number: Int) throws(Errno) {
    self.number = number
    queue = SpinLock(try RunQueue())
  }

  /// Takes up work on the CPU that runs.
  ///
  /// - Parameter current: the thread that runs, if it is not the idle thread.
  func start(idle: Thread, current: Thread?) throws(Errno) {
    self.idle = idle
    timer = try Timer(on: number, handler: DecisionHandler(self))
    sampler = try Timer(on: number, handler: SamplingHandler(self))
    VectorHandlers.set(RescheduleHandler(), for: InterruptVector.reschedule.rawValue, on: number)
    let now = Clock.nanoseconds
    queue.withLock { $0.begin(at: now) }
    guard let current else { return }
    queue.withLock { queue in
      _ = queue.enqueue(current.entity, .new, at: now)
      _ = queue.next(.preempted, at: now)
    }
  }

  /// Makes `thread` ready here, and sees to it that the CPU looks.
  func add(_ thread: Thread, _ reason: EnqueueReason) {
    let now = Clock.nanoseconds
    let outcome = queue.withLock { queue in
      // It was about to wait on this CPU and has not left yet: it need not.
      guard thread.entity.place == .detached else {
        thread.entity.isWoken = true
        return Outcome.nothing
      }
      let isNeeded = queue.enqueue(thread.entity, reason, at: now)
      readyCount.store(queue.readyCount, ordering: .relaxed)
      return isNeeded ? .reschedule : nextDecision(&queue, now)
    }
    apply(outcome)
  }

  // MARK: Decisions

  /// What is to be done after a change of the queue.
  private enum Outcome {
    case nothing
    case arm(UInt64)
    case reschedule
  }

  /// When the queue has to be looked at next, if nobody knows yet.
  ///
  /// The queue is passed to be changed, though it is not: it would be copied to be lent.
  private func nextDecision(_ queue: inout RunQueue, _ now: UInt64) -> Outcome {
    guard let time = queue.nextDecision(at: now), time < decision else { return .nothing }
    decision = time
    return .arm(time)
  }

  @inline(__always)
  private func apply(_ outcome: Outcome) {
    if case .nothing = outcome { return }
    act(on: outcome)
  }

  @inline(never)
  private func act(on outcome: Outcome) {
    switch outcome {
    case .nothing: break
    case .arm(let time): timer?.arm(at: time)
    case .reschedule:
      let isHere = Processor.withoutInterrupts {
        guard Processor.current == number else { return false }
        ThreadEntry.requestReschedule()
        return true
      }
      if !isHere { ProcessorMessages.reschedule(number) }
    }
  }

  /// The time has come that the queue named.
  fileprivate func decide(_ now: UInt64) {
    let outcome = queue.withLock { queue -> Outcome in
      decision = .max
      return queue.tick(at: now) ? .reschedule : nextDecision(&queue, now)
    }
    apply(outcome)
  }

  // MARK: Switching

  /// Runs the next thread, or the idle thread; returns when the one that called runs again.
  ///
  /// - Context: interrupts off, this CPU.
  func switchAway(_ departure: Departure) {
    if let thread = departing.take() { Scheduler.enqueue(thread, .migration) }
    guard let chosen = chooseOther(departure) else { return }
    ThreadContext.switch(to: chosen)
  }

  /// Lets others that are ready run first.
  ///
  /// Nothing is to be done when nobody is, except for one with a reservation, which gives up what is left of it.
  ///
  /// - Context: interrupts off, this CPU.
  func yield() {
    if readyCount.load(ordering: .relaxed) > 0 || hasReservation.load(ordering: .relaxed) { switchAway(.yields) }
  }

  /// Chooses who runs next, who may be `previous`, which runs.
  ///
  /// - Returns: nil for that.
  @inline(never)
  private func chooseOther(_ departure: Departure) -> NextThread<Thread>? {
    var chosen: NextThread<Thread>?
    _ = Thread.withRunning { chosen = choose(after: $0, departure) }
    return chosen.take()
  }

  @inline(__always)
  private func choose(after previous: Thread, _ departure: Departure) -> NextThread<Thread>? {
    let isIdle = previous === idle
    var departure = departure
    if !isIdle, departure != .waits, !previous.entity.affinity.contains(number) {
      departure = .leaves
      departing = previous
      // It can be given away only once this CPU has left its stack.
      ProcessorMessages.reschedule(number)
    }
    guard let chosen = choose(departure) else { return nil }
    let isOther = chosen.use { thread in
      note(thread, wasIdle: isIdle)
      guard thread !== previous else { return false }
      countSwitch()
      thread.body.activate(thread)
      return true
    }
    guard isOther else { return nil }
    return chosen
  }

  /// The same for a thread that has ended.
  func leaveForGood() -> Never {
    guard let chosen = chooseLast() else { Machine.halt() }
    ThreadContext.leave(to: chosen)
  }

  /// Its own function, so that the stack that is left owns no reference.
  @inline(never)
  private func chooseLast() -> NextThread<Thread>? {
    Thread.running?.entity.thread = nil
    guard let chosen = choose(.leaves) else { return nil }
    chosen.use { thread in
      note(thread, wasIdle: false)
      countSwitch()
      thread.body.activate(thread)
    }
    return chosen
  }

  @inline(__always)
  private func choose(_ departure: Departure) -> NextThread<Thread>? {
    _ = ThreadEntry.takeRescheduleRequest()
    let now = Clock.nanoseconds
    // At the end of a turn: a CPU with far more to do gives some of it.
    if departure == .preempted { _ = pull(atLeast: readyCount.load(ordering: .relaxed) + 2, now) }
    if let thread = takeNext(departure, now) { return thread }
    // The one that was left is in no queue, or there was none, so an idle CPU is what comes next.
    if pull(atLeast: 1, now), let thread = takeNext(.preempted, now) { return thread }
    guard let idle else { return nil }
    return NextThread(idle)
  }

  private func takeNext(_ departure: Departure, _ now: UInt64) -> NextThread<Thread>? {
    let chosen = queue.withLock { queue -> Choice in
      let departure = (queue.current as? ThreadEntity)?.departure(departure) ?? departure
      queue.choose(departure, at: now)
      readyCount.store(queue.readyCount, ordering: .relaxed)
      let outcome = nextDecision(&queue, now)
      if let chosen = queue.withCurrent({ choice(of: $0, outcome) }) { return chosen }
      hasReservation.store(false, ordering: .relaxed)
      return Choice(nil, outcome, isAllowed: true)
    }
    apply(chosen.outcome)
    // The CPUs that it may use were changed while it was ready: it comes here only to leave.
    if !chosen.isAllowed { ProcessorMessages.reschedule(number) }
    return chosen.thread
  }

  @inline(__always)
  private func choice(of entity: SchedulingEntity, _ outcome: Outcome) -> Choice {
    hasReservation.store(entity.servedClass == .deadline, ordering: .relaxed)
    let next = (entity as? ThreadEntity)?.nextThread()
    return Choice(next, outcome, isAllowed: entity.affinity.contains(number))
  }

  /// Who runs next, and what is to be done without the lock.
  private struct Choice: ~Copyable {
    let thread: NextThread<Thread>?
    let outcome: Outcome
    let isAllowed: Bool

    @inline(__always)
    init(_ thread: consuming NextThread<Thread>?, _ outcome: Outcome, isAllowed: Bool) {
      self.thread = thread
      self.outcome = outcome
      self.isAllowed = isAllowed
    }
  }

  /// Accounts for the change to `chosen`.
  private func note(_ chosen: Thread, wasIdle: Bool) {
    chosen.processor.store(number, ordering: .relaxed)
    let bit: UInt64 = 1 << UInt64(number)
    if chosen === idle {
      Self.idleMask.bitwiseOr(bit, ordering: .sequentiallyConsistent)
      return
    }
    if wasIdle { Self.idleMask.bitwiseAnd(~bit, ordering: .sequentiallyConsistent) }
    ranProgram = chosen.hasProgram
    if !isSampling { startSampling() }
  }

  // MARK: Accounts

  /// How often the CPU changed from one thread to another.
  private let switches = Atomic<UInt64>(0)
  var switchCount: UInt64 { switches.load(ordering: .relaxed) }

  @inline(__always)
  private func countSwitch() { switches.store(switchCount &+ 1, ordering: .relaxed) }

  /// How many are ready or run.
  var runnableCount: Int {
    readyCount.load(ordering: .relaxed) + (Self.idleProcessors & 1 << UInt64(number) == 0 ? 1 : 0)
  }

  /// Where the CPU's time has gone.
  var times: ProcessorTimes {
    let now = Clock.nanoseconds
    return queue.withLock { $0.times(at: now) }
  }

  /// How often what a CPU does is looked at: as often as /proc counts. A CPU that has nothing to do is left alone.
  private static let samplingInterval = ClockRate.tickNanoseconds

  private func startSampling() {
    isSampling = true
    sampler?.arm(at: Clock.nanoseconds &+ Self.samplingInterval, slack: Self.samplingInterval / 4)
  }

  /// Looks at what this CPU does.
  ///
  /// - Context: the timer's interrupt.
  fileprivate func sample(_ now: UInt64) {
    let isIdle = Thread.running === idle
    let isProgram = isIdle ? ranProgram : ThreadEntry.hasInterruptedProgram
    queue.withLock { $0.sample(isProgram: isProgram, at: now) }
    isSampling = false
    if !isIdle { startSampling() }
  }

  // MARK: Balance

  /// Takes a thread from the CPU that has the most ready, if that is at least `minimum`, into this CPU's queue.
  ///
  /// - Returns: whether it did.
  private func pull(atLeast minimum: Int, _ now: UInt64) -> Bool {
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
    guard let thread = busiest?.give(to: number, now) else { return false }
    queue.withLock { queue in
      _ = queue.enqueue(thread.entity, .migration, at: now)
      readyCount.store(queue.readyCount, ordering: .relaxed)
    }
    return true
  }

  private func give(to processor: Int, _ now: UInt64) -> Thread? {
    queue.withLock { queue in
      let entity = queue.takeMovable(to: processor, at: now) { entity in
        guard let thread = (entity as? ThreadEntity)?.thread else { return false }
        return !thread.isOnProcessor.load(ordering: .acquiring)
      }
      readyCount.store(queue.readyCount, ordering: .relaxed)
      return (entity as? ThreadEntity)?.thread
    }
  }

  /// What the idle thread does: sleeps until there is something to run.
  func idleOnce() {
    Processor.withoutInterrupts {
      switchAway(.preempted)
      guard readyCount.load(ordering: .relaxed) == 0 else { return }
      Processor.waitForInterrupt()
    }
  }

  // MARK: Changes

  /// Changes how `thread`, whose CPU this is, is scheduled.
  ///
  /// - Returns: false when it is another CPU's by now.
  func change(_ thread: Thread, _ body: (inout RunQueue, ThreadEntity, UInt64) -> Bool) -> Bool {
    let now = Clock.nanoseconds
    let outcome = queue.withLock { queue -> Outcome? in
      guard thread.processor.load(ordering: .relaxed) == number else { return nil }
      return body(&queue, thread.entity, now) ? .reschedule : nextDecision(&queue, now)
    }
    guard let outcome else { return false }
    apply(outcome)
    return true
  }
}

/// The end of a turn, or whatever else the run queue waits for.
private final class DecisionHandler: TimerHandler {
  // A CPU's part of the scheduler is there for ever, and so is its timer.
  private let scheduler: ProcessorScheduler

  init(_ scheduler: ProcessorScheduler) {
    self.scheduler = scheduler
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { scheduler.decide(now) }
}

/// The time to look at what the CPU does.
private final class SamplingHandler: TimerHandler {
  private let scheduler: ProcessorScheduler

  init(_ scheduler: ProcessorScheduler) {
    self.scheduler = scheduler
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { scheduler.sample(now) }
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
    while true { Scheduler.withScheduler(of: Processor.current) { $0.idleOnce() } }
  }
}
