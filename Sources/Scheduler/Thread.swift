public import Foundations
public import Machine
import Synchronization
public import Waiting

/// What a thread does: a kernel service, or a program's task.
open class ThreadBody {
  /// Creates a body that does nothing.
  public init() {}

  /// The thread's work; it ends when this returns.
  ///
  /// - Context: the thread itself, interrupts on.
  open func run() {}

  /// Makes the CPU translate programs' addresses as this thread needs it.
  ///
  /// - Context: interrupts are off, just before the thread runs.
  open func activate() { CurrentAddressSpace.suspend() }

  /// Serves the system call that the program of this thread makes.
  ///
  /// - Context: the thread itself, interrupts on; may wait.
  open func systemCall(_ registers: borrowing UserContext) {}

  /// Does what is to be done before the program goes on; called for as long as `ThreadContext.work` is not zero.
  ///
  /// - Context: the thread itself, interrupts on; may wait.
  open func returnToUser(_ registers: borrowing UserContext) {}

  /// Takes note of an exception that the program raised.
  ///
  /// - Context: the thread itself, interrupts off; must not wait.
  open func programFault(_ fault: ProgramFault) {}

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

  /// Guarded by `state`.
  struct State: ~Copyable {
    var phase = Phase.runnable
    var interruption = Interruption.nothing
  }

  let state = SpinLock(State())
  /// The CPU whose queue it belongs to. Changed by whoever enqueues it.
  let processor = Atomic<Int>(0)
  /// The CPUs that it may run on.
  let affinity = Atomic<UInt64>(.max)
  /// Nanoseconds that it has run.
  let runNanoseconds = Atomic<UInt64>(0)
  /// How often it was switched to.
  let switchCount = Atomic<UInt64>(0)

  // Guarded by the lock of the run queue that it is in.
  var next: Thread?
  var isQueued = false
  /// When it began to run, in nanoseconds of the monotonic clock; its CPU's alone.
  var runningSince: UInt64 = 0

  /// What it does.
  public let body: ThreadBody
  /// Its means to wait.
  let waits: ThreadWaits
  private let ended = WaitQueue()

  /// Makes a thread that does `body`, which runs once `start` is called.
  ///
  /// - Throws: `ENOMEM`.
  public init(_ body: ThreadBody, hasProgram: Bool = false) throws(Errno) {
    self.body = body
    waits = ThreadWaits()
    try super.init(hasProgram: hasProgram)
    waits.bind(self)
  }

  /// Makes the code that runs a thread.
  ///
  /// - Context: once on each CPU.
  init(adopting body: ThreadBody) {
    self.body = body
    waits = ThreadWaits()
    super.init(adoptingStack: ())
    processor.store(Processor.current, ordering: .relaxed)
    waits.bind(self)
  }

  /// The thread that runs.
  @inline(__always)
  public static var running: Thread? { ThreadContext.current as? Thread }

  /// Where it is, for reports.
  public var phase: Phase { state.withLock { $0.phase } }

  /// Lets it run on `processors` only, one bit each.
  ///
  /// - Context: before `start`, or by the thread itself, which moves when it is made ready the next time.
  public func bind(to processors: UInt64) { affinity.store(processors, ordering: .relaxed) }

  /// Lets it run.
  ///
  /// - Context: once; any.
  public func start() { Scheduler.enqueue(self) }

  public override func run() -> Never {
    body.run()
    Scheduler.exit()
  }

  public override func systemCall(_ registers: borrowing UserContext) { body.systemCall(registers) }
  public override func returnToUser(_ registers: borrowing UserContext) { body.returnToUser(registers) }
  public override func programFault(_ fault: ProgramFault) { body.programFault(fault) }

  /// Makes a thread that waits run again.
  ///
  /// - Returns: whether it waited.
  /// - Context: any; interrupts, and locks that rank above run queues.
  @discardableResult
  public func wake() -> Bool {
    let found = state.withLock { state in
      let found = state.phase
      if found == .preparing || found == .blocked { state.phase = .runnable }
      return found
    }
    if found == .blocked { Scheduler.enqueue(self) }
    return found == .preparing || found == .blocked
  }

  /// Makes it run again if it waits in a way that a signal ends.
  ///
  /// - Context: after the signal can be seen by `ThreadBody.isInterrupted`.
  @discardableResult
  public func interrupt() -> Bool {
    let kind: Interruption? = state.withLock { state in
      state.phase == .preparing || state.phase == .blocked ? state.interruption : nil
    }
    guard let kind, body.isInterrupted(kind) else { return false }
    return wake()
  }

  /// Waits until it has ended.
  ///
  /// - Throws: `EINTR`.
  public func join() throws(Errno) {
    try ended.wait { phase == .dead }
  }

  /// Marks its end, and tells who waits for it.
  func finish() {
    state.withLock { $0.phase = .dead }
    ended.wakeAll()
    // The thread, its means to wait and its entry refer to each other.
    waits.unbind()
  }
}
