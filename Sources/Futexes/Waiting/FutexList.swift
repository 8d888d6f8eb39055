import Foundations
import Machine
import Synchronization

/// Those that wait at the futexes of one bucket, in the order in which they came.
struct FutexList: ~Copyable {
  private var members = LinkedList<FutexWaiter>()

  @inline(__always)
  init() {}

  /// The first of all.
  var front: FutexWaiter? { members.first }

  /// Adds `waiter` behind all others. Its thread keeps it until it is out again.
  @inline(__always)
  mutating func append(_ waiter: FutexWaiter) { members.append(waiter) }

  /// Takes `waiter` out, which is in the list.
  @inline(__always)
  mutating func remove(_ waiter: FutexWaiter) { members.remove(waiter) }

  /// The first that waits at `key` for any of `mask`.
  @inline(__always)
  func first(at key: FutexKey, _ mask: UInt32 = .max) -> FutexWaiter? {
    var found: FutexWaiter?
    members.forEach { waiter in
      guard waiter.key == key, waiter.mask & mask != 0 else { return true }
      found = waiter
      return false
    }
    return found
  }

  /// Takes out and releases up to `limit` of those that wait at `key` for any of `mask`.
  ///
  /// - Returns: how many.
  mutating func release(_ key: FutexKey, _ mask: UInt32, limit: Int, to wakes: inout WakeList) -> Int {
    var count = 0
    // Counted, for one that was released may be gone at once.
    var next = members.first
    while count < limit, let waiter = next {
      next = members.next(after: waiter)
      guard waiter.key == key, waiter.mask & mask != 0 else { continue }
      remove(waiter)
      waiter.release()
      wakes.add(waiter)
      count += 1
    }
    return count
  }

  /// Takes out up to `limit` of those that wait at `key`, and puts them into `others` in their order, as waiting at `target`,
  /// which is in bucket `number`.
  ///
  /// - Returns: how many.
  mutating func move(
    _ key: FutexKey, limit: Int, to others: inout FutexList, at target: FutexKey, _ number: Int
  ) -> Int {
    var count = 0
    // Counted, for one that was released may be gone at once.
    var next = members.first
    while count < limit, let waiter = next {
      next = members.next(after: waiter)
      guard waiter.key == key else { continue }
      remove(waiter)
      waiter.key = target
      waiter.place.store(number, ordering: .releasing)
      others.append(waiter)
      count += 1
    }
    return count
  }

  /// Puts all of `others` behind those that are here.
  mutating func append(_ others: consuming FutexList) {
    members.append(contentsOf: others.members)
  }
}

/// A part of the futexes that there are, by their keys' hashes.
struct FutexBucket: ~Copyable {
  let list = SpinLock(FutexList())
  /// No fewer than wait here: looked at without the lock, as most wakes find nobody.
  ///
  /// Whoever waits is counted before it looks at the word; whoever wakes has changed the word before it looks here. Both have a
  /// full fence in between.
  let population = Atomic<Int>(0)
}
