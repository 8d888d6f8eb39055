import TestSupport
import Testing

@testable import Time

@Suite("RateMeasurement")
struct RateMeasurementTests {
  private static func measure(
    _ machine: SimulatedMachine, by kind: CounterKind, nanoseconds: UInt64 = 10_000_000
  ) throws -> RateMeasurement? {
    RateMeasurement(
      by: try machine.source(kind), nanoseconds: nanoseconds, reference: { machine.ticks(kind) },
      ticks: { machine.ticks(.timestamp) })
  }

  private static func error(_ result: RateMeasurement, _ machine: SimulatedMachine) throws -> UInt64 {
    let right = try machine.source(.timestamp).rate
    let difference = Int64(result.rate.millihertz) - Int64(right.millihertz)
    return UInt64(difference.magnitude) * 1_000_000 / right.millihertz * 1_000
  }

  @Test("A measurement is right within its error", arguments: [CounterKind.highPrecision, .powerManagement, .interval])
  func right(_ kind: CounterKind) throws {
    var random = SeededGenerator(seed: 3)
    for _ in 0..<12 {
      let machine = SimulatedMachine()
      machine.counters[.timestamp]?.millihertz = .random(in: 500_000_000_000...6_000_000_000_000, using: &random)
      machine.counters[.timestamp]?.start = random.next()
      machine.counters[kind]?.start = random.next()
      machine.picoseconds = random.next() >> 24
      let result = try #require(try Self.measure(machine, by: kind))
      let error = try Self.error(result, machine)
      #expect(error <= result.errorPartsPerBillion + 1_000)
      #expect(result.errorPartsPerBillion < 2_000_000)
    }
  }

  @Test("Time that is stolen between readings spoils few measurements, and never three that agree")
  func stolen() throws {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<12 {
      let machine = SimulatedMachine()
      machine.beforeReading = { machine in
        // One reading in two hundred is followed by a pause of up to 3 ms.
        if random.next() % 200 == 0 { machine.pass(nanoseconds: random.next() % 3_000_000) }
      }
      let result = RateMeasurement.agreed(attempts: 8) { try? Self.measure(machine, by: .highPrecision) }
      let found = try #require(result)
      #expect(try Self.error(found, machine) <= 1_000_000)
    }
  }

  @Test("A counter whose rate wanders is found out")
  func unsteady() throws {
    let machine = SimulatedMachine()
    var rate: UInt64 = 2_000_000_000_000
    let result = RateMeasurement.agreed(attempts: 8) {
      rate += 40_000_000_000
      machine.counters[.timestamp]?.millihertz = rate
      machine.picoseconds = 0
      return try? Self.measure(machine, by: .highPrecision)
    }
    #expect(result == nil)
  }

  @Test("A yardstick that stands still ends the measurement")
  func standsStill() throws {
    let machine = SimulatedMachine()
    let source = try machine.source(.interval)
    let result = RateMeasurement(by: source, nanoseconds: 10_000_000, reference: { 5 }, ticks: { 9 })
    #expect(result == nil)
  }

  @Test("The three that agree best are taken, whatever else was measured")
  func agreement() throws {
    var rates: [UInt64] = [2_000_000, 900_000, 2_000_090, 3_000_000, 2_000_010]
    let result = RateMeasurement.agreed(attempts: 8) {
      guard let rate = CounterRate(millihertz: rates.removeFirst() * 1_000_000) else { return nil }
      return RateMeasurement(rate: rate, errorPartsPerBillion: 10_000)
    }
    #expect(result?.rate.millihertz == 2_000_010_000_000)
    #expect(result?.errorPartsPerBillion == 44_999)
  }
}
