import Foundations
import PageFrames
import Testing

@testable import Machine

/// Each in a process of its own, because a machine has one handler for good.
@Suite("Memory pressure")
struct MemoryPressureTests {
  /// Gives back what it holds, a frame each time it is asked, a number of times.
  private final class Helper: MemoryPressureHandler {
    var frames = GrowableArray<UserFrame>()
    var attempts: [Int] = []
    var lowCount = 0
    var patience = 0

    override func relieve(order: Int, attempt: Int) -> Bool {
      attempts.append(attempt)
      guard attempts.count <= patience else { return false }
      // Only what a third attempt finds helps.
      if attempt == 2 { _ = frames.popLast() }
      return true
    }

    override func memoryIsLow() { lowCount += 1 }
  }

  @Test("The handler is told in time, asked until it has helped, and then the request succeeds")
  func helped() async {
    await #expect(processExitsWith: .success) {
      try SimulatedMemory.exclusive {
        let helper = Helper()
        FrameAllocator.setPressureHandler(helper)
        helper.patience = 0
        do throws(Errno) {
          while true { try helper.frames.append(UserFrame.allocate(isZeroed: false)) }
        } catch {
          precondition(error == .ENOMEM)
        }
        precondition(helper.lowCount > 0, "nobody was told that memory is low")
        precondition(helper.attempts.isEmpty, "it was asked for help by who may hold locks")
        helper.patience = 10
        let freeBefore = FrameAllocator.figures.freeCount
        let frame = try FrameAllocator.retrying { () throws(Errno) in try UserFrame.allocate(isZeroed: false) }
        precondition(FrameAllocator.figures.freeCount == freeBefore && !frame.isShared)
        precondition(helper.attempts == [0, 1, 2], "it was asked \(helper.attempts)")
      }
    }
  }

  @Test("When the handler gives up there is ENOMEM, and other errors are none of its business")
  func notHelped() async {
    await #expect(processExitsWith: .success) {
      SimulatedMemory.exclusive {
        let helper = Helper()
        helper.patience = 5
        FrameAllocator.setPressureHandler(helper)
        AllocationFaults.fail(after: 0)
        var found: Errno?
        do throws(Errno) {
          _ = try FrameAllocator.retrying { () throws(Errno) in try UserFrame.allocate(isZeroed: false) }
        } catch {
          found = error
        }
        precondition(found == .ENOMEM && helper.attempts == [0, 1, 2, 3, 4, 5], "\(helper.attempts)")
        do throws(Errno) {
          try FrameAllocator.retrying { () throws(Errno) in throw .EINVAL }
        } catch {
          found = error
        }
        precondition(found == .EINVAL && helper.attempts.count == 6)
      }
    }
  }
}
