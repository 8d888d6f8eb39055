public import Foundations
import Interrupts
import Machine
import Scheduling
import Synchronization
import Time
import Waiting

/// Decides which thread each CPU runs.
///
/// A thread that waits is in no queue; one that is ready is in the queue of one CPU; one that runs is in none. No two run
/// queues are locked at once.
public enum Scheduler {
  /// How long a thread runs while others of its kind are ready, in nanoseconds.
  public static var quantum: UInt64 { RunQueue.quantum }

  private static let processors = BootCell<GrowableArray<LastingReference<ProcessorScheduler>>>()

  /// Makes the run queues, and the boot CPU's code that runs a thread. From then on threads can wait.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once, on the boot CPU, after its timers.
  public static func start() throws(Errno) {
    var all = GrowableArray<LastingReference<ProcessorScheduler>>()
    for number in 0..<Processor.limit { try all.append(LastingReference(try ProcessorScheduler(number))) }
    processors.fill(all)
    Blocking.start(RunningThread())
    ThreadEntry.start(SchedulerHooks())
    let boot = Thread(adopting: ThreadBody())
    let idle = try Thread(IdleBody())
    boot.entity.thread = boot
    try startHere(idle: idle, current: boot)
    try SchedulerStatistics.start()
  }

  private static let isOpenFlag = Atomic<Bool>(false)

  /// Whether CPUs may run threads.
  public static var isOpen: Bool { isOpenFlag.load(ordering: .acquiring) }

  /// Lets the other CPUs run threads.
  public static func open() {
    isOpenFlag.store(true, ordering: .releasing)
    var others = Processor.online & ~(1 << UInt64(Processor.current))
    while others != 0 {
      ProcessorMessages.reschedule(others.trailingZeroBitCount)
      others &= others &- 1
    }
  }

  /// Makes the code that runs this CPU's idle thread, and runs threads for ever.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: once on each CPU but the boot CPU, at its start's end, interrupts off.
  public static func runHere() throws(Errno) -> Never {
    let idle = Thread(adopting: IdleBody())
    try startHere(idle: idle, current: nil)
    idle.body.run()
    Machine.halt()
  }

  private static func startHere(idle: Thread, current: Thread?) throws(Errno) {
    guard let here = scheduler(of: Processor.current) else { return }
    try here.start(idle: idle, current: current)
  }

  @inline(__always)
  static func scheduler(of processor: Int) -> ProcessorScheduler? {
    guard processor >= 0, processor < Processor.limit else { return nil }
    return processors.withValue { $0[processor].object }
  }

  /// Runs `body` with the part of CPU `processor`, without counting a reference to it.
  @inline(__always)
  static func withScheduler(of processor: Int, _ body: (ProcessorScheduler) -> Void) {
    guard processor >= 0, processor < Processor.limit else { return }
    processors.withValue { $0[processor].use(body) }
  }

  /// Whether threads can wait on this CPU.
  public static var isStarted: Bool { Thread.running != nil }

  /// Makes `thread` ready on a CPU that it may run on: its last if that is idle, else another idle one, else its last.
  ///
  /// - Context: any; the thread is in no queue.
  static func enqueue(_ thread: Thread, _ reason: EnqueueReason) {
    let target = choose(for: thread)
    thread.processor.store(target, ordering: .relaxed)
    withScheduler(of: target) { $0.add(thread, reason) }
  }

  private static func choose(for thread: Thread) -> Int {
    let last = thread.processor.load(ordering: .relaxed)
    // Only that CPU can run it before it has left its stack there.
    if thread.isOnProcessor.load(ordering: .acquiring) { return last }
    let allowed = thread.entity.affinity.bits & Processor.online
    guard allowed != 0 else { return last }
    if allowed & 1 << UInt64(last) != 0, ProcessorScheduler.claimIdle(last) { return last }
    var idle = allowed & ProcessorScheduler.idleProcessors
    while idle != 0 {
      // Claimed, so that the next thread that is made ready goes elsewhere.
      if ProcessorScheduler.claimIdle(idle.trailingZeroBitCount) { return idle.trailingZeroBitCount }
      idle &= idle &- 1
    }
    return allowed & 1 << UInt64(last) != 0 ? last : allowed.trailingZeroBitCount
  }

  /// Lets others run until `thread`, which runs, is woken.
  ///
  /// - Parameter interruption: what it was prepared for.
  static func block(_ thread: Thread, _ interruption: Interruption) {
    Processor.withoutInterrupts {
      guard thread.beginToWait() else { return }
      // The kernel's own threads wait like that for something to do.
      let isLoad = interruption == .nothing && thread.hasProgram
      if isLoad { SchedulerStatistics.uninterruptible.wrappingAdd(1, ordering: .relaxed) }
      withScheduler(of: Processor.current) { $0.switchAway(.waits) }
      if isLoad { SchedulerStatistics.uninterruptible.wrappingSubtract(1, ordering: .relaxed) }
    }
  }

  /// Lets others that are ready run first.
  public static func yield() {
    Processor.withoutInterrupts { withScheduler(of: Processor.current) { $0.yield() } }
  }

  /// Ends the thread that runs.
  public static func exit() -> Never {
    finish()
    Processor.disableInterrupts()
    withScheduler(of: Processor.current) { $0.leaveForGood() }
    Machine.halt()
  }

  /// Its own function, so that the stack that is left owns no reference to the thread.
  @inline(never)
  private static func finish() { Thread.running?.finish() }

  /// Waits for `nanoseconds`.
  ///
  /// - Throws: `EINTR`.
  public static func sleep(nanoseconds: UInt64) throws(Errno) {
    let deadline = Clock.nanoseconds &+ nanoseconds
    let nothing = WaitQueue()
    do throws(Errno) {
      try nothing.wait(deadline: deadline) { false }
    } catch {
      if error != .ETIMEDOUT { throw error }
    }
  }
}
