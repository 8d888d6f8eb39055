public import Foundations
import Machine
import Synchronization
public import Time
import Waiting

/// FUTEX_WAIT and its relatives.
extension FutexTable {
  /// Waits at `word` if it is `expected`, until woken by somebody whose mask has a bit of `mask`.
  ///
  /// - Throws: `EAGAIN` when the word is another, `EFAULT`, `EINTR`, `ETIMEDOUT`; `EINVAL` for a mask without bits; `ENOMEM`.
  /// - Context: the thread itself, which may wait.
  public func wait(
    _ thread: FutexThread, at word: FutexWord, while expected: UInt32, mask: UInt32 = .max,
    until deadline: ClockDeadline? = nil
  ) throws(Errno) {
    guard mask != 0 else { throw .EINVAL }
    let waiter = try thread.ownWaiter()
    waiter.mask = mask
    try enter(waiter, at: word, while: expected)
    do throws(Errno) {
      try TimedWait.wait(until: deadline) { !waiter.isWaiting }
    } catch {
      // Woken at the last moment is woken: otherwise the wake would be lost.
      if leave(waiter) { throw error }
    }
  }

  /// Puts `waiter` into the bucket of `word` if the word is `expected`.
  ///
  /// - Throws: `EAGAIN`, `EFAULT`.
  @inline(__always)
  func enter(_ waiter: FutexWaiter, at word: FutexWord, while expected: UInt32) throws(Errno) {
    let number = number(of: word.key)
    while true {
      buckets[number].population.wrappingAdd(1, ordering: .sequentiallyConsistent)
      // Nobody wakes between the look at the word and the entry into the list: whoever does needs the lock.
      let found: UInt32? = buckets[number].list.withLock { list in
        guard let value = word.presentValue() else { return nil }
        if value == expected {
          waiter.key = word.key
          waiter.place.store(number, ordering: .relaxed)
          list.append(waiter)
        }
        return value
      }
      if found == expected { return }
      buckets[number].population.wrappingSubtract(1, ordering: .relaxed)
      if found != nil { throw .EAGAIN }
      try word.makePresent()
    }
  }

  /// Takes `waiter` out of its bucket.
  ///
  /// - Returns: false when it is in none any more: it was released, or moved to a futex with an owner.
  func leave(_ waiter: FutexWaiter) -> Bool {
    while true {
      let number = waiter.place.load(ordering: .acquiring)
      guard number >= 0 else { return false }
      let hasLeft = buckets[number].list.withLock { list in
        // It may have been moved or released meanwhile.
        guard waiter.place.load(ordering: .relaxed) == number else { return false }
        list.remove(waiter)
        waiter.release()
        return true
      }
      guard hasLeft else { continue }
      buckets[number].population.wrappingSubtract(1, ordering: .relaxed)
      return true
    }
  }
}
