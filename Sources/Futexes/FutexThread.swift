import Foundations
import Machine
public import Scheduling
import Synchronization
import Waiting

/// A thread, as far as futexes need one. The layer above derives the class that leads to its thread.
///
/// Unless it says otherwise, what is here is for the thread itself.
open class FutexThread {
  /// How urgent threads are that nobody has made more or less so.
  static var plainUrgency: Urgency { .fair(.normal) }

  /// Where the C library keeps the list of robust futexes that the thread holds; 0 for nowhere. Source: set_robust_list(2).
  public final let robustList = Atomic<UInt64>(0)
  /// Whether it is gone. Set under the lock of owned futexes.
  final let hasEnded = Atomic<Bool>(false)

  private final var waiter: FutexWaiter?
  /// Its places in calls that wait at several words.
  final var vector = GrowableArray<FutexWaiter>()
  private final var spare: OwnedFutex?

  // Guarded by the lock of owned futexes.
  /// The first of the futexes that it owns and for which others wait.
  final var held: OwnedFutex?
  /// Its place at the futex with an owner that it waits for.
  final var ownedWait: FutexWaiter?
  /// What was lent to it last.
  final var lent = Urgency.none

  /// Creates a thread that waits for nothing.
  public init() {}

  /// Its number, by which words name their owners.
  ///
  /// - Context: any.
  open var number: UInt32 { 0 }

  /// How urgent it is, with what is lent to it.
  ///
  /// - Context: any; a spin lock above run queues is held.
  open var urgency: Urgency { Self.plainUrgency }

  /// Makes it at least as urgent as `urgency`, and not because of what was lent to it before.
  ///
  /// - Context: any; a spin lock above run queues is held.
  open func lend(_ urgency: Urgency) {}

  // MARK: Memory

  /// Its place for waits at one word, made for the first.
  ///
  /// - Throws: `ENOMEM`.
  @inline(__always)
  final func ownWaiter() throws(Errno) -> FutexWaiter {
    if let waiter { return waiter }
    return try makeWaiter()
  }

  @inline(never)
  private final func makeWaiter() throws(Errno) -> FutexWaiter {
    try checkMemory(waiters: 1)
    let new = FutexWaiter(Blocking.entry)
    waiter = new
    return new
  }

  /// Makes sure that it can make a futex have an owner, under a lock.
  ///
  /// - Throws: `ENOMEM`.
  final func prepareSpare() throws(Errno) {
    guard spare == nil else { return }
    try checkMemory(waiters: 1)
    spare = OwnedFutex()
  }

  /// What `prepareSpare` has made.
  final func takeSpare() -> OwnedFutex { spare.take() ?? OwnedFutex() }

  /// Gives up its places, which lead back to it: it waits no more.
  final func dropPlaces() {
    (waiter, spare) = (nil, nil)
    vector = GrowableArray()
  }

  /// Checks that there is memory for objects: Swift cannot say that there was none.
  final func checkMemory(waiters count: Int) throws(Errno) {
    // More than an object of this module takes.
    var memory = GrowableArray<UInt8>()
    try memory.reserveCapacity(256 * count)
  }
}

/// Leads from numbers to threads.
open class FutexThreads {
  /// Creates one that knows nobody.
  public init() {}

  /// The thread with this number; nil when there is none.
  ///
  /// - Context: a thread without locks.
  open func thread(numbered number: UInt32) -> FutexThread? { nil }
}
