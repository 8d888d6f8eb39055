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
          expiry.arm(timer, after: UInt64(1_000 + round % 37 * 500))
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
        expiry.arm(timer, after: 20_000_000)
        try expect(timer.cancel() == .cancelled, "it was not armed")
        try expect(timer.cancel() == .notArmed, "it was armed twice")
        spin(nanoseconds: 40_000_000)
        try expect(expiry.count == 0, "\(expiry.count) expiries")
      }
    }
    registrar.test("timers.armed-anew-they-expire-once") { () throws(TestFailure) in
      try withTimer { timer, expiry throws(TestFailure) in
        timer.arm(after: 10_000_000_000)
        timer.arm(after: 50_000_000)
        expiry.arm(timer, after: 2_000_000)
        try wait { expiry.count > 0 }
        spin(nanoseconds: 60_000_000)
        try expect(expiry.count == 1, "\(expiry.count) expiries")
      }
    }
    registrar.test("timers.periodic-ones-do-not-drift") { () throws(TestFailure) in
      try withTimer { timer, expiry throws(TestFailure) in
        let period: UInt64 = 500_000
        let begin = Clock.nanoseconds
        expiry.arm(timer, at: begin + period, period: period)
        try wait { expiry.count >= 100 }
        timer.cancel()
        let (count, periods) = (expiry.count, expiry.periods)
        let elapsed = Clock.nanoseconds - begin
        // Each period is told of once, with its handler's run or with a later one's.
        try expect(periods >= UInt64(count) && periods <= elapsed / period, "\(periods) periods in \(elapsed) ns")
        try expect(expiry.earlyCount == 0, "\(expiry.earlyCount) expiries were early")
        spin(nanoseconds: 5_000_000)
        try expect(expiry.count == count, "it goes on after it was stopped")
      }
    }
    registrar.test("timers.of-other-cpus", on: four) { () throws(TestFailure) in
      for processor in 0..<4 {
        try withTimer(on: processor) { timer, expiry throws(TestFailure) in
          for round in 0..<200 {
            expiry.arm(timer, after: 50_000)
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
        expiry.arm(timer, after: 200_000)
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
      timer = try Timer(on: processor, handler: ExpiryHandler(expiry))
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
    var expiries = GrowableArray<Expiry>()
    var timers = GrowableArray<Timer>()
    var random = SmallGenerator(seed: 5)
    Expiry.disorder.store(0, ordering: .relaxed)
    Expiry.lastDeadline.store(0, ordering: .relaxed)
    do throws(Errno) {
      for _ in 0..<count {
        let expiry = Expiry()
        try timers.append(Timer(handler: ExpiryHandler(expiry)))
        try expiries.append(expiry)
      }
    } catch {
      throw TestFailure(reason: "no timer: error \(error.rawValue)")
    }
    let begin = Clock.nanoseconds + 5_000_000
    // All before the first expires, however slow the machine is: one armed late may expire after a later one.
    Processor.withoutInterrupts {
      for index in 0..<count { expiries[index].arm(timers[index], at: begin + UInt64(random.below(20_000_000))) }
    }
    for index in 0..<count { try wait { expiries[index].count == 1 } }
    let disorder = Expiry.disorder.load(ordering: .acquiring)
    try expect(disorder == 0, "\(disorder) timers were out of order")
    for index in 0..<count { try expect(expiries[index].earlyCount == 0, "timer \(index) was early") }
    while timers.popLast() != nil {}
  }
}

/// Keeps a CPU busy, with interrupts off, until it is told to stop.
private final class Load: TimerHandler {
  static let isOn = Atomic<Bool>(false)
  static let busy = Atomic<Int>(0)

  override func timerExpired(now: UInt64, expirations: UInt64) {
    Self.busy.add(1, ordering: .relaxed)
    while Self.isOn.load(ordering: .relaxed) { ProcessorMessages.serve() }
    Self.busy.add(-1, ordering: .relaxed)
  }
}

/// What a timer did.
private final class Expiry: Sendable {
  /// How often a deadline came before that of a timer that had expired, over all timers.
  static let disorder = Atomic<Int>(0)
  static let lastDeadline = Atomic<UInt64>(0)

  private let deadline = Atomic<UInt64>(0)
  private let counter = Atomic<Int>(0)
  private let early = Atomic<Int>(0)
  private let seen = Atomic<UInt64>(0)
  private let delays = Atomic<UInt64>(0)
  private let longest = Atomic<UInt64>(0)
  private let allPeriods = Atomic<UInt64>(0)

  var count: Int { counter.load(ordering: .acquiring) }
  var earlyCount: Int { early.load(ordering: .acquiring) }
  var processors: UInt64 { seen.load(ordering: .acquiring) }
  var periods: UInt64 { allPeriods.load(ordering: .acquiring) }
  var meanDelay: UInt64 { delays.load(ordering: .acquiring) / UInt64(max(1, count)) }
  var longestDelay: UInt64 { longest.load(ordering: .acquiring) }

  func arm(_ timer: borrowing Timer, at time: UInt64, period: UInt64 = 0) {
    deadline.store(time, ordering: .releasing)
    timer.arm(at: time, period: period)
  }

  func arm(_ timer: borrowing Timer, after nanoseconds: UInt64) { arm(timer, at: Clock.nanoseconds + nanoseconds) }

  fileprivate func note(_ expirations: UInt64) {
    let now = Clock.nanoseconds
    let wanted = deadline.load(ordering: .acquiring)
    if now < wanted { early.add(1, ordering: .relaxed) }
    if wanted < Self.lastDeadline.exchange(wanted, ordering: .relaxed) { Self.disorder.add(1, ordering: .relaxed) }
    delays.add(now &- wanted, ordering: .relaxed)
    longest.max(now &- wanted, ordering: .relaxed)
    allPeriods.add(expirations, ordering: .relaxed)
    seen.bitwiseOr(1 << UInt64(Processor.current), ordering: .relaxed)
    counter.add(1, ordering: .releasing)
  }
}

private final class ExpiryHandler: TimerHandler {
  private let expiry: Expiry

  init(_ expiry: Expiry) {
    self.expiry = expiry
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { expiry.note(expirations) }
}
