import Foundations
import Synchronization
import Waiting

/// What a parent waits for whose memory its child uses. Source: vfork(2).
final class VforkCompletion {
  private let isFinished = Atomic<Bool>(false)
  private let queue = WaitQueue()

  /// The child uses the memory no more.
  func finish() {
    isFinished.store(true, ordering: .sequentiallyConsistent)
    queue.wakeAll()
  }

  /// Waits for that, or until the process of the thread that waits is ended.
  func wait() {
    // A parent that is ended leaves the memory to the child, which counts as a user of its own.
    try? queue.wait(.kill) { isFinished.load(ordering: .sequentiallyConsistent) }
  }
}
