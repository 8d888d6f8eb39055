import Scheduling
import TestSupport
import Testing

@Suite("Deadline class")
struct DeadlineTests {
  private func periodic(_ name: Int, _ runtime: UInt64, _ period: UInt64, work: UInt64? = nil) -> SimulatedThread {
    let parameters = SchedulingParameters(
      .deadline,
      reservation: Reservation(
        runtime: runtime * millisecond, deadline: period * millisecond, period: period * millisecond))
    return SimulatedThread(name, parameters, burst: { work ?? .max })
  }

  @Test("A thread that never stops gets its run time in each period, and others the rest")
  func bandwidth() throws {
    var processor = try SimulatedProcessor()
    let wild = periodic(0, 3, 10)
    let hog = SimulatedThread(1)
    processor.add(hog)
    processor.add(wild)
    processor.run(until: 10 * second)
    #expect(abs(Int64(wild.ran) - Int64(3 * second)) <= Int64(3 * millisecond))
    #expect(abs(Int64(hog.ran) - Int64(7 * second)) <= Int64(3 * millisecond))
    #expect(wild.stretches.allSatisfy { $0 == 3 * millisecond })
  }

  @Test("No deadline is missed up to the use of nearly all of the CPU, with real-time and fair hogs around")
  func feasible() throws {
    var random = SeededGenerator(seed: 7)
    for round in 0..<40 {
      var processor = try SimulatedProcessor()
      var left: UInt64 = 1 << 20
      var threads: [SimulatedThread] = []
      while left > 1 << 14, threads.count < 20 {
        let period = UInt64.random(in: 5...200, using: &random)
        let runtime = UInt64.random(in: 1...max(1, period * left >> 20 / 2 + 1), using: &random)
        let reservation = Reservation(runtime: runtime, deadline: period, period: period)
        guard reservation.bandwidth < left else { break }
        left -= reservation.bandwidth
        threads.append(periodic(threads.count, runtime, period))
      }
      processor.add(SimulatedThread(100))
      processor.add(SimulatedThread(101, SchedulingParameters(.fifo, priority: 99)))
      for thread in threads { processor.add(thread) }
      let start = processor.now
      processor.run(until: start + 4 * second)
      for thread in threads {
        let reservation = thread.parameters.reservation
        let periods = 4 * second / reservation.period
        #expect(thread.ran >= periods * reservation.runtime, "round \(round), thread \(thread.name)")
        #expect(thread.ran <= (periods + 1) * reservation.runtime, "round \(round), thread \(thread.name)")
      }
    }
  }

  @Test("The earliest deadline runs first")
  func order() throws {
    var processor = try SimulatedProcessor()
    for (number, period) in [50, 20, 90, 10, 70].enumerated() {
      processor.add(periodic(number, 2, UInt64(period)))
      processor.now += 1
    }
    // Each interrupts those that are due later; then they go on in the order of their deadlines.
    processor.run(until: 9 * millisecond)
    #expect(processor.order == [0, 1, 3, 1, 0, 4, 2].prefix(processor.order.count).map { $0 })
    #expect(processor.order.count >= 6)
  }

  @Test("One that waits in between cannot save run time up for a burst")
  func noHoarding() throws {
    var processor = try SimulatedProcessor()
    let sleeper = periodic(0, 5, 20)
    var isShort = true
    sleeper.burst = {
      isShort.toggle()
      return isShort ? 4 * millisecond : 60 * millisecond
    }
    sleeper.pause = { 7 * millisecond }
    let other = periodic(1, 14, 20)
    processor.add(other)
    processor.add(sleeper)
    processor.run(until: 20 * second)
    // The other is promised 14 of each 20 ms.
    #expect(other.ran >= 14 * second - 14 * millisecond)
    #expect(sleeper.ran <= 5 * second + 5 * millisecond)
  }

  @Test("Yielding gives up the rest of the period")
  func yielding() throws {
    var processor = try SimulatedProcessor()
    let thread = periodic(0, 5, 20)
    processor.add(thread)
    processor.add(SimulatedThread(1))
    let start = processor.now
    processor.now += millisecond
    processor.reschedule(.yields)
    #expect(processor.running?.name == 1)
    processor.run(until: start + 20 * millisecond - 1)
    #expect(thread.ran == millisecond)
    processor.run(until: start + 22 * millisecond)
    #expect(processor.running === thread)
    processor.run(until: start + 30 * millisecond)
    #expect(thread.ran == 6 * millisecond)
  }
}
