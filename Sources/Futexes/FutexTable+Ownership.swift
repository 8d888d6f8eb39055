public import Foundations
import Machine
import Synchronization
public import Time
import Waiting

/// FUTEX_LOCK_PI and its relatives.
extension FutexTable {
  /// What is done when another owns the futex.
  public enum OwnershipWish: Sendable {
    /// Wait for it, until the deadline.
    case wait(ClockDeadline?)
    /// Say so. FUTEX_TRYLOCK_PI. As on Linux, the word of an owner that lives says afterwards that somebody waits, which costs the
    /// owner no more than a call to unlock it.
    case tryOnly
  }

  /// Makes `thread` the owner of `word`.
  ///
  /// - Throws: `EDEADLK` when it would wait for itself, `EAGAIN` when it was only to try, `ESRCH` for an owner that there is not,
  ///   `EINVAL` when the word does not name its owner, `ETIMEDOUT`, `EINTR`, `EFAULT`, `ENOMEM`.
  /// - Context: the thread itself, which may wait.
  public func lock(
    _ word: FutexWord, for thread: FutexThread, _ wish: OwnershipWish, among threads: FutexThreads
  ) throws(Errno) {
    let waiter = try thread.ownWaiter()
    try thread.prepareSpare()
    var isTrying = false
    var deadline: ClockDeadline?
    switch wish {
    case .wait(let time): deadline = time
    case .tryOnly: isTrying = true
    }
    var search = OwnerSearch(threads)
    var isEntered = false
    while !isEntered {
      let outcome = ownership.withLock { ownership in
        ownership.lock(word, for: thread, waiter, candidate: search.candidate, isTrying: isTrying)
      }
      switch outcome {
      case .taken: return
      case .entered: isEntered = true
      default: try search.goOn(after: outcome, word)
      }
    }
    do throws(Errno) {
      try TimedWait.wait(until: deadline) { !waiter.isWaiting }
    } catch {
      if ownership.withLock({ $0.leave(waiter) }) { throw error }
    }
    try settle(word, thread)
  }

  /// Gives `word`, which `thread` owns, to the most urgent that waits for it.
  ///
  /// - Throws: `EPERM` when it is not the thread's, `EINVAL` when the word names it wrongly, `EFAULT`.
  /// - Context: the thread itself.
  public func unlock(_ word: FutexWord, of thread: FutexThread) throws(Errno) {
    while true {
      switch ownership.withLock({ $0.unlock(word, of: thread) }) {
      case .done: return
      case .handedOver(let waiter): return waiter.notify()
      case .absent: try word.makeWritable()
      case .changed: continue
      case .foreign: throw .EPERM
      case .invalid: throw .EINVAL
      }
    }
  }

  /// Waits at `word` if it is `expected`, until `requeue` has made the thread the owner of `target`.
  ///
  /// - Throws: as `wait` and `lock` do; `EAGAIN` for a signal that came when the thread already waited for `target`.
  /// - Context: the thread itself, which may wait.
  public func wait(
    _ thread: FutexThread, at word: FutexWord, while expected: UInt32, mask: UInt32 = .max,
    thenFor target: FutexWord, until deadline: ClockDeadline?
  ) throws(Errno) {
    guard mask != 0, word.key != target.key else { throw .EINVAL }
    let waiter = try thread.ownWaiter()
    waiter.mask = mask
    waiter.target = target.key
    waiter.thread = thread
    // Nobody else has the place then.
    defer { (waiter.target, waiter.thread) = (nil, nil) }
    try enter(waiter, at: word, while: expected)
    do throws(Errno) {
      try TimedWait.wait(until: deadline) { !waiter.isWaiting }
    } catch {
      if leave(waiter) { throw error }
      if ownership.withLock({ $0.leave(waiter) }) { throw error == .EINTR ? .EAGAIN : error }
    }
    try settle(target, thread)
  }

