import Machine
import Testing

import Time

@Suite("The host's time")
struct HostTimeTests {
  @Test("The clocks go as the host's does")
  func agree() {
    for _ in 0..<100 {
      let before = HostThread.nanoseconds
      let now = Clock.nanoseconds
      let after = HostThread.nanoseconds
      #expect(before <= now && now <= after)
    }
    #expect(Clock.realTime >= 1_000_000_000_000_000_000)
  }
}
