import Testing

@testable import DriverKit

/// What `Specs/recovery.json` says of drivers and devices is what is done: each of its numbers against the one that decides.
@Suite("What the spec says of recovery")
struct RecoverySpecTests {
  private static let interrupting: [Failure] = [.spuriousInterrupt, .unclaimedInterrupt, .interruptStorm]
  private static let failing: [Failure] = [
    .deviceTimeout, .deviceError, .driverTrap, .driverStackOverflow, .driverHang, .driverResumption, .dmaFault,
  ]

  private func step(_ strategy: RecoveryStrategy, of failure: Failure) throws -> RecoveryStep {
    var index = 0
    while let step = failure.step(at: index) {
      if step.strategy == strategy { return step }
      index += 1
    }
    return try #require(nil as RecoveryStep?, "\(failure.name) does not end in \(strategy.name)")
  }

  /// How long the policy waits after each failure that `note` tells it of, in milliseconds, until it gives up.
  private func waits(_ note: (inout RestartPolicy) -> UInt64?) -> [UInt32] {
    var policy = RestartPolicy()
    var waits: [UInt32] = []
    while waits.count < 100, let delay = note(&policy) { waits.append(UInt32(delay / 1_000)) }
    return waits
  }

  /// What `step` says of the waits; of the first it says nothing.
  private func waits(_ step: RecoveryStep) -> [UInt32] {
    var waits: [UInt32] = []
    var wait = UInt64(step.delayMilliseconds)
    for _ in 1..<max(1, step.attempts) {
      waits.append(UInt32(step.longestMilliseconds > 0 ? min(wait, UInt64(step.longestMilliseconds)) : wait))
      wait *= UInt64(step.backOff)
    }
    return waits
  }

  @Test("A driver that fails is replaced as often and as slowly as it says", arguments: failing)
  func driverFailures(failure: Failure) throws {
    let step = try step(.restartDriver, of: failure)
    let actual = waits { $0.noteFailure(at: 5) }
    #expect(actual.count == Int(step.attempts) && Array(actual.dropFirst()) == waits(step))
    // Counted anew once one has lived for so long, which the strategy says in words.
    #expect(step.windowSeconds == 0 && RestartPolicy.settledNanoseconds == 1_000_000_000)
    #expect(RestartPolicy.limit == Int(step.attempts))
  }

  @Test("So is one whose device does not stop interrupting", arguments: interrupting)
  func interruptions(failure: Failure) throws {
    let step = try step(.restartDriver, of: failure)
    let actual = waits { $0.noteStorm(at: 5) }
    #expect(actual.count == Int(step.attempts) && Array(actual.dropFirst()) == waits(step))
    #expect(RestartPolicy.stormNanoseconds == UInt64(step.windowSeconds) * 1_000_000_000)
    #expect(RestartPolicy.stormLimit == Int(step.attempts))
  }

  @Test("What comes of it in the end is that the device is given up", arguments: interrupting + failing)
  func end(failure: Failure) throws {
    var index = 0
    while failure.step(at: index + 1) != nil { index += 1 }
    #expect(failure.step(at: index)?.strategy == .isolateDevice)
  }

  @Test("As many interrupts for nothing are ignored as it says")
  func idleInterrupts() throws {
    let step = try step(.ignore, of: .spuriousInterrupt)
    #expect(IdleInterruptPolicy.limit == Int(step.attempts))
    #expect(IdleInterruptPolicy.windowNanoseconds == UInt64(step.windowSeconds) * 1_000_000_000)
    var policy = IdleInterruptPolicy()
    var count = 0
    while count < 1_000, !policy.noteIdle(at: 0) { count += 1 }
    #expect(count == Int(step.attempts))
  }

  @Test("As many accesses that were refused are ignored as it says")
  func refusedAccesses() throws {
    let step = try step(.ignore, of: .dmaFault)
    #expect(AccessFaultPolicy.windowNanoseconds == UInt64(step.windowSeconds) * 1_000_000_000)
    var policy = AccessFaultPolicy()
    var count: UInt64 = 0
    while count < 1_000, policy.check(count: count + 1, at: 7) != .failed { count += 1 }
    #expect(count == UInt64(step.attempts))
  }
}
