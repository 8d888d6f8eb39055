import Foundations
import Scheduling
import Synchronization

/// The futexes with owners for which somebody waits, and who lends urgency to whom.
///
/// What the owner is lent is the urgency of the most urgent of all that wait for what it owns. An owner that waits itself lends on.
struct FutexOwnership: ~Copyable {
  /// How long a chain of owners that wait for owners may be. Source: Linux, max_lock_depth.
  private static var chainLimit: Int { 1024 }

  private var table = InlineArray<256, OwnedFutex?>(repeating: nil)

  // MARK: The table

  private static func index(of key: FutexKey) -> Int {
    let mixed = (key.place >> 2 &+ key.owner &* 0xff51_afd7_ed55_8ccd) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> 56)
  }

  /// The futex that is known by `key`, if somebody waits for it.
  ///
  /// Changes nothing, but the compiler copies a whole table that is only read to the stack: 2 KiB.
  mutating func find(_ key: FutexKey) -> OwnedFutex? {
    var next = table[Self.index(of: key)]
    while let futex = next {
      if futex.key == key { return futex }
      next = futex.nextInTable
    }
    return nil
  }

  /// Makes `futex` the one that is known by `key` and owned by `owner`.
  mutating func insert(_ futex: OwnedFutex, _ key: FutexKey, ownedBy owner: FutexThread) {
    futex.key = key
    futex.isInherited = false
    let index = Self.index(of: key)
    futex.nextInTable = table[index]
    table[index] = futex
    Self.give(futex, to: owner)
  }

  /// Puts `futex` out of use, for which nobody waits.
  mutating func drop(_ futex: OwnedFutex) {
    Self.takeFromOwner(futex)
    let index = Self.index(of: futex.key)
    let following = futex.nextInTable.take()
    if table[index] === futex {
      table[index] = following
      return
    }
    var before = table[index]
    while let other = before {
      if other.nextInTable === futex {
        other.nextInTable = following
        return
      }
      before = other.nextInTable
    }
  }

  private static func give(_ futex: OwnedFutex, to owner: FutexThread) {
    futex.owner = owner
    futex.nextHeld = owner.held
    owner.held?.previousHeld = futex
    owner.held = futex
  }

  private static func takeFromOwner(_ futex: OwnedFutex) {
    guard let owner = futex.owner.take() else { return }
    let (next, previous) = (futex.nextHeld.take(), futex.previousHeld.take())
    next?.previousHeld = previous
    if let previous { previous.nextHeld = next } else { owner.held = next }
  }

  // MARK: Waiting

  /// Whether `thread` would wait for itself if it waited for `owner`.
  func isDeadlock(_ thread: FutexThread, waitingFor owner: FutexThread) -> Bool {
    var next: FutexThread? = owner
    for _ in 0..<Self.chainLimit {
      guard let one = next else { return false }
      if one === thread { return true }
      next = one.ownedWait?.futex?.owner
    }
    return true
  }

  /// Lets `thread` wait for `futex` in the place `waiter`.
  mutating func add(_ waiter: FutexWaiter, _ thread: FutexThread, to futex: OwnedFutex) {
    waiter.thread = thread
    waiter.futex = futex
    waiter.urgency = thread.urgency
    thread.ownedWait = waiter
    waiter.place.store(FutexWaiter.owned, ordering: .releasing)
    futex.insert(waiter)
    if let owner = futex.owner { Self.relend(owner) }
  }

  /// Takes `waiter` out of what it waits for, and lets it go on.
  private func takeOut(_ waiter: FutexWaiter) {
    guard let futex = waiter.futex.take() else { return }
    futex.remove(waiter)
    waiter.thread?.ownedWait = nil
    waiter.thread = nil
    waiter.release()
  }

  /// Lets `waiter` wait no more.
  ///
  /// - Returns: false when it does not wait for a futex with an owner any more.
  mutating func leave(_ waiter: FutexWaiter) -> Bool {
    guard waiter.place.load(ordering: .relaxed) == FutexWaiter.owned, let futex = waiter.futex else { return false }
    takeOut(waiter)
    guard let owner = futex.owner else { return true }
    // One that is inherited stays until its heir has seen it.
    if futex.first == nil && !futex.isInherited { drop(futex) }
    Self.relend(owner)
    return true
  }

  /// Makes the most urgent that waits for `futex` its owner.
  ///
  /// - Returns: it, released and to be notified; nil when nobody waits.
  mutating func handOver(_ futex: OwnedFutex) -> FutexWaiter? {
    guard let waiter = futex.first, let thread = waiter.thread else { return nil }
    let old = futex.owner
    Self.takeFromOwner(futex)
    Self.give(futex, to: thread)
    takeOut(waiter)
    if futex.first == nil && !futex.isInherited { drop(futex) }
    if let old { Self.relend(old) }
    Self.relend(thread)
    return waiter
  }

  // MARK: Lending

  /// Lends to `thread` what those who wait for it have, and so on along those that it waits for.
  static func relend(_ thread: FutexThread) {
    var next: FutexThread? = thread
    for _ in 0..<chainLimit {
      guard let one = next else { return }
      var urgency = Urgency.none
      var futex = one.held
      while let held = futex {
        if let first = held.first { urgency = min(urgency, first.urgency) }
        futex = held.nextHeld
      }
      guard one.lent != urgency else { return }
      one.lent = urgency
      one.lend(urgency)
      next = moveInLine(one)
    }
  }

  /// Gives `thread`, whose urgency has changed, another place in the line that it waits in.
  ///
  /// - Returns: the owner of what it waits for, to whom it may lend something else now.
  static func moveInLine(_ thread: FutexThread) -> FutexThread? {
    guard let waiter = thread.ownedWait, let futex = waiter.futex else { return nil }
    futex.remove(waiter)
    waiter.urgency = thread.urgency
    futex.insert(waiter)
    return futex.owner
  }
}
