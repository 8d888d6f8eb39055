import Foundations
import Synchronization

/// The decisions about words with owners, which are made under the lock.
extension FutexOwnership {
  /// What a look at a word came to.
  enum Outcome {
    /// The word is the thread's.
    case taken
    /// The thread is among those that wait.
    case entered
    /// The word cannot be read or written at once.
    case absent
    /// The word was changed meanwhile: look again.
    case changed
    /// Another owns it, and it was only to be tried.
    case busy
    /// The thread would wait for itself.
    case deadlock
    /// The word does not name who owns it.
    case invalid
    /// The word names a thread that has to be found first.
    case unknownOwner(UInt32)
  }

  /// Takes the word for `thread`, or lets it wait for its owner.
  ///
  /// - Parameter candidate: who may be the owner that the word names.
  mutating func lock(
    _ word: FutexWord, for thread: FutexThread, _ waiter: FutexWaiter, candidate: FutexThread?, isTrying: Bool
  ) -> Outcome {
    guard let value = word.presentValue() else { return .absent }
    let owner = value & OwnedFutex.ownerMask
    if owner == thread.number { return .deadlock }
    let futex = find(word.key)
    if futex == nil, owner == 0 {
      return Self.write(thread.number | value & OwnedFutex.ownerDiedBit, over: value, to: word) ?? .taken
    }
    // Who only tries is told the same of a word that names nobody, or another than it should, as who would wait for it.
    switch owned(word, value, futex, candidate, spareOf: thread) {
    case .failure(let outcome): return outcome
    case .futex(let futex):
      if !isTrying { return join(futex, thread, waiter) }
      dropIfUnused(futex)
      return .busy
    }
  }

  private mutating func join(_ futex: OwnedFutex, _ thread: FutexThread, _ waiter: FutexWaiter) -> Outcome {
    guard let owner = futex.owner else { return .invalid }
    guard !isDeadlock(thread, waitingFor: owner) else {
      dropIfUnused(futex)
      return .deadlock
    }
    add(waiter, thread, to: futex)
    return .entered
  }

  /// Puts `futex` out of use if nobody waits for it, nor has inherited it.
  private mutating func dropIfUnused(_ futex: OwnedFutex) {
    if futex.first == nil && !futex.isInherited { drop(futex) }
  }

  /// What there is to wait for.
  enum Found {
    case futex(OwnedFutex)
    case failure(Outcome)
  }

  /// The futex of a word that is owned, marked as one for which somebody waits.
  ///
  /// - Parameter spareOf: whose memory is used if nobody waited before.
  mutating func owned(
    _ word: FutexWord, _ value: UInt32, _ futex: OwnedFutex?, _ candidate: FutexThread?, spareOf thread: FutexThread
  ) -> Found {
    let owner = value & OwnedFutex.ownerMask
    if let futex {
      // A word that an ended thread left behind names nobody, or still that thread, until its heir has written it.
      let isOwnerless = owner == 0 && value & OwnedFutex.ownerDiedBit != 0
      guard futex.isInherited || isOwnerless || futex.owner?.number == owner else { return .failure(.invalid) }
    } else {
      guard let candidate, candidate.number == owner, !candidate.hasEnded.load(ordering: .relaxed) else {
        return .failure(.unknownOwner(owner))
      }
    }
    if value & OwnedFutex.waitersBit == 0,
      let failure = Self.write(value | OwnedFutex.waitersBit, over: value, to: word)
    {
      return .failure(failure)
    }
    if let futex { return .futex(futex) }
    guard let candidate else { return .failure(.invalid) }
    let new = thread.takeSpare()
    insert(new, word.key, ownedBy: candidate)
    return .futex(new)
  }

  /// Writes the word.
  ///
  /// - Returns: what went wrong; nil when nothing did.
  static func write(_ new: UInt32, over old: UInt32, to word: FutexWord) -> Outcome? {
    guard let found = word.exchange(old, for: new) else { return .absent }
    return found == old ? nil : .changed
  }

  /// What unlocking came to.
  enum Release {
    /// Nobody waited.
    case done
    /// This one owns it now.
    case handedOver(FutexWaiter)
    case absent
    case changed
    /// The word is another thread's.
    case foreign
    case invalid
  }

  /// Gives the word of `thread` to the most urgent that waits for it.
  mutating func unlock(_ word: FutexWord, of thread: FutexThread) -> Release {
    guard let value = word.presentValue() else { return .absent }
    guard value & OwnedFutex.ownerMask == thread.number else { return .foreign }
    let futex = find(word.key)
    guard futex == nil || futex?.owner === thread else { return .invalid }
    var new: UInt32 = 0
    if let next = futex?.first?.thread {
      new = next.number | (futex?.hasSeveral ?? false ? OwnedFutex.waitersBit : 0)
    }
    switch Self.write(new, over: value, to: word) {
    case .absent: return .absent
    case nil: break
    default: return .changed
    }
    guard let futex else { return .done }
    futex.isInherited = false
    guard let waiter = handOver(futex) else {
      drop(futex)
      return .done
    }
    return .handedOver(waiter)
  }

  /// Gives everything that `thread` owns to those that wait for it: the thread leaves its memory, or ends.
  mutating func leave(_ thread: FutexThread, isEnd: Bool, _ wakes: inout WakeList) {
    if isEnd { thread.hasEnded.store(true, ordering: .relaxed) }
    while let futex = thread.held {
      futex.isInherited = true
      if let waiter = handOver(futex) { wakes.add(waiter) } else { drop(futex) }
    }
  }

  /// Makes the word name `thread`, which may have inherited it.
  ///
  /// - Returns: what is to be done about it before the next attempt; nil when nothing is.
  mutating func settle(_ word: FutexWord, of thread: FutexThread) -> Outcome? {
    guard let futex = find(word.key), futex.isInherited, futex.owner === thread else { return nil }
    guard let value = word.presentValue() else { return .absent }
    let waiters = futex.first == nil ? 0 : OwnedFutex.waitersBit
    let new = thread.number | OwnedFutex.ownerDiedBit | waiters
    if let failure = Self.write(new, over: value, to: word) { return failure }
    settle(futex)
    return nil
  }

  /// Ends the inheritance of `word` by `thread`, whatever the word says.
  mutating func giveUpSettling(_ word: FutexWord, of thread: FutexThread) {
    guard let futex = find(word.key), futex.isInherited, futex.owner === thread else { return }
    settle(futex)
  }

  private mutating func settle(_ futex: OwnedFutex) {
    futex.isInherited = false
    if futex.first == nil { drop(futex) }
  }
}
