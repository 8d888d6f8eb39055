import Foundations
import Machine
import Scheduler
import Synchronization
import Time
import Waiting

/// Parts of suspending the machine that only a machine shows: threads that are held in their waits, and clocks that stand still.
enum SuspendTests {
  private static let two = TestMachine(memory: "256M", processorCount: 2)

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("suspend.held-threads-lose-nothing", on: two, hold)
    registrar.test("suspend.clocks-stand-still", on: two, standStill)
  }

  private static func sleep(_ milliseconds: UInt64) {
    do throws(Errno) { try Scheduler.sleep(nanoseconds: milliseconds * 1_000_000) } catch {}
  }

  /// Waits for a condition of another thread's.
  private static func wait(_ what: StaticString, until isTrue: () -> Bool) throws(TestFailure) {
    for _ in 0..<1_000 {
      if isTrue() { return }
      sleep(2)
    }
    throw TestFailure(reason: "\(what.description) takes for ever")
  }

  // MARK: Threads

  /// Waits in the way that may be interrupted, and is held when that is over.
  private final class Sleeper: ThreadBody {
    let isHolding = Atomic<Bool>(false)
    let hasCome = Atomic<Bool>(false)
    let isDone = Atomic<Bool>(false)
    let wasInterrupted = Atomic<Bool>(false)
    let queue = WaitQueue()

    override func run() {
      do throws(Errno) { try queue.wait(.signals) { hasCome.load(ordering: .acquiring) } } catch {
        wasInterrupted.store(true, ordering: .relaxed)
      }
      isDone.store(true, ordering: .releasing)
    }

    override func waitHasEnded(_ interruption: Interruption) {
      guard interruption != .nothing, let thread = Thread.running else { return }
      thread.hold { isHolding.load(ordering: .acquiring) }
    }
  }

  private static func hold() throws(TestFailure) {
    for _ in 0..<50 {
      let body = Sleeper()
      let thread: Thread
      do throws(Errno) { thread = try Thread(body) } catch {
        throw TestFailure(reason: "no thread: error \(error.rawValue)")
      }
      thread.start()
      try wait("a wait") { thread.sleepInterruption == .signals }
      body.isHolding.store(true, ordering: .releasing)
      body.hasCome.store(true, ordering: .releasing)
      body.queue.wakeAll()
      // Being woken again changes nothing.
      for _ in 0..<3 {
        sleep(1)
        thread.wake()
      }
      try wait("being held") { thread.sleepInterruption == .nothing }
      try expect(!body.isDone.load(ordering: .acquiring), "a thread that is held goes on")
      body.isHolding.store(false, ordering: .releasing)
      thread.wake()
      do throws(Errno) { try thread.join() } catch { throw TestFailure(reason: "the wait was interrupted") }
      try expect(body.isDone.load(ordering: .acquiring), "a thread that was held did not go on")
      try expect(!body.wasInterrupted.load(ordering: .relaxed), "a wait that was held was interrupted")
    }
  }

  // MARK: Clocks

  private final class Counter: TimerHandler {
    let count = Atomic<Int>(0)
    override func timerExpired(now: UInt64, expirations: UInt64) { count.add(1, ordering: .relaxed) }
  }

  private final class WakingTimer: ClockTimer {
    let count = Atomic<Int>(0)
    init() { super.init(.bootTime, wakes: true) }
    override func expired() { count.add(1, ordering: .relaxed) }
  }

  /// A timer that holds up no machine.
  private final class Ordinary {
    private let timer: Timer
    let counter = Counter()

    init() throws(Errno) { timer = try Timer(handler: counter) }

    func arm(after nanoseconds: UInt64) { timer.arm(after: nanoseconds) }
    var count: Int { counter.count.load(ordering: .acquiring) }
  }

  /// Two seconds of standing still, which a timer of CLOCK_BOOTTIME_ALARM ends and another timer does not notice.
  private static func standStill() throws(TestFailure) {
    let (alarm, waking) = (Counter(), WakingTimer())
    let ordinary: Ordinary
    do throws(Errno) {
      ordinary = try Ordinary()
      try waking.open()
    } catch {
      throw TestFailure(reason: "no timer: error \(error.rawValue)")
    }
    defer { waking.close() }
    waking.arm(at: Clock.bootTime &+ 2_000_000_000, by: .bootTime)
    ordinary.arm(after: 1_000_000_000)
    let (monotonic, boot) = (Clock.nanoseconds, Clock.bootTime)
    StoppedClock.begin(alarm: alarm)
    let stopped = Clock.nanoseconds
    while alarm.count.load(ordering: .acquiring) == 0 { Machine.pause() }
    let (now, early) = (Clock.nanoseconds, ordinary.count)
    let still = StoppedClock.end()
    try expect(now == stopped, "CLOCK_MONOTONIC went on")
    try expect(still >= 1_800_000_000 && still < 10_000_000_000, "the clocks stood still for \(still) ns")
    try expect(early == 0, "a timer expired while no time passed")
    try expect(Clock.nanoseconds &- monotonic < 900_000_000, "CLOCK_MONOTONIC has made up for it")
    try expect(Clock.bootTime &- boot >= still, "CLOCK_BOOTTIME did not go on")
    try wait("the timer that woke the machine") { waking.count.load(ordering: .acquiring) > 0 }
    try wait("a timer afterwards") { ordinary.count > 0 }
  }
}
