import Foundations
import Machine
import Scheduler
import Synchronization
import Time
import Waiting

/// Threads: that they run, on every CPU, wait, wake, are preempted and leave nothing behind.
enum ThreadTests {
  private static let four = TestMachine(memory: "256M", processorCount: 4)

  static func register(_ registrar: inout TestRegistrar, rounds: Int) {
    for machine in [nil, four] as [TestMachine?] {
      // Two literals, since a name must be a constant of the image.
      let isMany = machine != nil
      registrar.test(isMany ? "threads.many-end-on-four-cpus" : "threads.many-end", on: machine) {
        () throws(TestFailure) in
        try endMany(rounds)
      }
      registrar.test(isMany ? "threads.take-turns-on-four-cpus" : "threads.take-turns", on: machine, takeTurns)
      registrar.test(isMany ? "threads.sleep-on-four-cpus" : "threads.sleep", on: machine, sleep)
      registrar.test(isMany ? "threads.queue-on-four-cpus" : "threads.queue", on: machine) { () throws(TestFailure) in
        try passThings(rounds)
      }
    }
    registrar.test("threads.that-never-start-are-freed", dropUnstarted)
    registrar.test("threads.a-turn-lasts-a-quantum", measureTurns)
    registrar.test("threads.use-every-cpu", on: four, useEveryProcessor)
    registrar.test("threads.a-deaf-cpu-is-reported", on: four, reportDeafProcessor)
  }

  private static func start(_ body: ThreadBody, on processors: UInt64 = .max) throws(TestFailure) -> Thread {
    do throws(Errno) {
      let thread = try Thread(body)
      thread.bind(to: processors)
      thread.start()
      return thread
    } catch {
      throw TestFailure(reason: "a thread cannot be made: error \(error.rawValue)")
    }
  }

  private static func join(_ thread: Thread) throws(TestFailure) {
    do throws(Errno) { try thread.join() } catch {
      throw TestFailure(reason: "waiting for a thread ends with error \(error.rawValue)")
    }
  }

  // MARK: Beginning and ending

  private static func endMany(_ rounds: Int) throws(TestFailure) {
    Counter.alive.store(0, ordering: .relaxed)
    Counter.runs.store(0, ordering: .relaxed)
    let wanted = 20 * 50 * rounds
    for _ in 0..<20 * rounds {
      var threads: [Thread] = []
      for _ in 0..<50 { threads.append(try start(Counter())) }
      for thread in threads { try join(thread) }
    }
    let runs = Counter.runs.load(ordering: .acquiring)
    try expect(runs == wanted, "\(runs) of \(wanted) threads have run")
    // The last may still be on its way off its stack.
    let begin = Clock.nanoseconds
    while Counter.alive.load(ordering: .acquiring) > 0, Clock.nanoseconds &- begin < 2_000_000_000 { Scheduler.yield() }
    let alive = Counter.alive.load(ordering: .acquiring)
    try expect(alive == 0, "\(alive) threads were never freed")
  }

  /// As those of a clone(2) that fails at its end.
  private static func dropUnstarted() throws(TestFailure) {
    Counter.alive.store(0, ordering: .relaxed)
    for _ in 0..<100 {
      do throws(Errno) { _ = try Thread(Counter()) } catch {
        throw TestFailure(reason: "a thread cannot be made: error \(error.rawValue)")
      }
    }
    let alive = Counter.alive.load(ordering: .acquiring)
    try expect(alive == 0, "\(alive) of 100 threads that never started were not freed")
  }

  private final class Counter: ThreadBody {
    static let alive = Atomic<Int>(0)
    static let runs = Atomic<Int>(0)

    override init() {
      Self.alive.add(1, ordering: .relaxed)
      super.init()
    }
    deinit { Self.alive.subtract(1, ordering: .relaxed) }
    override func run() { Self.runs.add(1, ordering: .relaxed) }
  }

  // MARK: Waiting

  /// Two threads that wait for each other in turn.
  private static func takeTurns() throws(TestFailure) {
    let table = Table()
    let threads = [try start(Player(table, 0)), try start(Player(table, 1))]
    for thread in threads { try join(thread) }
    let turn = table.turn.load(ordering: .acquiring)
    try expect(turn == 2 * Player.turns, "\(turn) turns were taken")
  }

  private final class Table {
    let turn = Atomic<Int>(0)
    let changed = WaitQueue()
  }

  private final class Player: ThreadBody {
    static let turns = 2_000
    private let table: Table
    private let side: Int

    init(_ table: Table, _ side: Int) {
      (self.table, self.side) = (table, side)
      super.init()
    }

