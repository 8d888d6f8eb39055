import Foundations
import Machine
import Synchronization
import TestSupport
import Testing

import class Foundation.DispatchGroup
import class Foundation.Thread

@testable import Time

@Suite("Timekeeper and ClockData")
struct TimekeeperTests {
  /// A started clock on a simulated machine.
  private static func start(
    _ machine: SimulatedMachine, _ data: borrowing ClockData, by kind: CounterKind = .timestamp
  ) throws -> Timekeeper {
    var keeper = Timekeeper()
    keeper.start(try machine.source(kind), at: machine.ticks(kind), in: data)
    return keeper
  }

  @Test("Before it starts the clock says 0")
  func notStarted() {
    let data = ClockData()
    let machine = SimulatedMachine()
    let time = data.monotonic(machine)
    #expect(time == 0 && data.realTimeCoarse == 0)
  }

  @Test(
    "Time is what the counter says, whatever counter",
    arguments: [CounterKind.timestamp, .highPrecision, .powerManagement])
  func follows(_ kind: CounterKind) throws {
    let machine = SimulatedMachine()
    machine.counters[kind]?.start = 0xffff_f000
    let data = ClockData()
    var keeper = try Self.start(machine, data, by: kind)
    let begin = machine.picoseconds
    var random = SeededGenerator(seed: 8)
    for _ in 0..<5_000 {
      machine.pass(nanoseconds: random.next() % 2_000_000_000)
      if random.next() % 2 == 0 { machine.pass(nanoseconds: random.next() % 1_000) }
      keeper.update(data, machine)
      let time = data.monotonic(machine)
      let expected = (machine.picoseconds - begin) / 1_000
      // A tick of the power-management timer is 280 ns.
      guard time <= expected + 300, expected <= time + 300 else {
        Issue.record("the clock says \(time) at \(expected)")
        return
      }
      #expect(data.monotonicCoarse <= time)
    }
  }

