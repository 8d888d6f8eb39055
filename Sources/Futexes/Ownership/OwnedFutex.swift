import Foundations
import Scheduling

/// A futex with an owner, while somebody waits for it. Guarded by the lock of owned futexes.
///
/// The most urgent waits first; of those that are alike, the one that came first. Source: futex(2), "Priority-inheritance futexes".
final class OwnedFutex {
  /// Bits of the word. Source: linux/futex.h.
  static var waitersBit: UInt32 { 0x8000_0000 }
  static var ownerDiedBit: UInt32 { 0x4000_0000 }
  static var ownerMask: UInt32 { 0x3fff_ffff }

  var key = FutexKey(owner: 0, place: 0)
  /// Who owns it; nobody only when it is out of use.
  var owner: FutexThread?
  /// Its last owner ended; the next has not yet written its own number into the word.
  var isInherited = false
  private(set) var first: FutexWaiter?
  private var last: FutexWaiter?

  /// The next of the same hash.
  var nextInTable: OwnedFutex?
  /// The next and the one before of the same owner.
  var nextHeld: OwnedFutex?
  var previousHeld: OwnedFutex?

  /// Whether more than one waits.
  var hasSeveral: Bool { first?.next != nil }

  /// Puts `waiter` in front of those that are less urgent.
  func insert(_ waiter: FutexWaiter) {
    var before = last
    while let other = before, waiter.urgency < other.urgency { before = other.previous }
    let after = before == nil ? first : before?.next
    (waiter.previous, waiter.next) = (before, after)
    if let before { before.next = waiter } else { first = waiter }
    if let after { after.previous = waiter } else { last = waiter }
  }

  /// Takes `waiter` out, which is in the list.
  func remove(_ waiter: FutexWaiter) {
    let (next, previous) = (waiter.next.take(), waiter.previous.take())
    if let next { next.previous = previous } else { last = previous }
    if let previous { previous.next = next } else { first = next }
  }
}