    override func run() {
      for _ in 0..<Self.turns {
        do throws(Errno) {
          try table.changed.wait { table.turn.load(ordering: .acquiring) & 1 == side }
        } catch { return }
        table.turn.add(1, ordering: .acquiringAndReleasing)
        table.changed.wake()
      }
    }
  }

  /// Sleepers wake in the order of their times, none before its time.
  private static func sleep() throws(TestFailure) {
    var threads: [Thread] = []
    let board = Board()
    for index in 0..<20 { threads.append(try start(Sleeper(board, UInt64(20 - index) * 2_000_000))) }
    for thread in threads { try join(thread) }
    let (early, count) = (board.early.load(ordering: .acquiring), board.count.load(ordering: .acquiring))
    try expect(count == 20, "\(count) of 20 sleepers have woken")
    try expect(early == 0, "\(early) of them too early")
  }

  private final class Board {
    let early = Atomic<Int>(0)
    let count = Atomic<Int>(0)
  }

  private final class Sleeper: ThreadBody {
    private let board: Board
    private let nanoseconds: UInt64

    init(_ board: Board, _ nanoseconds: UInt64) {
      (self.board, self.nanoseconds) = (board, nanoseconds)
      super.init()
    }

    override func run() {
      let begin = Clock.nanoseconds
      do throws(Errno) { try Scheduler.sleep(nanoseconds: nanoseconds) } catch {}
      if Clock.nanoseconds &- begin < nanoseconds { board.early.add(1, ordering: .relaxed) }
      board.count.add(1, ordering: .relaxed)
    }
  }

  /// Makers and takers of things at one queue: each thing is taken once.
  private static func passThings(_ rounds: Int) throws(TestFailure) {
    let store = Store(things: 4_000 * rounds)
    var threads: [Thread] = []
    for _ in 0..<3 { threads.append(try start(Maker(store))) }
    for _ in 0..<5 { threads.append(try start(Taker(store))) }
    for thread in threads { try join(thread) }
    let (made, taken) = (store.made.load(ordering: .acquiring), store.taken.load(ordering: .acquiring))
    try expect(taken == 3 * 4_000 * rounds && made == taken, "\(taken) of \(made) things were taken")
    let left = store.things.withLock { $0 }
    try expect(left == 0, "\(left) things are left")
  }

  private final class Store {
    let each: Int
    let things = SpinLock(0)
    let made = Atomic<Int>(0)
    let taken = Atomic<Int>(0)
    let filled = WaitQueue()
    let emptied = WaitQueue()

    init(things: Int) { each = things }

    var isOver: Bool { taken.load(ordering: .acquiring) == 3 * each }
  }

  private final class Maker: ThreadBody {
    private let store: Store
    init(_ store: Store) {
      self.store = store
      super.init()
    }

    override func run() {
      for _ in 0..<store.each {
        do throws(Errno) {
          try store.emptied.wait(isExclusive: true) {
            store.things.withLock { count in
              guard count < 16 else { return false }
              count += 1
              return true
            }
          }
        } catch { return }
        store.made.add(1, ordering: .relaxed)
        store.filled.wake()
      }
    }
  }

  private final class Taker: ThreadBody {
    private let store: Store
    init(_ store: Store) {
      self.store = store
      super.init()
    }

    override func run() {
      while true {
        var hasTaken = false
        do throws(Errno) {
          try store.filled.wait(isExclusive: true) {
            hasTaken = store.things.withLock { count in
              guard count > 0 else { return false }
              count -= 1
              return true
            }
            return hasTaken || store.isOver
          }
        } catch { return }
        guard hasTaken else { return }
        store.taken.add(1, ordering: .acquiringAndReleasing)
        store.emptied.wake()
        if store.isOver { store.filled.wakeAll() }
      }
    }
  }

  // MARK: Turns

  /// Three threads of one CPU that never wait share it by turns of a quantum.
  private static func measureTurns() throws(TestFailure) {
    let course = Course(nanoseconds: 300_000_000)
    let here = 1 << UInt64(Processor.current)
    let runners = [Runner(course), Runner(course), Runner(course)]
    var threads: [Thread] = []
    for runner in runners { threads.append(try start(runner, on: UInt64(here))) }
    for thread in threads { try join(thread) }
    let turns = course.turns.load(ordering: .acquiring)
    // 300 ms are 30 turns; a busy host makes some longer, and none shorter than half of one.
    try expect(turns >= 6 && turns <= 62, "\(turns) turns in 300 ms")
    for runner in runners {
      let steps = runner.steps.load(ordering: .acquiring)
      try expect(steps > 0, "a thread has never run")
    }
  }

