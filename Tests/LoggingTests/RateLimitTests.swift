import Logging
import TestSupport
import Testing

@Suite("RateLimit")
struct RateLimitTests {
  @Test("A burst passes, the rest is counted, and the next stretch says how many")
  func burst() {
    var limit = RateLimit(burst: 3, intervalNanoseconds: 1_000)
    let times: [UInt64] = [5, 6, 7, 8, 9, 1_004, 1_005, 1_006]
    let verdicts = times.map { limit.check(at: $0) }
    #expect(verdicts.prefix(3).allSatisfy { $0 == .allowed(suppressed: 0) })
    #expect(verdicts[3...5].allSatisfy { $0 == .suppressed })
    #expect(Array(verdicts[6...]) == [.allowed(suppressed: 3), .allowed(suppressed: 0)])
  }

  @Test("In any stretch that begins with a message no more than the burst pass, and all are accounted for")
  func property() {
    var generator = SeededGenerator(seed: 9)
    var limit = RateLimit(burst: 5, intervalNanoseconds: 1_000)
    var time: UInt64 = 0
    var passed: [UInt64] = []
    var reported: UInt64 = 0
    var dropped: UInt64 = 0
    for _ in 0..<5_000 {
      time += generator.next() % 300
      switch limit.check(at: time) {
      case .allowed(let suppressed):
        passed.append(time)
        reported += suppressed
      case .suppressed: dropped += 1
      }
    }
    // Two neighbouring stretches can put twice the burst into a sliding one, never more.
    for index in passed.indices.dropFirst(10) { #expect(passed[index] - passed[index - 10] >= 1_000) }
    #expect(dropped > 0 && reported <= dropped && dropped - reported < 100)
  }

  @Test("A limit of nothing lets nothing through, and a clock that goes back does no harm")
  func edges() {
    var none = RateLimit(burst: 0)
    #expect(none.check(at: 0) == .suppressed)
    #expect(none.check(at: .max) == .suppressed)
    var limit = RateLimit(burst: 1, intervalNanoseconds: 10)
    #expect(limit.check(at: 100) == .allowed(suppressed: 0))
    #expect(limit.check(at: 0) == .suppressed)
    #expect(limit.check(at: 110) == .allowed(suppressed: 1))
  }
}
