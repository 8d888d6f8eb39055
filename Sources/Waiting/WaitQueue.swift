public import Foundations
import Machine
import Synchronization

/// Those who wait for something, such as data in a pipe.
///
/// Whoever makes a condition true wakes the queue afterwards. Whoever waits enters the queue, looks at the condition, and only
/// then sleeps, so nothing is missed; `wait` does all that.
public struct WaitQueue: ~Copyable, Sendable {
  private let entries = SpinLock(LinkedList<WaitEntry>())
  // Looked at without the lock: most queues are empty when woken.
  private let population = Atomic<Int>(0)

  /// Creates an empty queue.
  public init() {}

  /// Whether nobody waits.
  public var isEmpty: Bool { population.load(ordering: .relaxed) == 0 }

  /// Puts `entry` into the queue: at the end if it is exclusive, otherwise in front.
  ///
  /// - Precondition: it is in no queue.
  /// - Context: any.
  public func add(_ entry: WaitEntry) {
    entries.withLock { entries in
      if entry.isExclusive { entries.append(entry) } else { entries.prepend(entry) }
    }
    // Whoever makes the condition true afterwards must see it: see `wake`.
    population.wrappingAdd(1, ordering: .sequentiallyConsistent)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  /// Takes `entry` out, if it is in this queue.
  ///
  /// - Context: any.
  public func remove(_ entry: WaitEntry) {
    let wasQueued = entries.withLock { entries in
      guard entry.isLinked else { return false }
      entries.remove(entry)
      return true
    }
    if wasQueued { population.wrappingSubtract(1, ordering: .relaxed) }
  }

  /// Tells those who wait for any of `events`: all that are not exclusive, and `exclusiveLimit` of the others.
  ///
  /// - Returns: how many were told and did something about it.
  /// - Context: any.
  @discardableResult
  @inline(__always)
  public func wake(_ events: PollEvents = .all, exclusiveLimit: Int = 1) -> Int {
    // The condition was written before; either this sees the entry, or the waiter sees the condition.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    guard !isEmpty else { return 0 }
    return wakeEntries(events, exclusiveLimit)
  }

  /// Tells everyone who waits for any of `events`.
  @discardableResult
  public func wakeAll(_ events: PollEvents = .all) -> Int { wake(events, exclusiveLimit: .max) }

  @inline(never)
  private func wakeEntries(_ events: PollEvents, _ exclusiveLimit: Int) -> Int {
    entries.withLock { entries in
      var woken = 0
      var exclusives = exclusiveLimit
      entries.forEach { entry in
        guard exclusives > 0 || !entry.isExclusive else { return false }
        guard !entry.events.isDisjoint(with: events), entry.notify(events) else { return true }
        woken += 1
        if entry.isExclusive { exclusives -= 1 }
        return true
      }
      return woken
    }
  }

  /// Waits until `condition` is true, looking at it whenever the queue is woken.
  ///
  /// - Parameters:
  ///   - events: for what to be woken.
  ///   - isExclusive: whether one who waits like this is enough for each that has come. Its condition must take what has come.
  ///   - interruption: what may end the wait early.
  ///   - deadline: in nanoseconds of the monotonic clock; nil for none.
  /// - Throws: `EINTR` for a signal, `ETIMEDOUT` at the deadline.
  /// - Context: a thread without spin locks. `condition` runs in the thread and may take spin locks, but must not wait.
  public func wait(
    for events: PollEvents = .all, isExclusive: Bool = false, _ interruption: Interruption = .signals,
    deadline: UInt64? = nil, until condition: () -> Bool
  ) throws(Errno) {
    if condition() { return }
    let entry = Blocking.entry
    entry.events = events
    entry.isExclusive = isExclusive
    add(entry)
    defer { remove(entry) }
    while true {
      Blocking.prepare(interruption)
      if condition() { return Blocking.finish() }
      let outcome = Blocking.block(interruption, deadline: deadline)
      // Whoever was woken does not wait any more.
      if outcome != .woken { Blocking.finish() }
      if condition() { return }
      switch outcome {
      case .woken: continue
      case .interrupted: throw .EINTR
      case .timedOut: throw .ETIMEDOUT
      }
    }
  }
}

/// What may end a wait before its time.
public enum Interruption: UInt8, Sendable {
  /// Any signal that is not blocked.
  case signals
  /// Only what ends the process.
  case kill
  /// Nothing: what is waited for is sure to come soon.
  case nothing
}