  /// Makes the first that waits at `source` the owner of `target` if nobody is, and lets up to `moveLimit` others wait for it.
  ///
  /// - Parameter caller: the thread itself.
  /// - Returns: how many of those that waited do not wait at `source` any more.
  /// - Throws: `EAGAIN` when `source` is not `expected`, `EINVAL` for those who wait for something else, and as `lock` does.
  /// - Context: a thread without locks.
  public func requeue(
    _ caller: FutexThread, _ source: FutexWord, while expected: UInt32, toOwned target: FutexWord, moveLimit: Int,
    among threads: FutexThreads
  ) throws(Errno) -> Int {
    guard source.key != target.key else { throw .EINVAL }
    try caller.prepareSpare()
    let number = number(of: source.key)
    var search = OwnerSearch(threads)
    while true {
      var wakes = WakeList()
      var count = 0
      var sourceIsAbsent = false
      let outcome: FutexOwnership.Outcome? = try buckets[number].list.withLock { list throws(Errno) in
        guard let value = source.presentValue() else {
          sourceIsAbsent = true
          return .absent
        }
        guard value == expected else { throw .EAGAIN }
        return ownership.withLock { ownership in
          var move = OwnerMove(source.key, target, moveLimit, caller, search.candidate)
          let outcome = ownership.move(&list, &move, &wakes)
          count = move.count
          return outcome
        }
      }
      if count > 0 { buckets[number].population.wrappingSubtract(count, ordering: .relaxed) }
      wakes.wake()
      guard count == 0, let outcome else { return count }
      if sourceIsAbsent { try source.makePresent() } else { try search.goOn(after: outcome, target) }
    }
  }

  /// Makes `word`, whose last owner may have ended, name `thread`.
  private func settle(_ word: FutexWord, _ thread: FutexThread) throws(Errno) {
    while let outcome = ownership.withLock({ $0.settle(word, of: thread) }) {
      guard case .absent = outcome else { continue }
      do throws(Errno) {
        try word.makeWritable()
      } catch {
        ownership.withLock { $0.giveUpSettling(word, of: thread) }
        throw error
      }
    }
  }

  /// Tells those that `thread` lends to that its urgency was changed.
  ///
  /// - Context: any; a spin lock above this one may be held.
  public func urgencyChanged(of thread: FutexThread) {
    ownership.withLock { _ in
      if let owner = FutexOwnership.moveInLine(thread) { FutexOwnership.relend(owner) }
    }
  }

  /// Gives all that `thread` owns to those that wait for it.
  ///
  /// - Context: the thread itself, at its end, after its robust futexes were released.
  public func end(_ thread: FutexThread) {
    var wakes = WakeList()
    ownership.withLock { $0.leave(thread, isEnd: true, &wakes) }
    wakes.wake()
    thread.dropPlaces()
  }

  /// Gives all that `thread` owns to those that wait for it, as it leaves its memory for another program.
  ///
  /// - Context: the thread itself, after its robust futexes were released.
  public func leaveMemory(_ thread: FutexThread) {
    var wakes = WakeList()
    ownership.withLock { $0.leave(thread, isEnd: false, &wakes) }
    wakes.wake()
  }
}

/// The way to the thread that a word names.
private struct OwnerSearch: ~Copyable {
  private let threads: FutexThreads
  private(set) var candidate: FutexThread?
  /// A number that is no thread's.
  private var missing: UInt32?

  init(_ threads: FutexThreads) { self.threads = threads }

  /// Does what has to be done before the next look.
  mutating func goOn(after outcome: FutexOwnership.Outcome, _ word: FutexWord) throws(Errno) {
    switch outcome {
    case .taken, .entered, .changed: break
    case .absent: try word.makeWritable()
    case .busy: throw .EAGAIN
    case .deadlock: throw .EDEADLK
    case .invalid: throw .EINVAL
    case .unknownOwner(let number):
      // One that ended just now has changed the word, or has not: then nobody will.
      guard number != missing else { throw .ESRCH }
      candidate = threads.thread(numbered: number)
      if candidate?.hasEnded.load(ordering: .relaxed) ?? true { (candidate, missing) = (nil, number) }
    }
  }
}
