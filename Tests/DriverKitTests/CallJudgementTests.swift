import Testing

@testable import DriverKit

@Suite("Calls that do not return")
struct CallJudgementTests {
  /// A judgement that assertions may ask.
  private final class Watch {
    static let limit: UInt64 = 1_000
    private var judgement = CallJudgement()

    func isHung(_ call: UInt64, sign: UInt64, at time: UInt64) -> Bool {
      judgement.isHung(call: call, sign: sign, processorNanoseconds: time, limit: Self.limit)
    }
  }

  @Test("A call that is on a CPU for too long hangs; one that waits does not")
  func onlyProcessorTimeCounts() {
    let watch = Watch()
    #expect(!watch.isHung(1, sign: 0, at: 50))
    // However often it is looked at.
    for _ in 0..<100 { #expect(!watch.isHung(1, sign: 0, at: 1_050)) }
    #expect(watch.isHung(1, sign: 0, at: 1_051))
    // It is judged the same until it ends.
    #expect(watch.isHung(1, sign: 0, at: 9_000))
  }

  @Test("Each call has its own time")
  func callsAreApart() {
    let watch = Watch()
    var time: UInt64 = 0
    for call in stride(from: UInt64(1), to: 201, by: 2) {
      #expect(!watch.isHung(call, sign: 0, at: time))
      time += 900
      #expect(!watch.isHung(call, sign: 0, at: time))
      time += 900
    }
  }

  @Test("A call that shows life may take longer, but not for ever")
  func loopsEnd() {
    let watch = Watch()
    var sign: UInt64 = 0
    var time: UInt64 = 7
    var looks = 0
    while !watch.isHung(1, sign: sign, at: time) {
      sign += 3
      time += 500
      looks += 1
      guard looks < 100 else { break }
    }
    #expect(UInt64(looks) * 500 == Watch.limit * CallJudgement.patience + 500)
  }
}
