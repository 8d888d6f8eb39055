import Scheduling
import Testing

@Suite("Fair class")
struct FairTests {
  @Test("Threads that never wait run 10 ms at a time, in turns")
  func quantum() throws {
    var processor = try SimulatedProcessor()
    let threads = (0..<5).map { SimulatedThread($0) }
    for thread in threads { processor.add(thread) }
    processor.run(until: 10 * second)
    for thread in threads {
      #expect(abs(Int64(thread.ran) - Int64(2 * second)) <= Int64(10 * millisecond))
      // The first turn of a new thread is half as long.
      #expect(thread.stretches.dropFirst(2).allSatisfy { $0 == 10 * millisecond }, "\(thread.stretches.prefix(8))")
    }
  }

  @Test("Each gets the share of its weight, for every nice value, to within one turn")
  func weights() throws {
    var processor = try SimulatedProcessor()
    let threads = (-20...19).map { SimulatedThread($0, SchedulingParameters(nice: Nice(clamping: $0))) }
    for thread in threads { processor.add(thread) }
    let total = threads.reduce(0.0) { $0 + Double($1.parameters.nice.weight) }
    var worst = 0.0
    for step in 1...200 {
      processor.run(until: UInt64(step) * second)
      for thread in threads {
        let share = Double(processor.now) * Double(thread.parameters.nice.weight) / total
        worst = max(worst, abs(Double(thread.ran) - share))
      }
    }
    #expect(worst <= 20e6)
    #expect(worst > 0)
  }

  @Test("Two threads one nice step apart get 55 and 45 % of the CPU")
  func oneStep() throws {
    var processor = try SimulatedProcessor()
    let (first, second) = (SimulatedThread(0), SimulatedThread(1, SchedulingParameters(nice: Nice(clamping: 1))))
    processor.add(first)
    processor.add(second)
    processor.run(until: 100_000 * millisecond)
    #expect(abs(Int64(first.ran / millisecond) - 55_530) < 20)
    #expect(abs(Int64(second.ran / millisecond) - 44_470) < 20)
  }

  @Test("A thread that waits often and briefly runs at once when it wakes, among any number of hogs")
  func sleepers() throws {
    for hogs in [1, 4, 32] {
      var processor = try SimulatedProcessor()
      for number in 0..<hogs { processor.add(SimulatedThread(number)) }
      let sleeper = SimulatedThread(100, burst: { 200_000 }, pause: { 50 * millisecond })
      processor.add(sleeper)
      processor.run(until: 20 * second)
      let late = sleeper.latencies.dropFirst(8)
      let worst = late.max() ?? .max
      #expect(worst <= 2 * millisecond, "\(hogs) hogs: \(worst) ns")
    }
  }

  @Test("Waiting does not earn more than a thread's share")
  func waitingEarnsNothing() throws {
    var processor = try SimulatedProcessor()
    let hog = SimulatedThread(0)
    // Wants 90 % of the CPU, gets half.
    let sleeper = SimulatedThread(1, burst: { 9 * millisecond }, pause: { millisecond })
    processor.add(hog)
    processor.add(sleeper)
    processor.run(until: 100 * second)
    #expect(Double(sleeper.ran) <= 50.5e9 / 1)
    #expect(Double(hog.ran) >= 49.5e9 / 1)
  }

  @Test("A background thread runs alone, hardly with others, and never interrupts")
  func background() throws {
    var processor = try SimulatedProcessor()
    let idle = SimulatedThread(0, SchedulingParameters(.idle))
    processor.add(idle)
    processor.run(until: second)
    #expect(idle.ran >= second - 2000)
    let hog = SimulatedThread(1)
    processor.add(hog)
    #expect(processor.running === hog)
    processor.run(until: 101 * second)
    let share = Double(idle.ran - second) / 100e9
    #expect(share < 0.005 && share > 0.001)
  }

  @Test("Whoever yields lets another run, and everybody else gets its share")
  func yielding() throws {
    var processor = try SimulatedProcessor()
    let threads = (0..<3).map { SimulatedThread($0) }
    for thread in threads { processor.add(thread) }
    for _ in 0..<30_000 {
      processor.now += 1_000
      let before = processor.running
      processor.reschedule(.yields)
      #expect(processor.running !== before)
    }
    for thread in threads { #expect(thread.ran > 9 * millisecond && thread.ran < 11 * millisecond) }
  }

  @Test("A batch thread does not interrupt when it wakes; a normal one that waited does")
  func batch() throws {
    for (policy, expected) in [(SchedulingParameters.Policy.normal, true), (.batch, false)] {
      var processor = try SimulatedProcessor()
      processor.add(SimulatedThread(0))
      let sleeper = SimulatedThread(1, SchedulingParameters(policy), burst: { 300_000 }, pause: { 70 * millisecond })
      processor.add(sleeper)
      processor.run(until: 10 * second)
      let worst = sleeper.latencies.dropFirst(8).max() ?? .max
      #expect((worst <= millisecond) == expected, "\(policy): \(worst)")
    }
  }
}
