import Foundations
import Machine
import Scheduler
import Scheduling
import Synchronization
import Time

/// The scheduler's choices, as threads feel them: shares by nice value, real time first, the CPUs that a thread may use.
enum SchedulerTests {
  private static let four = TestMachine(memory: "256M", processorCount: 4)

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("scheduler.nice-threads-get-less", shareByWeight)
    registrar.test("scheduler.real-time-comes-first", runRealTimeFirst)
    registrar.test("scheduler.bound-threads-move", on: four, moveBound)
    registrar.test("scheduler.accounts-add-up", account)
  }

  private static func make(
    _ body: ThreadBody, _ parameters: SchedulingParameters = SchedulingParameters(), on processors: UInt64
  ) throws(TestFailure) -> Thread {
    do throws(Errno) {
      let thread = try Thread(body, parameters)
      thread.bind(to: processors)
      return thread
    } catch {
      throw TestFailure(reason: "a thread cannot be made: error \(error.rawValue)")
    }
  }

  private static func join(_ thread: Thread) throws(TestFailure) {
    do throws(Errno) { try thread.join() } catch { throw TestFailure(reason: "the wait was interrupted") }
  }

  private static func sleep(_ milliseconds: UInt64) {
    do throws(Errno) { try Scheduler.sleep(nanoseconds: milliseconds * 1_000_000) } catch {}
  }

  /// Counts until it is told to stop.
  private final class Hog: ThreadBody {
    let isStopped = Atomic<Bool>(false)
    let processors = Atomic<UInt64>(0)

    override func run() {
      while !isStopped.load(ordering: .relaxed) {
        processors.bitwiseOr(1 << UInt64(Processor.current), ordering: .relaxed)
        Machine.pause()
      }
    }
  }

  /// Two that never wait, five steps of niceness apart: 1024 to 335.
  private static func shareByWeight() throws(TestFailure) {
    let (normal, nice) = (Hog(), Hog())
    let threads = (
      try make(normal, on: 1), try make(nice, SchedulingParameters(nice: Nice(clamping: 5)), on: 1)
    )
    threads.0.start()
    threads.1.start()
    sleep(1_000)
    let (first, second) = (threads.0.account.running, threads.1.account.running)
    for hog in [normal, nice] { hog.isStopped.store(true, ordering: .relaxed) }
    try join(threads.0)
    try join(threads.1)
    // The emulator may sleep through turns, whoever's they are, so the bounds are wide: 3.06 is right.
    let ratio = first * 100 / max(1, second)
    try expect(ratio > 180 && ratio < 520, "the shares are as \(ratio) to 100")
  }

  /// A thread of a real-time policy that wakes runs at once, beside two that never wait.
  private static func runRealTimeFirst() throws(TestFailure) {
    let hogs = (Hog(), Hog())
    let threads = (try make(hogs.0, on: 1), try make(hogs.1, on: 1))
    threads.0.start()
    threads.1.start()
    let waker = Waker()
    let thread = try make(waker, SchedulingParameters(.fifo, priority: 10), on: 1)
    thread.start()
    try join(thread)
    // Their turns are 10 ms: by turns each of 50 wake-ups would wait for that long.
    let switches = thread.account.involuntarySwitches
    for hog in [hogs.0, hogs.1] { hog.isStopped.store(true, ordering: .relaxed) }
    try join(threads.0)
    try join(threads.1)
    let interrupted = threads.0.account.involuntarySwitches + threads.1.account.involuntarySwitches
    try expect(switches == 0, "a real-time thread was interrupted \(switches) times")
    try expect(interrupted >= 40, "others made room only \(interrupted) times")
  }

  private final class Waker: ThreadBody {
    override func run() {
      for _ in 0..<50 { sleep(1) }
    }
  }

  /// A thread that is bound to one CPU after another, while it runs.
  private static func moveBound() throws(TestFailure) {
    let hog = Hog()
    let thread = try make(hog, on: 1 << 1)
    thread.start()
    for round in 0..<30 {
      let processor = UInt64(1 + round % 3)
      thread.bind(to: 1 << processor)
      let begin = Clock.nanoseconds
      while true {
        hog.processors.store(0, ordering: .relaxed)
        sleep(2)
        if hog.processors.load(ordering: .relaxed) == 1 << processor { break }
        try expect(Clock.nanoseconds &- begin < 10_000_000_000, "it does not come to CPU \(processor)")
      }
    }
    try expect(thread.account.migrations >= 29, "\(thread.account.migrations) moves of 29")
    hog.isStopped.store(true, ordering: .relaxed)
    try join(thread)
  }

  /// What two threads have run and waited is no more than the time that has passed.
  private static func account() throws(TestFailure) {
    let hogs = (Hog(), Hog())
    let begin = Clock.nanoseconds
    let threads = (try make(hogs.0, on: 1), try make(hogs.1, on: 1))
    threads.0.start()
    threads.1.start()
    sleep(200)
    for hog in [hogs.0, hogs.1] { hog.isStopped.store(true, ordering: .relaxed) }
    try join(threads.0)
    try join(threads.1)
    let elapsed = Clock.nanoseconds &- begin
    let (first, second) = (threads.0.account, threads.1.account)
    let run = first.running + second.running
    try expect(run <= elapsed && run >= elapsed / 4, "they ran \(run) of \(elapsed) ns")
    try expect(first.running + first.waiting <= elapsed, "the first has more time than there was")
    try expect(first.turns > 1 && second.turns > 1, "\(first.turns) and \(second.turns) turns")
  }
}
