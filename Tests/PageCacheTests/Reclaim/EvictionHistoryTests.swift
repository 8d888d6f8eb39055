import Foundations
import Testing

@testable import PageCache

@Suite("EvictionHistory")
struct EvictionHistoryTests {
  @Test("A history without memory remembers nothing")
  func empty() {
    var history = EvictionHistory()
    history.record(7)
    #expect(history.recall(7) == nil)
  }

  @Test("A page's age is the number of evictions since, and it is told once", arguments: [16, 1000, 20_000, 100_000])
  func ages(pageCount: Int) throws {
    var history = try EvictionHistory(pageCount: pageCount)
    let unit = max(1, (pageCount.nextPowerOfTwo) >> 14)
    for distance in [0, 1, 5, pageCount / 20] {
      history.record(1 << 40)
      for other in 0..<distance { history.record(UInt64(other)) }
      let recalled = history.recall(1 << 40)
      let age = try #require(recalled)
      #expect(abs(age - distance) < unit, "\(age) for \(distance)")
      #expect(history.recall(1 << 40) == nil)
    }
  }

  @Test("Of as many pages as it is for, most are remembered; of pages never seen, next to none")
  func capacity() throws {
    let count: UInt64 = 8192
    var history = try EvictionHistory(pageCount: Int(count))
    for page in 0..<count * 3 { history.record(page) }
    var remembered = 0
    for page in count * 2..<count * 3 where history.recall(page) != nil { remembered += 1 }
    // The buckets fill unevenly: a binomial distribution of mean 16 in 16 places holds nine tenths.
    #expect(remembered > Int(count) * 17 / 20)
    var mistaken = 0
    for page in count * 10..<count * 20 where history.recall(page) != nil { mistaken += 1 }
    #expect(mistaken < Int(count * 10) / 1000)
  }

  @Test("Ages go on growing when the 16 bits of time wrap")
  func wraps() throws {
    var history = try EvictionHistory(pageCount: 16)
    for step in 0..<200_000 as Range<UInt64> {
      history.record(step)
      if step >= 3 && step % 97 == 0 { #expect(history.recall(step - 3) == 3) }
    }
  }
}

extension Int {
  /// The smallest power of two that is not less.
  fileprivate var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
