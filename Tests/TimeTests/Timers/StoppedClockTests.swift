import Testing

@testable import Time

@Suite("Timers that wake a suspended machine")
struct StoppedClockTests {
  @Test("A CPU looks once a second, or when the first timer is due, and not all the time")
  func intervals() {
    let second: UInt64 = 1_000_000_000
    #expect(StoppedClock.interval(elapsed: 0, limit: .max) == second)
    #expect(StoppedClock.interval(elapsed: 0, limit: 5 * second) == second)
    #expect(StoppedClock.interval(elapsed: 4 * second + second / 2, limit: 5 * second) == second / 2)
    #expect(StoppedClock.interval(elapsed: 5 * second - 1, limit: 5 * second) == 1_000_000)
    // It has been told; nothing hurries any more.
    #expect(StoppedClock.interval(elapsed: 6 * second, limit: 5 * second) == second)
    #expect(StoppedClock.interval == nil)
  }

  @Test("All clocks but the monotonic one follow a machine that was suspended")
  func bases() {
    #expect(!TimeBase.monotonic.isSettable)
    #expect(TimeBase.bootTime.isSettable && TimeBase.realTime.isSettable && TimeBase.atomicTime.isSettable)
  }
}
