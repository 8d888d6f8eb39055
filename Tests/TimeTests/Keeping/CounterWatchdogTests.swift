import Machine
import Synchronization
import TestSupport
import Testing

import class Foundation.DispatchGroup
import class Foundation.Thread

@testable import Time

@Suite("CounterWatchdog and TimestampExchange")
struct CounterWatchdogTests {
  private static func watchdog(_ machine: SimulatedMachine, by kind: CounterKind) throws -> CounterWatchdog {
    CounterWatchdog(
      try machine.source(.timestamp, errorPartsPerBillion: 100_000),
      by: try machine.source(kind, errorPartsPerBillion: 100_000))
  }

  @Test(
    "A steady counter stays, however much time is stolen", arguments: [CounterKind.highPrecision, .powerManagement])
  func steady(_ kind: CounterKind) throws {
    let machine = SimulatedMachine()
    var watchdog = try Self.watchdog(machine, by: kind)
    var random = SeededGenerator(seed: 13)
    machine.beforeReading = { machine in
      if random.next() % 20 == 0 { machine.pass(nanoseconds: random.next() % 10_000_000) }
    }
    var conclusive = 0
    var pause = SeededGenerator(seed: 14)
    var last = machine.picoseconds
    for _ in 0..<600 {
      machine.pass(nanoseconds: 500_000_000 + pause.next() % 500_000_000)
      let verdict = watchdog.check(interval: (machine.picoseconds - last) / 1_000, machine)
      last = machine.picoseconds
      if case .agrees = verdict { conclusive += 1 }
      #expect(verdict != .unsteady)
    }
    #expect(conclusive > 450)
  }

  @Test("A counter that changes its rate by a thousandth is dropped, but not at the first comparison")
  func unsteady() throws {
    let machine = SimulatedMachine()
    var watchdog = try Self.watchdog(machine, by: .highPrecision)
    var verdicts: [CounterWatchdog.Verdict] = []
    for round in 0..<20 {
      machine.pass(nanoseconds: 500_000_000)
      if round == 10 {
        let old = machine.ticks(.timestamp)
        machine.counters[.timestamp]?.millihertz += 2_096_000_000
        machine.counters[.timestamp]?.start = 0
        let new = machine.ticks(.timestamp)
        machine.counters[.timestamp]?.start = old &- new
        continue
      }
      verdicts.append(watchdog.check(interval: round == 11 ? 1_000_000_000 : 500_000_000, machine))
      if verdicts.last == .unsteady { break }
    }
    #expect(verdicts.last == .unsteady && verdicts.count >= 12)
    #expect(verdicts[1..<10].allSatisfy { if case .agrees = $0 { true } else { false } })
  }

  @Test("One jump does not drop a counter")
  func jump() throws {
    let machine = SimulatedMachine()
    var watchdog = try Self.watchdog(machine, by: .highPrecision)
    var suspicious = 0
    for round in 0..<100 {
      machine.pass(nanoseconds: 500_000_000)
      if round == 50 { machine.skew = 1_000_000_000 }
      let verdict = watchdog.check(interval: 500_000_000, machine)
      if case .suspicious = verdict { suspicious += 1 }
      #expect(verdict != .unsteady)
    }
    #expect(suspicious == 1)
  }

  @Test("The offset of simulated CPUs lies within the bounds that were found, and the narrowest exchange counts")
  func offsets() {
    var random = SeededGenerator(seed: 15)
    for _ in 0..<5_000 {
      let skew = Int64(bitPattern: random.next() >> 16) - (1 << 46)
      var offset = ClockOffset()
      var time: UInt64 = random.next() >> 8
      for _ in 0..<64 {
        let sent = time
        let pause = random.next() % 10 == 0 ? random.next() % 1_000_000 : 0
        time += 40 + random.next() % 200 + pause
        let answered = time &+ UInt64(bitPattern: skew)
        time += 40 + random.next() % 200
        offset.add(before: sent, remote: answered, after: time)
      }
      #expect(offset.lowest <= skew && skew <= offset.highest && !offset.isUnsteady)
      #expect((offset.estimate - skew).magnitude <= offset.error && offset.error < 500)
      #expect(offset.mayBeZero == (offset.lowest <= 0 && offset.highest >= 0))
    }
  }

  @Test("A counter that jumps between two exchanges is found out")
  func jumps() {
    var offset = ClockOffset()
    offset.add(before: 100, remote: 1_150, after: 200)
    #expect(offset.lowest == 950 && offset.highest == 1_050 && !offset.isUnsteady)
    offset.add(before: 300, remote: 5_350, after: 400)
    #expect(offset.isUnsteady && offset.error == .max)
  }

  /// One counter for all threads.
  private final class World: Sendable {
    let ticks = Atomic<UInt64>(1_000_000)
    func read() -> UInt64 { ticks.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }
  }

  @Test("Two threads find out how far their counters are apart")
  func threads() {
    let world = World()
    let group = DispatchGroup()
    group.enter()
    Thread.detachNewThread {
      TimestampExchange.answer(5, ticks: { world.read() &+ 123_456 }, pause: {}, wake: {})
      group.leave()
    }
    TimestampExchange.begin(5, sleep: {})
    let offset = TimestampExchange.ask(goal: 4, limit: .max / 2, ticks: { world.read() }, pause: {})
    TimestampExchange.finish()
    group.wait()
    #expect(offset.exchanges >= 4 && !offset.isUnsteady && !offset.mayBeZero)
    #expect(offset.lowest <= 123_456 && offset.highest >= 123_456)
  }
}
