public import Foundations
import Machine
import Synchronization
public import Time
import Waiting

/// futex_waitv(2).
extension FutexTable {
  /// More words than one call waits at. `FUTEX_WAITV_MAX` of linux/futex.h.
  public static var vectorLimit: Int { 128 }

  /// A word among several, and what it must be.
  public struct Expectation {
    let word: FutexWord
    let value: UInt32

    /// Expects `word` to be `value`.
    public init(_ word: FutexWord, _ value: UInt32) {
      self.word = word
      self.value = value
    }
  }

  /// Waits at all `words`, if each is what it is expected to be, until woken at one of them.
  ///
  /// - Returns: the index of one where it was woken.
  /// - Throws: `EAGAIN` when a word is another, `EFAULT`, `EINTR`, `ETIMEDOUT`, `ENOMEM`.
  /// - Context: the thread itself, which may wait.
  public func wait(
    _ thread: FutexThread, atAnyOf words: borrowing GrowableArray<Expectation>, until deadline: ClockDeadline?
  ) throws(Errno) -> Int {
    try thread.prepareVector(words.count)
    var entered = 0
    do throws(Errno) {
      while entered < words.count {
        let waiter = thread.vector[entered]
        waiter.mask = .max
        try enter(waiter, at: words[entered].word, while: words[entered].value)
        entered += 1
      }
      try TimedWait.wait(until: deadline) { thread.hasReleased(words.count) }
    } catch {
      guard let index = leave(thread, entered) else { throw error }
      return index
    }
    return leave(thread, entered) ?? 0
  }

  /// Leaves all that were entered.
  ///
  /// - Returns: the last of which it was released; nil when there is none.
  private func leave(_ thread: FutexThread, _ count: Int) -> Int? {
    var released: Int?
    for index in 0..<count where !leave(thread.vector[index]) { released = index }
    return released
  }
}

extension FutexThread {
  /// Makes room to wait at `count` words.
  fileprivate final func prepareVector(_ count: Int) throws(Errno) {
    guard vector.count < count else { return }
    try checkMemory(waiters: count - vector.count)
    let entry = Blocking.entry
    while vector.count < count { try vector.append(FutexWaiter(entry)) }
  }

  /// Whether it was released from any of the first `count` words.
  fileprivate final func hasReleased(_ count: Int) -> Bool {
    for index in 0..<count where !vector[index].isWaiting { return true }
    return false
  }
}
