import Testing

@testable import Interrupts

@Suite("LocalTimerRate")
struct LocalTimerRateTests {
  @Test(
    "Times become ticks, at least one, and are cut at what the counter holds",
    arguments: [1_000, 999_999_999, 3_579_545])
  func count(ticksPerSecond: UInt64) throws {
    let rate = try #require(LocalTimerRate(ticksPerSecond: ticksPerSecond, usesDeadline: false))
    for nanoseconds in [0, 1, 999, 1_000_000, 123_456_789, 4_000_000_000, UInt64.max] {
      let exact = nanoseconds.multipliedFullWidth(by: ticksPerSecond)
      guard case .count(let ticks) = rate.command(nanoseconds: nanoseconds, timestamp: 5) else {
        Issue.record("not a count")
        continue
      }
      guard exact.high == 0 else {
        #expect(ticks == .max)
        continue
      }
      let wanted = min(max(exact.low / 1_000_000_000, 1), UInt64(UInt32.max))
      // The rate is rounded down to 2⁻³² ticks a nanosecond, which is less than a tick in 4 seconds.
      let bound = nanoseconds >> 32 + 2
      #expect(UInt64(ticks) <= wanted && wanted - UInt64(ticks) <= bound, "\(nanoseconds) ns")
    }
  }

  @Test("Deadlines are values of the time-stamp counter, and do not wrap round")
  func deadline() throws {
    let rate = try #require(LocalTimerRate(ticksPerSecond: 4_000_000_000, usesDeadline: true))
    #expect(rate.scale == 4 << 32)
    #expect(rate.command(nanoseconds: 1_000, timestamp: 7) == .timestamp(4_007))
    #expect(rate.command(nanoseconds: 0, timestamp: 7) == .timestamp(8))
    #expect(rate.command(nanoseconds: 1_000_000_000_000, timestamp: 7) == .timestamp(4_000_000_000_007))
    #expect(rate.command(nanoseconds: 10, timestamp: .max - 3) == .timestamp(.max))
    #expect(rate.command(nanoseconds: .max, timestamp: 1) == .timestamp(.max))
  }

  @Test("Rates that no timer has are refused")
  func hostile() {
    #expect(LocalTimerRate(ticksPerSecond: 0, usesDeadline: false) == nil)
    #expect(LocalTimerRate(ticksPerSecond: 999, usesDeadline: true) == nil)
    #expect(LocalTimerRate(ticksPerSecond: 1 << 40, usesDeadline: true) == nil)
    #expect(LocalTimerRate(ticksPerSecond: .max, usesDeadline: true) == nil)
  }
}