  @Test("A hundred thousand updates do not lose a nanosecond")
  func noLoss() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    let begin = machine.picoseconds
    for _ in 0..<100_000 { keeper.update(data, machine) }
    let time = data.monotonic(machine)
    #expect(abs(Int64(time) - Int64((machine.picoseconds - begin) / 1_000)) <= 1)
  }

  @Test("A better rate and another counter make no step")
  func change() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    var last = data.monotonic(machine)
    var random = SeededGenerator(seed: 9)
    for _ in 0..<5_000 {
      let kind: CounterKind = [.timestamp, .highPrecision, .powerManagement][Int(random.next() % 3)]
      var source = try machine.source(kind)
      // Up to 1 % wrong.
      let wrong = source.rate.millihertz / 100_000 * (random.next() % 1_000)
      source.rate = try #require(CounterRate(millihertz: source.rate.millihertz + wrong))
      keeper.change(to: source, in: data, machine)
      let begin = machine.picoseconds
      let time = data.monotonic(machine)
      #expect(time >= last && time - last < 40_000)
      machine.pass(nanoseconds: random.next() % 10_000)
      last = data.monotonic(machine)
      #expect(last >= time && last - time <= (machine.picoseconds - begin) / 1_000 + 600)
    }
  }

  @Test("Monotonic time never goes back on CPUs whose counters differ, when it is guarded")
  func skewedModel() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    keeper.setGuarded(true, in: data)
    var random = SeededGenerator(seed: 10)
    let skews = (0..<8).map { _ in Int64(random.next() % 20_000) - 10_000 }
    var last: UInt64 = 0
    var request = TimeAdjustment()
    for step in 0..<60_000 {
      machine.skew = skews[Int(random.next() % 8)]
      switch random.next() % 16 {
      case 0: keeper.update(data, machine)
      case 1:
        request.modes = .frequency
        request.frequency = Int64(random.next() % 65_536_000) - 32_768_000
        _ = try keeper.adjust(&request, in: data, machine)
      case 2: machine.pass(nanoseconds: random.next() % 100_000)
      default: break
      }
      let time = data.monotonic(machine)
      guard time >= last else {
        Issue.record("time goes back by \(last - time) ns at step \(step)")
        return
      }
      last = time
    }
  }

  @Test("Without the guard, a counter that is behind the last update's stands still and does not wrap")
  func behind() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    machine.pass(nanoseconds: 1_000_000)
    keeper.update(data, machine)
    let before = data.monotonicCoarse
    machine.skew = -100_000
    let time = data.monotonic(machine)
    #expect(time == before)
    machine.skew = 0
    #expect(data.monotonic(machine) > before)
  }

  @Test("Time is right within a millisecond after five centuries")
  func centuries() throws {
    let machine = SimulatedMachine()
    machine.counters[.timestamp]?.millihertz = 3_000_000_000_000
    let data = ClockData()
    var keeper = Timekeeper()
    let source = try machine.source(.timestamp)
    keeper.start(source, at: 0, in: data)
    let nanoseconds: UInt64 = 500 * 365 * 86_400 * 1_000_000_000
    struct Fixed: CounterReader {
      var value: UInt64
      func ticks(_ kind: CounterKind) -> UInt64 { value }
    }
    // A 64-bit counter of 3 GHz has counted through after 195 years.
    for part in 1...10 {
      let ticks = UInt128(nanoseconds) * UInt128(part) / 10 * 3
      keeper.update(data, Fixed(value: UInt64(truncatingIfNeeded: ticks)))
    }
    let time = data.monotonicCoarse
    #expect(max(time, nanoseconds) - min(time, nanoseconds) < 1_000_000)
  }

  @Test("Real time can be set, and goes on from there; monotonic time does not notice")
  func realTime() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    machine.pass(nanoseconds: 5_000_000_000)
    let monotonic = data.monotonic(machine)
    try keeper.setRealTime(1_800_000_000_000_000_000, in: data, machine)
    let real = data.realTime(machine)
    #expect(real >= 1_800_000_000_000_000_000 && real < 1_800_000_000_000_001_000)
    #expect(data.monotonic(machine) - monotonic < 1_000)
    #expect(data.realTimeCoarse <= real)
    #expect(throws: Errno.EINVAL) { try keeper.setRealTime(1_000, in: data, machine) }
    #expect(throws: Errno.EINVAL) { try keeper.setRealTime(.max, in: data, machine) }
    #expect(data.realTime(machine) >= real)
  }

  @Test("Time spent suspended counts for boot time and real time only")
  func suspended() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    try keeper.setRealTime(1_800_000_000_000_000_000, in: data, machine)
    // The counter begins anew.
    let old = machine.ticks(.timestamp)
    machine.counters[.timestamp]?.start = 0 &- old
    keeper.addSuspended(3_600_000_000_000, in: data, machine)
    let (monotonic, boot) = (data.monotonic(machine), data.bootTime(machine))
    #expect(monotonic < 10_000 && boot >= 3_600_000_000_000 && boot < 3_600_000_010_000)
    #expect(data.realTime(machine) - 1_800_000_000_000_000_000 - 3_600_000_000_000 < 10_000)
  }

  @Test("While clocks stand still none counts; then the monotonic ones go on from there, the others ahead")
  func standingStill() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    try keeper.setRealTime(1_800_000_000_000_000_000, in: data, machine)
    machine.pass(nanoseconds: 5_000_000)
    keeper.stop(in: data, machine)
    let (monotonic, raw) = (data.monotonic(machine), data.monotonicRaw(machine))
    let (real, boot) = (data.realTime(machine), data.bootTime(machine))
    for second in 1...10 {
      machine.pass(nanoseconds: 1_000_000_000)
      #expect(data.monotonic(machine) == monotonic && data.monotonicRaw(machine) == raw)
      #expect(data.realTime(machine) == real && data.bootTime(machine) == boot)
      // Twice is as once.
      if second == 5 { keeper.stop(in: data, machine) } else { keeper.update(data, machine) }
      let still = try #require(keeper.stillNanoseconds)
      #expect(still / 1_000_000_000 == UInt64(second), "\(still)")
    }
    let still = keeper.goOn(in: data, machine)
    #expect(still >= 10_000_000_000 && still < 10_000_100_000)
    #expect(keeper.stillNanoseconds == nil)
    #expect(data.monotonic(machine) - monotonic < 10_000 && data.monotonicRaw(machine) - raw < 10_000)
    #expect(data.realTime(machine) - real - still < 10_000 && data.bootTime(machine) - boot - still < 10_000)
    machine.pass(nanoseconds: 1_000_000)
    #expect(data.monotonic(machine) - monotonic >= 1_000_000)
    // Clocks that go are not made to go on.
    #expect(keeper.goOn(in: data, machine) == 0)
  }

  @Test("Who interrupts an update on its own CPU is told the time before, and does not wait")
  func interruptedUpdate() throws {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = try Self.start(machine, data)
    machine.pass(nanoseconds: 1_000_000)
    keeper.update(data, machine)
    let last = data.monotonicCoarse
    machine.pass(nanoseconds: 1_000_000)
    // As in the middle of an update, where the non-maskable interrupt comes.
    data.writer.store(UInt64(Processor.current) + 1, ordering: .relaxed)
    data.sequence.wrappingAdd(1, ordering: .relaxed)
    let seen = data.monotonic(machine)
    #expect(seen == last)
    data.sequence.wrappingAdd(1, ordering: .relaxed)
    data.writer.store(0, ordering: .relaxed)
    #expect(data.monotonic(machine) > last)
  }

  /// A clock that several threads read while one changes it.
  private final class Shared: Sendable {
    let data = ClockData()
    let keeper = SpinLock(Timekeeper())
    let latest = Atomic<UInt64>(0)
    let ticks = Atomic<UInt64>(1 << 40)
    let isOver = Atomic<Bool>(false)
    let reversals = Atomic<Int>(0)

    struct Counters: CounterReader {
      let shared: Shared
      let processor: Int
      // One counter for all threads, as perfectly synchronized CPUs have.
      func ticks(_ kind: CounterKind) -> UInt64 {
        shared.ticks.wrappingAdd(13, ordering: .sequentiallyConsistent).newValue
      }
    }
  }

  @Test("Threads that read while another bends and changes the clock never see time go back")
  func threads() throws {
    let shared = Shared()
    let counters = Shared.Counters(shared: shared, processor: 0)
    let machine = SimulatedMachine()
    let source = try machine.source(.timestamp)
    shared.keeper.withLock { $0.start(source, at: 1 << 40, in: shared.data) }
    let group = DispatchGroup()
    for number in 1...3 {
      let counters = Shared.Counters(shared: shared, processor: number)
      group.enter()
      Thread.detachNewThread {
        while !shared.isOver.load(ordering: .relaxed) {
          // What was told before this reading began, to whomever.
          let earlier = shared.latest.load(ordering: .acquiring)
          let time = shared.data.monotonic(counters)
          if time < earlier { shared.reversals.add(1, ordering: .relaxed) }
          shared.latest.max(time, ordering: .acquiringAndReleasing)
        }
        group.leave()
      }
    }
    var random = SeededGenerator(seed: 11)
    for _ in 0..<4_000 {
      var request = TimeAdjustment()
      request.modes = .frequency
      request.frequency = Int64(random.next() % 65_536_000) - 32_768_000
      let result = shared.keeper.withLock { keeper in
        try? keeper.adjust(&request, in: shared.data, counters)
      }
      #expect(result != nil)
    }
    shared.isOver.store(true, ordering: .relaxed)
    group.wait()
    #expect(shared.reversals.load(ordering: .relaxed) == 0)
  }

  @Test("What is told at once is what is told otherwise; nothing is while that is not sure")
  func atOnce() throws {
    let data = ClockData()
    // So slow that two readings of the host's counter are at most one apart, whatever CPUs they come from.
    data.baseTicks.store(TimestampCounter.now, ordering: .relaxed)
    data.multiplier.store(1 << 12, ordering: .relaxed)
    data.base.store(5_000_000, ordering: .relaxed)
    for _ in 0..<100 {
      let before = data.monotonic(MachineCounters())
      let found = data.monotonicAtOnce()
      let time = try #require(found)
      let after = data.monotonic(MachineCounters())
      #expect(before >= 5_000_000 && before &- 1 <= time && time <= after &+ 1)
    }
    // Counters that go backwards are taken to stand still.
    data.baseTicks.store(TimestampCounter.now &+ 1 << 60, ordering: .relaxed)
    let still = data.monotonicAtOnce()
    #expect(still == 5_000_000)
    func expectNothing() {
      let time = data.monotonicAtOnce()
      #expect(time == nil)
    }
    data.sequence.store(1, ordering: .relaxed)
    expectNothing()
    data.sequence.store(2, ordering: .relaxed)
    data.isGuarded.store(1, ordering: .relaxed)
    expectNothing()
    data.isGuarded.store(0, ordering: .relaxed)
    data.kind.store(CounterKind.highPrecision.rawValue, ordering: .relaxed)
    expectNothing()
    data.kind.store(CounterKind.timestamp.rawValue, ordering: .relaxed)
    let again = data.monotonicAtOnce()
    #expect(again == 5_000_000)
  }
}
