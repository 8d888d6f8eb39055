public import Foundations
public import Machine
public import Scheduling
import Synchronization
public import Waiting

/// What a thread does: a kernel service, or a program's task.
open class ThreadBody: SystemCallServer {
  /// Creates a body that does nothing.
  public override init() { super.init() }

  /// The thread's work; it ends when this returns.
  ///
  /// - Context: the thread itself, interrupts on.
  open func run() {}

  /// Makes the CPU translate programs' addresses as this thread needs it.
  ///
  /// - Context: interrupts are off, just before `thread`, whose body this is, runs.
  open func activate(_ thread: Thread) { CurrentAddressSpace.suspend() }

  /// Does what is to be done before the program goes on; called for as long as `ThreadContext.work` is not zero.
  ///
  /// - Context: the thread itself, interrupts on; may wait.
  open func returnToUser(_ registers: borrowing UserContext) {}

  /// Takes note of an exception that the program raised.
  ///
  /// - Context: the thread itself, interrupts off; must not wait.
  open func programFault(_ fault: ProgramFault) {}

  /// Told when the thread runs again after a wait that `interruption` may end, before whoever waited goes on. What is not to go on
  /// now stays in here: see `Thread.hold`.
  ///
  /// - Context: the thread itself, interrupts on, no spin lock held.
  open func waitHasEnded(_ interruption: Interruption) {}

  /// Whether a signal is waiting that ends a wait of this kind.
  ///
  /// - Context: any.
  open func isInterrupted(_ interruption: Interruption) -> Bool { false }
}

/// Something that runs on its own, on one CPU at a time.
public final class Thread: ThreadContext {
  /// What a thread is doing. Source: proc(5), `State`.
  public enum Phase: UInt8, Sendable {
    /// Running, or ready to.
    case runnable
    /// About to wait: what it waits for may still come before it does.
    case preparing
    /// Waiting.
    case blocked
    /// At its end.
    case dead
  }

  // The thread itself says that it is about to wait, and that it waits after all; whoever wakes it makes it runnable.
  private let phaseBits = Atomic<UInt8>(Phase.runnable.rawValue)
  /// What ends its wait besides what it waits for: set before it is about to wait.
  private let interruptionBits = Atomic<UInt8>(Interruption.nothing.rawValue)
  /// The CPU whose queue it belongs to. Changed by whoever enqueues it.
  let processor = Atomic<Int>(0)
  /// Its place in run queues. Guarded by the lock of its CPU's.
  let entity: ThreadEntity

  /// Whether nothing more is promised to it. Guarded by the lock of what is promised.
  var hasEndedAdmission = false

  /// What it does.
  public let body: ThreadBody
  /// Its means to wait.
  let waits: ThreadWaits
  private let ended = WaitQueue()

  /// Makes a thread that does `body`, which runs once `start` is called.
  ///
  /// - Throws: `ENOMEM`.
  public init(
    _ body: ThreadBody, hasProgram: Bool = false, _ parameters: SchedulingParameters = SchedulingParameters()
  ) throws(Errno) {
    self.body = body
    entity = ThreadEntity(parameters)
    waits = ThreadWaits()
    try super.init(hasProgram: hasProgram, body)
    processor.store(Processor.current, ordering: .relaxed)
  }

  /// Makes the code that runs a thread.
  ///
  /// - Context: once on each CPU.
  init(adopting body: ThreadBody) {
    self.body = body
    entity = ThreadEntity()
    waits = ThreadWaits()
    super.init(adoptingStack: ())
    processor.store(Processor.current, ordering: .relaxed)
    waits.bind(self)
  }

  /// The thread that runs.
  @inline(__always)
  public static var running: Thread? { ThreadContext.current as? Thread }

  /// Runs `body` with the thread that runs, without counting a reference to it; not at all before this CPU has one.
  @inline(__always)
  public static func withRunning<Result>(_ body: (Thread) -> Result) -> Result? {
    ThreadContext.withScheduled { (thread: Thread) in body(thread) }
  }

  /// Where it is, for reports.
  public var phase: Phase { Phase(rawValue: phaseBits.load(ordering: .acquiring)) ?? .dead }

  /// What ends its wait besides what it waits for; nil when it does not wait.
  public var waitInterruption: Interruption? {
    let phase = phase
    guard phase == .blocked || phase == .preparing else { return nil }
    return Interruption(rawValue: interruptionBits.load(ordering: .relaxed))
  }

  /// What ends its wait besides what it waits for; nil when it does not sleep yet, or no more.
  public var sleepInterruption: Interruption? {
    guard phase == .blocked else { return nil }
    return Interruption(rawValue: interruptionBits.load(ordering: .relaxed))
  }

  /// The CPU that it runs on, or did last.
  public var lastProcessor: Int { processor.load(ordering: .relaxed) }

  /// Lets it run on `processors` only, one bit each. Source: sched_setaffinity(2).
  ///
  /// One that runs elsewhere moves at once; one that waits, when it is woken.
  ///
  /// - Precondition: one of them is online.
  /// - Context: any.
  public func bind(to processors: UInt64) {
    change { queue, entity, now in
      entity.affinity = ProcessorSet(bits: processors)
      return entity.place == .running
    }
    // One that is ready moves when its turn has come.
  }

  /// Changes how it is scheduled. Source: sched_setscheduler(2).
  ///
  /// - Context: any.
  public func setParameters(_ parameters: SchedulingParameters) {
    change { queue, entity, now in queue.setParameters(of: entity, to: parameters, at: now) }
  }

