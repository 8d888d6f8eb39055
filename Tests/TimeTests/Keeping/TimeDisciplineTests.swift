import Foundations
import TestSupport
import Testing

@testable import Time

@Suite("TimeDiscipline")
struct TimeDisciplineTests {
  /// A clock that is wrong, on a machine whose counter is `partsPerMillion` faster than it says.
  private final class Clock {
    let machine = SimulatedMachine()
    let data = ClockData()
    var keeper = Timekeeper()
    /// The true time less the clock's at the start, in nanoseconds.
    let begin: UInt64 = 1_800_000_000_000_000_000

    init(partsPerMillion: Int64) throws {
      var source = try machine.source(.timestamp)
      let change = Int64(source.rate.millihertz) / 1_000_000 * partsPerMillion
      source.rate = try #require(CounterRate(millihertz: UInt64(Int64(source.rate.millihertz) - change)))
      keeper.start(source, at: machine.ticks(.timestamp), in: data)
      machine.picoseconds = 0
      keeper.start(source, at: machine.ticks(.timestamp), in: data)
      try keeper.setRealTime(begin, in: data, machine)
    }

    /// The clock's error now, in nanoseconds.
    var error: Int64 { Int64(data.realTime(machine)) - Int64(begin + machine.picoseconds / 1_000) }

    func pass(seconds: Int) {
      for _ in 0..<seconds {
        machine.pass(nanoseconds: 1_000_000_000)
        keeper.update(data, machine)
      }
    }

    func adjust(_ change: (inout TimeAdjustment) -> Void) throws -> TimeAdjustment {
      var request = TimeAdjustment()
      change(&request)
      _ = try keeper.adjust(&request, in: data, machine)
      return request
    }
  }

  @Test("A frequency is set, to the ppm", arguments: [100 as Int64, -37, 500, -500, 0])
  func frequency(_ partsPerMillion: Int64) throws {
    let clock = try Clock(partsPerMillion: partsPerMillion)
    let request = try clock.adjust {
      $0.modes = .frequency
      $0.frequency = -partsPerMillion << 16
    }
    #expect(request.frequency == -partsPerMillion << 16)
    let before = clock.error
    clock.pass(seconds: 100)
    // (1 + p)(1 - p) is p² less than 1: 250 ns a second at 500 ppm.
    #expect(abs(clock.error - before) < 100 * 300)
  }

  @Test("The loop takes a clock that is 80 ppm wrong and 5 ms off, and holds it within 20 µs")
  func loop() throws {
    let clock = try Clock(partsPerMillion: 80)
    _ = try clock.adjust {
      $0.modes = [.status, .timeConstant, .nanoseconds]
      $0.status = .phaseLocked
      $0.constant = 2
    }
    for _ in 0..<400 {
      clock.pass(seconds: 16)
      let error = clock.error
      _ = try clock.adjust {
        $0.modes = [.offset, .nanoseconds]
        $0.offset = -error
      }
    }
    #expect(abs(clock.error) < 20_000)
    let state = try clock.adjust { _ in }
    #expect(abs(state.frequency + 80 << 16) < 2 << 16)
  }

  @Test("adjtime works off its offset by at most 500 µs a second, and says what is left")
  func singleShot() throws {
    let clock = try Clock(partsPerMillion: 0)
    _ = try clock.adjust {
      $0.modes = [.singleShot, .offset]
      $0.offset = 10_000
    }
    clock.pass(seconds: 11)
    let error = clock.error
    #expect(error > 4_400_000 && error < 5_600_000)
    let left = try clock.adjust { $0.modes = .init(rawValue: 0xa001) }
    #expect(left.offset > 4_000 && left.offset < 6_000)
    clock.pass(seconds: 20)
    #expect(abs(clock.error - 10_000_000) < 2_000)
  }

  @Test("A leap second is inserted at the end of the day: its second comes twice, and TAI goes on")
  func leapSecond() throws {
    let clock = try Clock(partsPerMillion: 0)
    // 23:59:50.
    let evening = (clock.begin / 86_400_000_000_000 + 1) * 86_400_000_000_000 - 10_000_000_000
    try clock.keeper.setRealTime(evening, in: clock.data, clock.machine)
    _ = try clock.adjust {
      $0.modes = [.status, .atomicOffset]
      $0.status = .insertLeap
      $0.constant = 37
    }
    let atomic = clock.data.atomicTime(clock.machine)
    let monotonic = clock.data.monotonic(clock.machine)
    clock.pass(seconds: 15)
    let real = clock.data.realTime(clock.machine)
    #expect(real / 1_000_000_000 == evening / 1_000_000_000 + 14)
    let passed = clock.data.monotonic(clock.machine) - monotonic
    #expect(abs(Int64(clock.data.atomicTime(clock.machine) - atomic) - Int64(passed)) < 1_000)
    let state = try clock.adjust { _ in }
    #expect(state.atomicOffset == 38)
  }

  @Test("ADJ_SETOFFSET steps the time, both ways")
  func step() throws {
    let clock = try Clock(partsPerMillion: 0)
    for step in [3_000_000_000 as Int64, -5_000_000_000] {
      let before = clock.error
      _ = try clock.adjust {
        $0.modes = .setOffset
        $0.stepNanoseconds = step
      }
      #expect(abs(clock.error - before - step) < 1_000)
    }
    #expect(throws: Errno.EINVAL) {
      _ = try clock.adjust {
        $0.modes = .setOffset
        $0.stepNanoseconds = .min
      }
    }
  }

  @Test("Whatever a program asks for, the clock stays within an eighth of its rate, forwards")
  func hostile() throws {
    var random = SeededGenerator(seed: 12)
    func number() -> Int64 {
      let value = Int64(bitPattern: random.next())
      return random.next() % 2 == 0 ? value : value >> Int64(random.next() % 60)
    }
    let clock = try Clock(partsPerMillion: 0)
    for _ in 0..<50_000 {
      var request = TimeAdjustment()
      request.modes = .init(rawValue: UInt32(truncatingIfNeeded: random.next()) & 0xf1bf)
      if random.next() % 4 != 0 { request.modes.remove([.singleShot, .setOffset]) }
      request.offset = number()
      request.frequency = number()
      request.maximumError = number()
      request.estimatedError = number()
      request.status = .init(rawValue: UInt32(truncatingIfNeeded: random.next()))
      request.constant = number()
      request.tick = random.next() % 2 == 0 ? 9_000 + Int64(random.next() % 2_001) : number()
      request.stepNanoseconds = number()
      do throws(Errno) {
        _ = try clock.keeper.adjust(&request, in: clock.data, clock.machine)
      } catch { #expect(error == .EINVAL) }
      let before = clock.data.monotonic(clock.machine)
      let begin = clock.machine.picoseconds
      clock.machine.pass(nanoseconds: random.next() % 3_000_000_000)
      clock.keeper.update(clock.data, clock.machine)
      let passed = clock.data.monotonic(clock.machine) &- before
      let real = (clock.machine.picoseconds - begin) / 1_000
      guard passed >= real / 8 * 6, passed <= real / 6 * 7 + 1_000 else {
        Issue.record("\(passed) ns instead of \(real)")
        return
      }
      if clock.machine.picoseconds > 1 << 62 { clock.machine.picoseconds = begin }
      clock.keeper.addSuspended(0, in: clock.data, clock.machine)
    }
  }
}
