public import Machine

/// Who waits in queues: a thread, or something that collects events for one.
open class Waiter {
  /// Creates a waiter.
  public init() {}

  /// Told when something that it waits for may have come: a thread runs again and looks for itself.
  ///
  /// - Parameters:
  ///   - entry: by what it waits in the queue.
  ///   - events: what has come.
  /// - Returns: whether it made anybody run: a queue that wakes one counts only those.
  /// - Context: any, interrupts included; the queue's lock is held, so it takes no lock above that of run queues and uses no
  ///   wait queue that could lead back.
  open func notify(_ entry: WaitEntry, _ events: PollEvents) -> Bool { false }
}

/// A place in a wait queue. In one queue at a time.
///
/// A thread has one for the waits of one queue at a time; whoever waits in many makes one for each.
public final class WaitEntry: LinkedMember {
  /// Who waits. Queues keep neither it nor the entry, which leaves its queue before it ends.
  public let waiter: Waiter
  /// What it waits for.
  public var events: PollEvents = .all
  /// Whether waking it is enough for a queue that wakes one.
  public var isExclusive = false
  /// A number for the waiter's use.
  public var tag = 0

  /// Creates a place for `waiter`.
  public init(_ waiter: Waiter) {
    self.waiter = waiter
    super.init()
  }

  /// Tells the waiter, as `Waiter.notify` says.
  ///
  /// Its own function, as what an object uses of itself is not counted.
  @inline(never)
  public func notify(_ events: PollEvents) -> Bool { waiter.notify(self, events) }
}
