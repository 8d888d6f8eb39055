import Foundations
import Synchronization

/// A lock whose holder may wait for disks and programs' memory.
///
/// Whoever does not get it sleeps. It is not recursive.
public struct SleepLock: ~Copyable, Sendable {
  private let isHeld = Atomic<Bool>(false)
  private let queue = WaitQueue()

  /// Creates an open lock.
  public init() {}

  /// Takes the lock.
  ///
  /// - Context: a thread without spin locks.
  @inline(__always)
  public func lock() {
    if isHeld.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged { return }
    lockSlowly()
  }

  @inline(never)
  private func lockSlowly() {
    while true {
      do throws(Errno) {
        return try queue.wait(isExclusive: true, .nothing) {
          isHeld.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
        }
      } catch {
        // Nothing was to interrupt the wait: wait again.
        continue
      }
    }
  }

  /// Gives the lock back.
  @inline(__always)
  public func unlock() {
    isHeld.store(false, ordering: .releasing)
    queue.wake()
  }

  /// Runs `body` with the lock held.
  @inline(__always)
  public func withLock<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body()
  }
}
