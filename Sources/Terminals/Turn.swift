import Foundations
import Synchronization
import Waiting

/// Lets one thread at a time read, or write, while it may wait.
struct Turn: ~Copyable, Sendable {
  private let isTaken = Atomic<Bool>(false)
  private let queue = WaitQueue()

  var isFree: Bool { !isTaken.load(ordering: .relaxed) }

  /// - Throws: `EAGAIN` when another has it and `nonBlocking`, `EINTR`.
  func take(nonBlocking: Bool) throws(Errno) {
    if tryTake() { return }
    if nonBlocking { throw .EAGAIN }
    try queue.wait(isExclusive: true) { tryTake() }
  }

  func give() {
    isTaken.store(false, ordering: .releasing)
    queue.wake()
  }

  private func tryTake() -> Bool {
    isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }
}
