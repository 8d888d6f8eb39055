import Foundations
import Testing

@testable import DriverKit

@Suite("How often drivers are replaced")
struct PolicyTests {
  @Test("One that fails at once is tried with growing patience, then given up")
  func givesUp() {
    var policy = RestartPolicy()
    var last: UInt64 = 0
    for _ in 0..<RestartPolicy.limit {
      policy.noteStart(at: 1_000)
      guard let delay = policy.noteFailure(at: 2_000) else {
        Issue.record("given up too early")
        return
      }
      #expect(delay >= last)
      last = delay
    }
    policy.noteStart(at: 1_000)
    #expect(policy.noteFailure(at: 2_000) == nil)
  }

  @Test("One that has done something has another eight tries")
  func progresses() {
    var policy = RestartPolicy()
    for _ in 0..<100 {
      policy.noteStart(at: 1_000)
      policy.noteProgress()
      #expect(policy.noteFailure(at: 2_000) != nil)
    }
  }

  @Test("One that has lived for a while has another eight tries")
  func settles() {
    var policy = RestartPolicy()
    var now: UInt64 = 1
    for _ in 0..<100 {
      policy.noteStart(at: now)
      now += RestartPolicy.settledNanoseconds
      #expect(policy.noteFailure(at: now) != nil)
    }
  }
}
