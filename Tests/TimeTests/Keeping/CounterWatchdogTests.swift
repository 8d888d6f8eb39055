import Machine
import Synchronization
import Testing

import class Foundation.DispatchGroup
import class Foundation.Thread

@testable import Time

@Suite("CounterWatchdog and CounterMeeting")
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

  @Test("The offset of simulated CPUs is found within its uncertainty, and the narrowest exchange counts")
  func offsets() {
    var random = SeededGenerator(seed: 15)
    for _ in 0..<5_000 {
      let skew = random.next()
      var offset = CounterOffset()
      var time: UInt64 = random.next() >> 8
      for _ in 0..<64 {
        let sent = time
        let pause = random.next() % 10 == 0 ? random.next() % 1_000_000 : 0
        time += 40 + random.next() % 200 + pause
        let answered = time &+ skew
        time += 40 + random.next() % 200
        offset.add(sent: sent, answered: answered, received: time)
      }
      let error = offset.ticks &- skew
      #expect(min(error, 0 &- error) <= offset.uncertainty && offset.uncertainty < 500)
    }
  }

  /// One counter for all threads.
  private final class World: Sendable {
    let meeting = CounterMeeting()
    let ticks = Atomic<UInt64>(1_000_000)
    let warp = Atomic<UInt64>(.max)
    let replied = Atomic<Bool>(false)
    func read() -> UInt64 { ticks.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue }
  }

  @Test("Two threads measure how far their counters are apart, and afterwards time does not go back between them")
  func threads() throws {
    let world = World()
    let skew: UInt64 = 0 &- 123_456
    let group = DispatchGroup()
    group.enter()
    Thread.detachNewThread {
      let replied = world.meeting.reply(rounds: 2_000) { world.read() }
      world.replied.store(replied, ordering: .relaxed)
      _ = world.meeting.largestWarp(rounds: 2_000) { world.read() }
      group.leave()
    }
    let offset = try #require(world.meeting.ask(rounds: 2_000) { world.read() &+ skew })
    let error = offset.ticks &+ skew
    #expect(min(error, 0 &- error) <= offset.uncertainty && !offset.isWithinUncertainty)
    let correction = 0 &- skew
    let warp = try #require(world.meeting.largestWarp(rounds: 2_000) { world.read() &+ skew &+ correction })
    group.wait()
    #expect(warp == 0 && world.replied.load(ordering: .relaxed))
  }

  @Test("Counters that are apart are seen to go back")
  func warp() throws {
    let world = World()
    let group = DispatchGroup()
    group.enter()
    Thread.detachNewThread {
      _ = world.meeting.largestWarp(rounds: 2_000) { world.read() }
      group.leave()
    }
    let warp = world.meeting.largestWarp(rounds: 2_000) { world.read() &+ 5_000_000 }
    group.wait()
    #expect(try #require(warp) > 4_000_000)
  }
}
