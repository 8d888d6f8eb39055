import Foundations
import LinuxABI
import Testing
import Waiting

@testable import Machine
@testable import Processes

/// One suite at a time: programs are frozen everywhere or nowhere.
@Suite("Freezing programs", .serialized)
struct FreezerTests {
  @Test("Looks come at growing intervals, until all are frozen or time is up")
  func progress() {
    var progress = FreezeProgress(start: 1_000, patience: 100_000_000)
    var (now, last): (UInt64, UInt64) = (1_000, 0)
    var count = 0
    while case .again(let delay) = progress.next(left: 1, now: now) {
      #expect(delay >= last && delay <= 16_000_000)
      (last, now, count) = (delay, now + delay, count + 1)
    }
    #expect(now >= 100_001_000 && count < 20)
    var steps = [progress.next(left: 1, now: now), progress.next(left: 0, now: now)]
    #expect(steps == [.giveUp, .done])
    var impatient = FreezeProgress(start: 5, patience: 0)
    steps = [impatient.next(left: 1, now: 5), impatient.next(left: 0, now: 5)]
    #expect(steps == [.giveUp, .done])
  }

  @Test("Tasks without a thread are at rest; signals sent meanwhile stay pending")
  func withoutThreads() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      try TaskFreezer.freeze(world.tree, exempt: nil)
      #expect(TaskFreezer.isFreezing)
      try process.kill(.SIGUSR1)
      #expect(process.isPending(.SIGUSR1, for: nil))
      TaskFreezer.thaw(world.tree)
      #expect(!TaskFreezer.isFreezing)
      #expect(process.isPending(.SIGUSR1, for: nil))
    }
  }
}
