import TestSupport
import Testing

@testable import Time

@Suite("CounterRate and CounterScale")
struct CounterRateTests {
  @Test("Wide division agrees with 128-bit integers")
  func division() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<20_000 {
      let divisor = random.next() >> UInt64.random(in: 0..<63, using: &random)
      let (high, low) = (random.next() >> UInt64.random(in: 0..<64, using: &random), random.next())
      let quotient = divisor == 0 ? nil : (UInt128(high) << 64 | UInt128(low)) / UInt128(divisor)
      #expect(WideInteger.divide(high: high, low: low, by: divisor) == quotient.flatMap(UInt64.init(exactly:)))
    }
  }

  @Test("Ticks become nanoseconds within a nanosecond in an hour, and within 2⁻⁴⁸ of a tick's error ever after")
  func accuracy() throws {
    var random = SeededGenerator(seed: 2)
    for _ in 0..<20_000 {
      let millihertz = UInt64.random(in: 1_000_000_000...10_000_000_000_000, using: &random)
      let scale = CounterScale(try #require(CounterRate(millihertz: millihertz)))
      let seconds = UInt64.random(in: 0...3_600, using: &random)
      let ticks = millihertz / 1_000 * seconds + random.next() % 1_000
      let exact = UInt64(UInt128(ticks) * 1_000_000_000_000 / UInt128(millihertz))
      let told = scale.nanoseconds(ticks)
      #expect(told <= exact && exact - told <= 1)
    }
  }

  @Test("Five centuries of uptime do not overflow, at any rate")
  func centuries() throws {
    let nanoseconds: UInt64 = 500 * 366 * 86_400 * 1_000_000_000
    for hertz: UInt64 in [1_000_000, 3_579_545, 14_318_180, 1_000_000_000] {
      let rate = try #require(CounterRate(hertz: hertz))
      let told = CounterScale(rate).nanoseconds(rate.ticks(nanoseconds: nanoseconds))
      #expect(told <= nanoseconds && nanoseconds - told < 1_000_000_000)
    }
  }

  @Test("A scale is made longer and shorter by parts of itself")
  func adjusted() throws {
    let scale = CounterScale(try #require(CounterRate(hertz: 1_000_000_000)))
    let ticks: UInt64 = 1_000_000_000_000
    // 500 ppm, in 2⁻³⁵.
    let part = Int64(500 * (1 << 35) / 1_000_000)
    #expect(abs(Int64(scale.adjusted(by: part).nanoseconds(ticks)) - 1_000_500_000_000) < 100)
    #expect(abs(Int64(scale.adjusted(by: -part).nanoseconds(ticks)) - 999_500_000_000) < 100)
    #expect(scale.adjusted(by: .min).multiplier == scale.multiplier / 2)
  }

  @Test("Rates that no counter has are refused")
  func refused() {
    #expect(CounterRate(hertz: 99_999) == nil)
    #expect(CounterRate(hertz: .max) == nil)
    #expect(CounterRate(periodFemtoseconds: 0) == nil)
    #expect(CounterRate(periodFemtoseconds: 69_841_279)?.hertz == 14_318_180)
  }
}
