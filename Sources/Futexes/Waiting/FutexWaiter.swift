import Foundations
import Machine
import Scheduling
import Synchronization
import Waiting

/// A thread's place among those that wait at futexes: at one futex at a time.
///
/// Its fields are guarded by the lock of the bucket that it is in, or by the lock of owned futexes; but `place` is read without.
final class FutexWaiter: LinkedMember {
  /// `place` of one that waits nowhere.
  static var nowhere: Int { -1 }
  /// `place` of one that waits for a futex with an owner.
  static var owned: Int { -2 }

  /// By what its thread is woken. Whoever has it may use it at any time, also when the thread has ended.
  let entry: WaitEntry
  /// The number of the bucket that it is in, or one of the two above.
  let place = Atomic<Int>(FutexWaiter.nowhere)

  /// The futex.
  var key = FutexKey(owner: 0, place: 0)
  /// Wakes with any of these bits are for it.
  var mask = UInt32.max
  /// The next and the one before at the same owned futex.
  var next: FutexWaiter?
  var previous: FutexWaiter?

  // Of waits for futexes with owners.
  /// Who waits; set from before it waits until after.
  var thread: FutexThread?
  /// Where FUTEX_CMP_REQUEUE_PI may move it to.
  var target: FutexKey?
  /// The futex that it waits for.
  var futex: OwnedFutex?
  /// How urgent its thread is.
  var urgency = FutexThread.plainUrgency

  /// The next in a list of those that are about to be woken.
  fileprivate var nextToWake: FutexWaiter?
  fileprivate let isToBeWoken = Atomic<Bool>(false)

  init(_ entry: WaitEntry) {
    self.entry = entry
    super.init()
  }

  /// Whether it still waits.
  @inline(__always)
  var isWaiting: Bool { place.load(ordering: .acquiring) != Self.nowhere }

  /// Says that it waits no more: the thread may go on as soon as it sees that.
  @inline(__always)
  func release() { place.store(Self.nowhere, ordering: .releasing) }

  /// Makes its thread look whether it still waits.
  ///
  /// - Context: any; a lock that ranks above run queues may be held.
  @inline(__always)
  func notify() { _ = entry.notify(.all) }
}

/// Those that were released under a lock, and are to be notified once it is open again.
///
/// A thread may have gone on by itself, and wait again, while it is in here; that it is then looked at once for nothing does no
/// harm. If it is released anew meanwhile, whoever did that leaves it to this list.
struct WakeList: ~Copyable {
  private var first: FutexWaiter?
  private var last: FutexWaiter?

  @inline(__always)
  init() {}

  /// Adds one that was just released.
  mutating func add(_ waiter: FutexWaiter) {
    guard !waiter.isToBeWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
    if let last { last.nextToWake = waiter } else { first = waiter }
    last = waiter
  }

  /// Notifies all.
  ///
  /// - Context: no lock is held.
  consuming func wake() {
    last = nil
    while let waiter = first {
      first = waiter.nextToWake.take()
      // Before it is looked at, so that whoever releases it from here on sees to it that it is looked at again.
      _ = waiter.isToBeWoken.exchange(false, ordering: .acquiringAndReleasing)
      waiter.notify()
    }
  }
}
