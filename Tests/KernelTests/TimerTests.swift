import Foundations
import Interrupts
import Machine
import Synchronization
import Time

/// Timers of the real local APICs.
enum TimerTests {
  private static let four = TestMachine(memory: "256M", processorCount: 4)

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("timers.ten-thousand-one-after-the-other") { () throws(TestFailure) in
      try withTimer { timer, expiry throws(TestFailure) in
        for round in 0..<10_000 {
          timer.arm(after: UInt64(1_000 + round % 37 * 500))
          try wait { expiry.count > round }
        }
        try expect(expiry.count == 10_000, "\(expiry.count) of 10,000 timers expired")
        try expect(expiry.earlyCount == 0, "\(expiry.earlyCount) of 10,000 timers were early")
      }
    }
    registrar.test("timers.many-at-once-in-order") { () throws(TestFailure) in
      try checkMany(count: 1_000)
    }
    registrar.test("timers.stopped-ones-are-silent") { () throws(TestFailure) in
      try withTimer { timer, expiry throws(TestFailure) in
        timer.arm(after: 20_000_000)
        try expect(timer.cancel(), "it was not armed")
        try expect(!timer.cancel(), "it was armed twice")
        spin(nanoseconds: 40_000_000)
        try expect(expiry.count == 0, "\(expiry.count) expiries")
      }
    }
    registrar.test("timers.armed-anew-they-expire-once") { () throws(TestFailure) in
      try withTimer { timer, expiry throws(TestFailure) in
        timer.arm(after: 10_000_000_000)
        timer.arm(after: 50_000_000)
        timer.arm(after: 2_000_000)
        try wait { expiry.count > 0 }
        spin(nanoseconds: 60_000_000)
        try expect(expiry.count == 1, "\(expiry.count) expiries")
      }
    }
    registrar.test("timers.periodic-ones-do-not-drift") { () throws(TestFailure) in
      try withTimer { timer, expiry throws(TestFailure) in
        let period: UInt64 = 500_000
        let first = Clock.nanoseconds + period
        timer.arm(at: first, period: period)
        try wait { expiry.count >= 100 }
        timer.cancel()
        try expect((expiry.last - first) % period == 0, "deadline \(expiry.last) is no multiple of the period")
        try expect(expiry.earlyCount == 0, "\(expiry.earlyCount) expiries were early")
        let count = expiry.count
        spin(nanoseconds: 5_000_000)
        try expect(expiry.count == count, "it goes on after it was stopped")
      }
    }
    registrar.test("timers.of-other-cpus", on: four) { () throws(TestFailure) in
      for processor in 0..<4 {
        try withTimer(on: processor) { timer, expiry throws(TestFailure) in
          for round in 0..<200 {
            timer.arm(after: 50_000)
            try wait { expiry.count > round }
          }
          try expect(expiry.processors == 1 << UInt64(processor), "it expired on CPUs \(hex: expiry.processors)")
          try expect(expiry.earlyCount == 0, "\(expiry.earlyCount) expiries were early")
        }
      }
    }
    registrar.test("timers.while-other-cpus-are-busy", on: four) { () throws(TestFailure) in
      try checkUnderLoad()
    }
    registrar.test("clock.never-goes-back-between-cpus", on: four) { () throws(TestFailure) in
      // The CPU that reads hands on what it read, and the next must not read less.
      let relay = Relay()
      for _ in 0..<3_000 {
        Relay.latest.withLock { $0 = max($0, Clock.nanoseconds) }
        ProcessorMessages.call(relay, on: .max)
      }
      let steps = Relay.backwardSteps.load(ordering: .acquiring)
      try expect(steps == 0, "time went back \(steps) times")
    }
    registrar.test("clock.falls-back-without-a-step") { () throws(TestFailure) in
      let before = Clock.nanoseconds
      try expect(Clock.useFallback(), "there is no other clock")
      let after = Clock.nanoseconds
      try expect(!Clock.isTimestampCounter, "the clock is \(Clock.sourceName)")
      try expect(after >= before && after - before < 1_000_000_000, "time went from \(before) to \(after)")
      var last = after
      for _ in 0..<10_000 {
        let now = Clock.nanoseconds
        try expect(now >= last, "time went from \(last) to \(now)")
        last = now
      }
      try withTimer { timer, expiry throws(TestFailure) in
        timer.arm(after: 2_000_000)
        try wait { expiry.count == 1 }
        try expect(expiry.earlyCount == 0, "a timer was early")
      }
    }
  }

  /// A thousand timers of one CPU while three others do nothing but work. Prints how late they were.
  private static func checkUnderLoad() throws(TestFailure) {
    Load.isOn.store(true, ordering: .relaxed)
    var loads = GrowableArray<Timer>()
    do throws(Errno) {
      for processor in 1..<4 {
        try loads.append(Timer(on: processor, handler: Load()))
        loads[processor - 1].arm(after: 0)
      }
    } catch {
      throw TestFailure(reason: "no timer: error \(error.rawValue)")
    }
    try wait { Load.busy.load(ordering: .relaxed) == 3 }
    try withTimer { timer, expiry throws(TestFailure) in
      for round in 0..<1_000 {
        timer.arm(after: 200_000)
        try wait { expiry.count > round }
      }
      try expect(expiry.earlyCount == 0, "\(expiry.earlyCount) timers were early")
      var serial = EarlyTextSink()
      serial.write(
        "test: note 1,000 timers beside three busy CPUs: late by \(expiry.meanDelay) ns on average, \(expiry.longestDelay) ns at most\n"
          as Message)
    }
    Load.isOn.store(false, ordering: .relaxed)
    while loads.popLast() != nil {}
  }

  private static func withTimer(
    on processor: Int = 0, _ body: (borrowing Timer, Expiry) throws(TestFailure) -> Void
  ) throws(TestFailure) {
    let expiry = Expiry()
    let timer: Timer
    do throws(Errno) {
      timer = try Timer(on: processor, handler: expiry)
    } catch {
      throw TestFailure(reason: "no timer: error \(error.rawValue)")
    }
    try body(timer, expiry)
  }

  private static func wait(until isDone: () -> Bool) throws(TestFailure) {
    let begin = Clock.nanoseconds
    while !isDone() {
      guard Clock.nanoseconds &- begin < 10_000_000_000 else {
        throw TestFailure(reason: "nothing has expired for ten seconds")
      }
      Machine.pause()
    }
  }

  private static func spin(nanoseconds: UInt64) {
    let begin = Clock.nanoseconds
    while Clock.nanoseconds &- begin < nanoseconds { Machine.pause() }
  }

  /// Timers that were armed in any order expire in that of their deadlines.
  private static func checkMany(count: Int) throws(TestFailure) {
    let expiry = Expiry()
    var timers = GrowableArray<Timer>()
    var random = SmallGenerator(seed: 5)
    do throws(Errno) {
      for _ in 0..<count { try timers.append(Timer(handler: expiry)) }
    } catch {
      throw TestFailure(reason: "no timer: error \(error.rawValue)")
    }
    let begin = Clock.nanoseconds + 5_000_000
    for index in 0..<count { timers[index].arm(at: begin + UInt64(random.below(20_000_000))) }
    try wait { expiry.count == count }
    try expect(expiry.disorderCount == 0, "\(expiry.disorderCount) timers were out of order")
    try expect(expiry.earlyCount == 0, "\(expiry.earlyCount) timers were early")
    while timers.popLast() != nil {}
  }
}

