import Scheduling
import TestSupport
import Testing

@Suite("Real-time class")
struct RealTimeTests {
  private func fifo(_ name: Int, _ priority: UInt8) -> SimulatedThread {
    SimulatedThread(
      name, SchedulingParameters(.fifo, priority: priority), burst: { 5 * millisecond }, pause: { second })
  }

  private func roundRobin(_ name: Int, _ priority: UInt8) -> SimulatedThread {
    SimulatedThread(name, SchedulingParameters(.roundRobin, priority: priority))
  }

  @Test("All 99 priorities run in order, whatever order they come in, and first come first within one")
  func order() throws {
    var processor = try SimulatedProcessor()
    var random = SeededGenerator(seed: 1)
    var expected: [Int] = []
    var counts = [Int](repeating: 0, count: 100)
    // One above all, so that nothing runs before all have come.
    processor.add(SimulatedThread(-1, SchedulingParameters(.fifo, priority: 99), burst: { 1 }, pause: { second }))
    for priority in (1...99).map({ UInt8($0) }).flatMap({ [$0, $0, $0] }).shuffled(using: &random) {
      processor.add(fifo(Int(priority) * 10 + counts[Int(priority)], priority))
      counts[Int(priority)] += 1
    }
    for priority in (1...99).reversed() { for number in 0..<3 { expected.append(priority * 10 + number) } }
    processor.run(until: 2 * second)
    #expect(Array(processor.order.dropFirst().prefix(150)) == Array(expected.prefix(150)))
  }

  @Test("Round-robin threads take turns of 100 ms; a FIFO thread of the same priority keeps the CPU")
  func turns() throws {
    var processor = try SimulatedProcessor()
    let threads = (0..<3).map { roundRobin($0, 50) }
    for thread in threads { processor.add(thread) }
    processor.run(until: 3 * second)
    for thread in threads { #expect(thread.stretches.allSatisfy { $0 == 100 * millisecond }) }
    #expect(Array(processor.order.prefix(6)) == [0, 1, 2, 0, 1, 2])
    processor.add(SimulatedThread(9, SchedulingParameters(.fifo, priority: 50)))
    processor.run(until: 10 * second)
    #expect(processor.running?.name == 9)
  }

  @Test("One that is interrupted goes on before others of its priority, with the rest of its turn")
  func interrupted() throws {
    var processor = try SimulatedProcessor()
    processor.add(roundRobin(0, 10))
    processor.add(roundRobin(1, 10))
    processor.run(until: 40 * millisecond)
    processor.add(
      SimulatedThread(2, SchedulingParameters(.fifo, priority: 20), burst: { millisecond }, pause: { second }))
    #expect(processor.running?.name == 2)
    processor.run(until: 50 * millisecond)
    #expect(processor.running?.name == 0)
    processor.run(until: 102 * millisecond)
    #expect(processor.running?.name == 1)
  }

  @Test("With others waiting the class gets 950 ms of each second, alone it gets everything")
  func throttling() throws {
    var processor = try SimulatedProcessor()
    let wild = SimulatedThread(0, SchedulingParameters(.fifo, priority: 99))
    processor.add(wild)
    processor.run(until: 10 * second)
    #expect(wild.ran == 10 * second - 1000)
    let shell = SimulatedThread(1)
    processor.add(shell)
    processor.run(until: 20 * second)
    #expect(shell.ran == 500 * millisecond)
    #expect(wild.ran == 19_500 * millisecond - 1000)
  }

  @Test("Raising a waiting thread puts it behind its new equals, lowering one before them")
  func changes() throws {
    var processor = try SimulatedProcessor()
    processor.add(SimulatedThread(99, SchedulingParameters(.fifo, priority: 99), burst: { 100 }, pause: { second }))
    let threads = [10, 20, 20, 30].enumerated().map { fifo($0.offset, $0.element) }
    for thread in threads { processor.add(thread) }
    let middle = SchedulingParameters(.fifo, priority: 20)
    _ = processor.queue.setParameters(of: threads[0], to: middle, at: processor.now)
    _ = processor.queue.setParameters(of: threads[3], to: middle, at: processor.now)
    processor.run(until: 50 * millisecond)
    #expect(processor.order == [99, 3, 1, 2, 0])
  }

  @Test("Yielding goes behind equals, and does nothing without any")
  func yielding() throws {
    var processor = try SimulatedProcessor()
    for number in 0..<3 { processor.add(SimulatedThread(number, SchedulingParameters(.fifo, priority: 5))) }
    processor.add(SimulatedThread(7))
    for expected in [1, 2, 0, 1] {
      processor.now += 1_000
      processor.reschedule(.yields)
      #expect(processor.running?.name == expected)
    }
  }

  @Test("Classes above run first: stop, deadline, real-time, fair, background")
  func classes() throws {
    var processor = try SimulatedProcessor()
    let reservation = Reservation(runtime: 2 * millisecond, deadline: 10 * millisecond, period: second)
    let all: [SchedulingParameters] = [
      SchedulingParameters(.idle), SchedulingParameters(nice: .lowest), SchedulingParameters(.fifo, priority: 1),
      SchedulingParameters(.deadline, reservation: reservation), SchedulingParameters(.stop),
    ]
    for (number, parameters) in all.enumerated() {
      processor.add(SimulatedThread(number, parameters, burst: { millisecond }, pause: { second }))
      #expect(processor.running?.name == number)
    }
    processor.run(until: 8 * millisecond)
    #expect(processor.order == [0, 1, 2, 3, 4, 3, 2, 1, 0])
  }
}