  private final class Course {
    let end: UInt64
    let last = Atomic<Int>(-1)
    let turns = Atomic<Int>(0)
    let entrants = Atomic<Int>(0)
    init(nanoseconds: UInt64) { end = Clock.nanoseconds &+ nanoseconds }
  }

  private final class Runner: ThreadBody {
    private let course: Course
    let steps = Atomic<Int>(0)

    init(_ course: Course) {
      self.course = course
      super.init()
    }

    override func run() {
      let number = course.entrants.wrappingAdd(1, ordering: .relaxed).newValue
      while Clock.nanoseconds < course.end {
        steps.wrappingAdd(1, ordering: .relaxed)
        if course.last.exchange(number, ordering: .relaxed) != number { course.turns.add(1, ordering: .relaxed) }
      }
    }
  }

  /// Threads that never wait are spread over all CPUs, and one that is bound stays.
  private static func useEveryProcessor() throws(TestFailure) {
    let seen = Seen()
    var threads: [Thread] = []
    for _ in 0..<8 { threads.append(try start(Spreader(seen, bound: nil))) }
    for processor in 0..<4 { threads.append(try start(Spreader(seen, bound: processor), on: 1 << UInt64(processor))) }
    for thread in threads { try join(thread) }
    let (processors, strays) = (seen.processors.load(ordering: .acquiring), seen.strays.load(ordering: .acquiring))
    try expect(processors == 0xf, "only CPUs \(hex: processors) were used")
    try expect(strays == 0, "a bound thread was on another CPU \(strays) times")
  }

  private final class Seen {
    let processors = Atomic<UInt64>(0)
    let strays = Atomic<Int>(0)
    let end = Clock.nanoseconds &+ 200_000_000
  }

  private final class Spreader: ThreadBody {
    private let seen: Seen
    private let bound: Int?

    init(_ seen: Seen, bound: Int?) {
      (self.seen, self.bound) = (seen, bound)
      super.init()
    }

    override func run() {
      while Clock.nanoseconds < seen.end {
        let processor = Processor.current
        if let bound {
          if processor != bound { seen.strays.add(1, ordering: .relaxed) }
        } else {
          seen.processors.bitwiseOr(1 << UInt64(processor), ordering: .relaxed)
        }
        if seen.end & 1 == 0 { Scheduler.yield() }
      }
    }
  }
}

// MARK: CPUs that take no interrupts

extension ThreadTests {
  private static let intervalNanoseconds: UInt64 = 50_000_000
  private static let limitNanoseconds: UInt64 = 400_000_000
  private static let deafProcessor = 2

  private static func reportDeafProcessor() throws(TestFailure) {
    let witness = Witness()
    let watch = try watch(witness)
    try join(start(DeafThread(witness), on: 1 << UInt64(deafProcessor)))
    guard witness.stuck.load(ordering: .acquiring) & 1 << UInt64(deafProcessor) != 0 else {
      throw TestFailure(reason: "nobody noticed a CPU that took no interrupts")
    }
    let begin = Clock.nanoseconds
    while witness.goingOn.load(ordering: .acquiring) & 1 << UInt64(deafProcessor) == 0 {
      guard Clock.nanoseconds &- begin < 60_000_000_000 else {
        throw TestFailure(reason: "nobody noticed that it takes them again")
      }
      Machine.pause()
    }
    withExtendedLifetime(watch) {}
  }

  private static func watch(_ witness: Witness) throws(TestFailure) -> ProcessorWatch {
    do throws(Errno) {
      return try ProcessorWatch(
        intervalNanoseconds: intervalNanoseconds, limitNanoseconds: limitNanoseconds, witness)
    } catch {
      throw TestFailure(reason: "a watch cannot be made: error \(error.rawValue)")
    }
  }

  private final class Witness: ProcessorWatchReporter {
    let stuck = Atomic<UInt64>(0)
    let goingOn = Atomic<UInt64>(0)

    override func isStuck(_ number: Int, nanoseconds: UInt64) {
      stuck.bitwiseOr(1 << UInt64(number), ordering: .releasing)
    }

    override func goesOn(_ number: Int) { goingOn.bitwiseOr(1 << UInt64(number), ordering: .releasing) }
  }

  /// Takes no interrupts until that is noticed, or for a minute.
  private final class DeafThread: ThreadBody {
    private let witness: Witness

    init(_ witness: Witness) {
      self.witness = witness
      super.init()
    }

    override func run() {
      Processor.withoutInterrupts {
        let (begin, own) = (Clock.nanoseconds, UInt64(Processor.current))
        while witness.stuck.load(ordering: .acquiring) & 1 << own == 0, Clock.nanoseconds &- begin < 60_000_000_000 {
          Machine.pause()
        }
      }
    }
  }
}