/// Keeps a CPU busy, with interrupts off, until it is told to stop.
private final class Load: TimerHandler {
  static let isOn = Atomic<Bool>(false)
  static let busy = Atomic<Int>(0)

  override func expire(deadline: UInt64) {
    Self.busy.add(1, ordering: .relaxed)
    while Self.isOn.load(ordering: .relaxed) { ProcessorMessages.serve() }
    Self.busy.add(-1, ordering: .relaxed)
  }
}

/// What a timer did.
private final class Expiry: TimerHandler {
  private let counter = Atomic<Int>(0)
  private let early = Atomic<Int>(0)
  private let disorder = Atomic<Int>(0)
  private let lastDeadline = Atomic<UInt64>(0)
  private let seen = Atomic<UInt64>(0)
  private let delays = Atomic<UInt64>(0)
  private let longest = Atomic<UInt64>(0)

  var meanDelay: UInt64 { delays.load(ordering: .acquiring) / UInt64(max(1, count)) }
  var longestDelay: UInt64 { longest.load(ordering: .acquiring) }

  var count: Int { counter.load(ordering: .acquiring) }
  var earlyCount: Int { early.load(ordering: .acquiring) }
  var disorderCount: Int { disorder.load(ordering: .acquiring) }
  var last: UInt64 { lastDeadline.load(ordering: .acquiring) }
  var processors: UInt64 { seen.load(ordering: .acquiring) }

  override func expire(deadline: UInt64) {
    if Clock.nanoseconds < deadline { early.add(1, ordering: .relaxed) }
    if deadline < lastDeadline.load(ordering: .relaxed) { disorder.add(1, ordering: .relaxed) }
    lastDeadline.store(deadline, ordering: .relaxed)
    let delay = Clock.nanoseconds &- deadline
    delays.add(delay, ordering: .relaxed)
    longest.max(delay, ordering: .relaxed)
    seen.bitwiseOr(1 << UInt64(Processor.current), ordering: .relaxed)
    counter.add(1, ordering: .releasing)
  }
}

/// Reads the clock on one CPU after another, each knowing what the one before read.
private final class Relay: ProcessorCall {
  static let latest = SpinLock<UInt64>(0)
  static let backwardSteps = Atomic<Int>(0)

  override func run() {
    for _ in 0..<4 {
      Self.latest.withLock { latest in
        let now = Clock.nanoseconds
        if now < latest { Self.backwardSteps.add(1, ordering: .relaxed) }
        latest = now
      }
    }
  }
}
