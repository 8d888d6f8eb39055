import Foundations

/// A move of those that wait at one word to the owner of another.
struct OwnerMove {
  let source: FutexKey
  let target: FutexWord
  let limit: Int
  /// The thread that moves them.
  let caller: FutexThread
  /// Who may be the owner that `target` names.
  let candidate: FutexThread?
  /// How many have left `source`.
  var count = 0

  init(
    _ source: FutexKey, _ target: FutexWord, _ limit: Int, _ caller: FutexThread, _ candidate: FutexThread?
  ) {
    (self.source, self.target, self.limit) = (source, target, limit)
    (self.caller, self.candidate) = (caller, candidate)
  }
}

extension FutexOwnership {
  /// Moves those that wait in `list`.
  ///
  /// - Returns: what is to be done before the next attempt; nil when nothing is.
  mutating func move(_ list: inout FutexList, _ move: inout OwnerMove, _ wakes: inout WakeList) -> Outcome? {
    guard let top = list.first(at: move.source) else { return nil }
    guard top.target == move.target.key, let thread = top.thread else { return .invalid }
    guard let value = move.target.presentValue() else { return .absent }
    let known = find(move.target.key)
    if known == nil, value & OwnedFutex.ownerMask == 0 {
      return give(move.target, value, to: thread, top, &list, &move, &wakes)
    }
    switch owned(move.target, value, known, move.candidate, spareOf: move.caller) {
    case .failure(let outcome): return outcome
    case .futex(let futex): return moveOthers(&list, &move, to: futex)
    }
  }

  /// Makes `thread`, the first that waits, the owner of the word that nobody owns, and moves the others to it.
  private mutating func give(
    _ word: FutexWord, _ value: UInt32, to thread: FutexThread, _ top: FutexWaiter, _ list: inout FutexList,
    _ move: inout OwnerMove, _ wakes: inout WakeList
  ) -> Outcome? {
    // Whether others wait is not known before they are looked at; the bit costs the owner no more than a call.
    let waiters = move.limit > 0 ? OwnedFutex.waitersBit : 0
    let new = thread.number | value & OwnedFutex.ownerDiedBit | waiters
    if let failure = Self.write(new, over: value, to: word) { return failure }
    list.remove(top)
    top.release()
    wakes.add(top)
    move.count = 1
    guard move.limit > 0, list.first(at: move.source) != nil else { return nil }
    let futex = move.caller.takeSpare()
    insert(futex, word.key, ownedBy: thread)
    return moveOthers(&list, &move, to: futex)
  }

  private mutating func moveOthers(
    _ list: inout FutexList, _ move: inout OwnerMove, to futex: OwnedFutex
  ) -> Outcome? {
    guard let owner = futex.owner else { return .invalid }
    var moved = 0
    var failure: Outcome?
    while moved < move.limit, let waiter = list.first(at: move.source) {
      guard waiter.target == move.target.key, let thread = waiter.thread else {
        failure = .invalid
        break
      }
      guard !isDeadlock(thread, waitingFor: owner) else {
        failure = .deadlock
        break
      }
      list.remove(waiter)
      add(waiter, thread, to: futex)
      moved += 1
    }
    move.count += moved
    if futex.first == nil && !futex.isInherited { drop(futex) }
    return failure
  }
}