  /// How it is scheduled.
  public var parameters: SchedulingParameters {
    var found = SchedulingParameters()
    change { _, entity, _ in
      found = entity.parameters
      return false
    }
    return found
  }

  /// The CPUs that it may run on, one bit each.
  public var allowedProcessors: UInt64 {
    var found: UInt64 = 0
    change { _, entity, _ in
      found = entity.affinity.bits
      return false
    }
    return found
  }

  /// Where its time has gone until now.
  public var account: EntityAccount {
    var found = EntityAccount()
    change { queue, entity, now in
      found = queue.account(of: entity, at: now)
      return false
    }
    return found
  }

  /// How urgent it is, with what is lent to it: what it lends on.
  ///
  /// - Context: any; locks may be held that rank above run queues.
  public var urgency: Urgency {
    var found = Urgency.none
    change { _, entity, _ in
      found = entity.urgency
      return false
    }
    return found
  }

  /// Makes it at least as urgent as those that wait for it, `.none` for nobody.
  ///
  /// - Context: as for `urgency`.
  public func lend(_ urgency: Urgency) {
    change { queue, entity, now in queue.setLent(to: entity, urgency, at: now) }
  }

  private func change(_ body: (inout RunQueue, ThreadEntity, UInt64) -> Bool) {
    // It may move to another CPU's queue meanwhile.
    while let scheduler = Scheduler.scheduler(of: processor.load(ordering: .relaxed)), !scheduler.change(self, body) {}
  }

  /// Lets it run.
  ///
  /// - Context: once; any.
  public func start() {
    // From here on until its end it keeps itself; one that never starts is nobody's once its maker drops it.
    waits.bind(self)
    entity.thread = self
    Scheduler.enqueue(self, .new)
  }

  public override func run() -> Never {
    body.run()
    Scheduler.exit()
  }

  public override func returnToUser(_ registers: borrowing UserContext) { body.returnToUser(registers) }
  public override func programFault(_ fault: ProgramFault) { body.programFault(fault) }

  // MARK: Waiting

  /// Says that the thread, which runs, is about to wait. Whoever makes true from now on what it waits for, makes it runnable.
  func prepareToWait(_ interruption: Interruption) {
    interruptionBits.store(interruption.rawValue, ordering: .relaxed)
    phaseBits.store(Phase.preparing.rawValue, ordering: .releasing)
    // Before it looks whether it has to.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  /// Makes one that is about to wait one that waits.
  ///
  /// - Returns: false when it was woken.
  /// - Context: the thread itself, interrupts off, about to leave the CPU.
  func beginToWait() -> Bool {
    phaseBits.compareExchange(
      expected: Phase.preparing.rawValue, desired: Phase.blocked.rawValue, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Says that the thread, which runs, is not about to wait any more.
  func ceaseToWait() { phaseBits.store(Phase.runnable.rawValue, ordering: .releasing) }

  /// Makes a thread that waits run again.
  ///
  /// - Returns: whether it waited.
  /// - Context: any; interrupts, and locks that rank above run queues.
  @discardableResult
  public func wake() -> Bool {
    // What was made true before is seen by one that is not seen to wait here.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    var found = phaseBits.load(ordering: .relaxed)
    while found == Phase.preparing.rawValue || found == Phase.blocked.rawValue {
      let (isDone, latest) = phaseBits.compareExchange(
        expected: found, desired: Phase.runnable.rawValue, ordering: .acquiringAndReleasing)
      if isDone {
        if found == Phase.blocked.rawValue { Scheduler.enqueue(self, .wakeUp) }
        return true
      }
      found = latest
    }
    return false
  }

  /// Keeps it from going on for as long as `condition` is true. Whoever makes it false wakes the thread; being woken by others
  /// changes nothing.
  ///
  /// - Context: the thread itself, also while it is in wait queues, between its waits; no spin lock held. `condition` must not wait.
  public func hold(while condition: () -> Bool) {
    while true {
      prepareToWait(.nothing)
      guard condition() else { break }
      Scheduler.block(self, .nothing)
    }
    ceaseToWait()
  }

  /// Makes it run again if it waits in a way that a signal ends.
  ///
  /// - Context: after the signal can be seen by `ThreadBody.isInterrupted`.
  @discardableResult
  public func interrupt() -> Bool {
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard let kind = waitInterruption, body.isInterrupted(kind) else { return false }
    return wake()
  }

  /// Makes the CPU that runs it look at its `work`, if one does.
  ///
  /// - Context: any; after `work` was set.
  public func kick() {
    guard isOnProcessor.load(ordering: .sequentiallyConsistent) else { return }
    let number = processor.load(ordering: .relaxed)
    // Here it is on its way out of the kernel, or in an interrupt, and looks by itself.
    if number != Processor.current { ProcessorMessages.reschedule(number) }
  }

  /// Waits until it has ended.
  ///
  /// - Throws: `EINTR`.
  public func join() throws(Errno) {
    try ended.wait { phase == .dead }
  }

  /// Marks its end, and tells who waits for it.
  func finish() {
    endAdmission()
    phaseBits.store(Phase.dead.rawValue, ordering: .sequentiallyConsistent)
    ended.wakeAll()
    // The thread, its means to wait and its entry refer to each other.
    waits.unbind()
  }
}
