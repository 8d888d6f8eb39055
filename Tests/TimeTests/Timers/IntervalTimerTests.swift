import TestSupport
import Testing

@testable import Time

@Suite("IntervalTimer")
struct IntervalTimerTests {
  @Test("One expiry is told once, at its time")
  func once() {
    var timer = IntervalTimer()
    #expect(!timer.isArmed && timer.takeExpirations(until: .max) == 0)
    timer.arm(at: 100, interval: 0)
    #expect(timer.takeExpirations(until: 99) == 0 && timer.remaining(at: 99) == 1)
    #expect(timer.takeExpirations(until: 100) == 1)
    #expect(!timer.isArmed && timer.takeExpirations(until: .max) == 0 && timer.remaining(at: 200) == 0)
    // The first moment of a clock is no sign of a timer that is not armed.
    timer.arm(at: 0, interval: 0)
    #expect(timer.isArmed && timer.takeExpirations(until: 1) == 1)
  }

  @Test("Expiries of an interval are each told once, however seldom somebody looks", arguments: 1...20)
  func intervals(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let start = UInt64.random(in: 1...1_000, using: &generator)
    let interval = UInt64.random(in: 1...50, using: &generator)
    var timer = IntervalTimer()
    timer.arm(at: start, interval: interval)
    var (now, told): (UInt64, UInt64) = (0, 0)
    for _ in 0..<200 {
      now += UInt64.random(in: 0...120, using: &generator)
      told += timer.takeExpirations(until: now)
      let expected = now < start ? 0 : (now - start) / interval + 1
      #expect(told == expected)
      #expect(timer.next == start + expected * interval && timer.remaining(at: now) == timer.next - now)
    }
  }

  @Test("The end of time is no further than it is")
  func end() {
    var timer = IntervalTimer()
    timer.arm(at: .max - 5, interval: 10)
    #expect(timer.takeExpirations(until: .max - 1) == 1)
    #expect(timer.next == .max)
    timer.arm(at: 1, interval: 1)
    #expect(timer.takeExpirations(until: .max) == .max)
    #expect(timer.next == .max)
  }
}
