import Foundations
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
