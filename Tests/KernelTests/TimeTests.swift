import Foundations
import Interrupts
import Machine
import Synchronization
import Time

/// The clock and timers on the machine's own counters and interrupts.
enum TimeTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("time.never-goes-back-on-any-cpu", on: TestMachine(memory: "256M", processorCount: 4)) {
      () throws(TestFailure) in
      ReadingCall.reversals.store(0, ordering: .relaxed)
      ProcessorMessages.call(ReadingCall(), on: .max)
      let readings = ReadingCall.readings.load(ordering: .acquiring)
      try expect(readings == 3 * ReadingCall.rounds, "\(readings) of \(3 * ReadingCall.rounds) readings were made")
      let reversals = ReadingCall.reversals.load(ordering: .acquiring)
      try expect(reversals == 0, "time went back \(reversals) times")
    }
    registrar.test("time.another-counter-makes-no-step") { () throws(TestFailure) in
      try checkChange()
    }
    registrar.test("time.the-date-is-known") { () throws(TestFailure) in
      // The beginning of 2024: no machine that runs this has an older date.
      let seconds = Clock.realTime / 1_000_000_000
      try expect(seconds > 1_704_067_200, "it is second \(seconds) of 1970")
      let request = TimeAdjustment()
      try expect(request.modes.isEmpty, "a new request asks for a change")
    }
    registrar.test("time.ten-thousand-timers-expire") { () throws(TestFailure) in
      try checkTimers()
    }
  }

  private static func checkChange() throws(TestFailure) {
    guard let first = Clock.source else { throw TestFailure(reason: "no counter tells the time") }
    var last = Clock.nanoseconds
    for round in 0..<20_000 {
      // The same counter at a rate that is 0.1 % off, and back.
      let change = round % 2 == 0 ? first.rate.millihertz / 1_000 : 0
      guard let rate = CounterRate(millihertz: first.rate.millihertz + change) else { continue }
      var source = first
      source.rate = rate
      Clock.change(to: source)
      let now = Clock.nanoseconds
      if now < last { throw TestFailure(reason: "time went back by \(last - now) ns") }
      last = now
    }
    Clock.change(to: first)
  }

  /// Timers that arm themselves again and again: none is early, none is lost.
  private static func checkTimers() throws(TestFailure) {
    LocalTimer.disarm()
    let queue = TimerQueue(device: TestDevice()) { Clock.nanoseconds }
    let handler = TestVectorHandler(queue)
    Repetition.expiries.store(0, ordering: .relaxed)
    Repetition.early.store(0, ordering: .relaxed)
    VectorHandlers.set(handler, for: InterruptVector.localTimer.rawValue, on: 0)
    defer {
      VectorHandlers.set(nil, for: InterruptVector.localTimer.rawValue, on: 0)
      LocalTimer.disarm()
    }
    do throws(Errno) {
      for index in 0..<Repetition.timerCount {
        let repetition = Repetition(queue, UInt64(index))
        repetition.begin(try queue.makeTimer(RepeatingTimer(repetition)))
      }
    } catch { throw TestFailure(reason: "error \(error.rawValue)") }
    let begin = Clock.nanoseconds
    let wanted = Repetition.timerCount * Repetition.rounds
    while Repetition.expiries.load(ordering: .acquiring) < wanted, Clock.nanoseconds - begin < 30_000_000_000 {
      Machine.pause()
    }
    let (expiries, early) = (
      Repetition.expiries.load(ordering: .acquiring), Repetition.early.load(ordering: .acquiring)
    )
    try expect(expiries == wanted, "\(expiries) of \(wanted) timers expired")
    try expect(early == 0, "\(early) timers were early")
    try expect(queue.armedCount == 0, "\(queue.armedCount) timers are still armed")
  }
}

/// Reads the clock beside other CPUs.
private final class ReadingCall: ProcessorCall {
  static let rounds = 20_000
  static let latest = Atomic<UInt64>(0)
  static let readings = Atomic<Int>(0)
  static let reversals = Atomic<Int>(0)

  override func run() {
    for _ in 0..<Self.rounds {
      // What was told to any CPU before this reading began.
      let earlier = Self.latest.load(ordering: .acquiring)
      let now = Clock.nanoseconds
      if now < earlier { Self.reversals.add(1, ordering: .relaxed) }
      Self.latest.max(now, ordering: .acquiringAndReleasing)
      Self.readings.add(1, ordering: .relaxed)
    }
  }
}

private final class TestDevice: TimerDevice {
  override func arm(nanoseconds: UInt64) { LocalTimer.arm(nanoseconds: nanoseconds) }
  override func disarm() { LocalTimer.disarm() }
}

private final class TestVectorHandler: VectorHandler {
  private let queue: TimerQueue

  init(_ queue: TimerQueue) {
    self.queue = queue
    super.init()
  }

  override func handle(_ vector: UInt8) { queue.interrupt(now: Clock.nanoseconds) }
}

/// A timer that arms itself anew until it has expired often enough.
private final class RepeatingTimer: TimerHandler {
  private let repetition: Repetition

  init(_ repetition: Repetition) {
    self.repetition = repetition
    super.init()
  }

  override func timerExpired(now: UInt64, expirations: UInt64) { repetition.timerExpired(now: now) }
}

/// What such a timer is about.
private final class Repetition: Sendable {
  static let timerCount = 50
  static let rounds = 200
  static let expiries = Atomic<Int>(0)
  static let early = Atomic<Int>(0)

  private struct State {
    var number: TimerNumber?
    var deadline: UInt64 = 0
    var count = 0
  }

  private let queue: TimerQueue
  private let step: UInt64
  private let state = SpinLock(State())

  init(_ queue: TimerQueue, _ index: UInt64) {
    self.queue = queue
    step = 10_000 + index * 3_700
  }

  func begin(_ number: TimerNumber) {
    state.withLock { $0.number = number }
    arm()
  }

  private func arm() {
    let deadline = Clock.nanoseconds + step
    let number = state.withLock { state -> TimerNumber? in
      state.deadline = deadline
      return state.number
    }
    guard let number else { return }
    do throws(Errno) { try queue.arm(number, deadline: deadline) } catch { Self.early.add(1, ordering: .relaxed) }
  }

  func timerExpired(now: UInt64) {
    let (deadline, count) = state.withLock { state -> (UInt64, Int) in
      state.count += 1
      return (state.deadline, state.count)
    }
    if now < deadline || Clock.nanoseconds < deadline { Self.early.add(1, ordering: .relaxed) }
    Self.expiries.add(1, ordering: .releasing)
    if count < Self.rounds { arm() }
  }
}
