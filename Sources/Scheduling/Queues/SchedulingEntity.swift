/// What a run queue orders: the scheduler's side of a thread. The layer above derives a class that leads to its thread.
///
/// Its state belongs to the run queue that it was last put into, and is guarded by that queue's lock. Queues link entities by
/// references in them, so putting one in or taking one out never needs memory.
open class SchedulingEntity {
  /// Where an entity is.
  public enum Place: UInt8, Sendable {
    /// In no queue: it waits, or is being moved.
    case detached
    /// In a queue.
    case ready
    /// On the CPU, as the `current` of its queue.
    case running
  }

  /// How it wants to be scheduled.
  public final internal(set) var parameters: SchedulingParameters
  /// Where it is.
  public final internal(set) var place = Place.detached
  /// The CPUs that it may run on.
  public final var affinity = ProcessorSet.all
  /// What those lend who wait for it.
  public final internal(set) var lent = Urgency.none
  /// Its times and switches.
  public final internal(set) var account = EntityAccount()

  // What it counts as, from its parameters and what is lent to it.
  final var schedulingClass = SchedulingClass.fair
  /// Real-time priority, 1...99.
  final var priority = 0
  final var weight: UInt32 = 1024
  final var isBackground = false

  // Since when it runs (`running`) or is ready (`ready`), in nanoseconds.
  final var since: UInt64 = 0

  // A place in a tree; lists use `left` as the previous and `right` as the next.
  final var left: SchedulingEntity?
  final var right: SchedulingEntity?
  final var treeKey: UInt64 = 0
  final var treeSequence: UInt64 = 0
  final var treeMinimum: UInt64 = 0
  final var treeHeight: UInt8 = 0

  /// Of the fair class.
  final var fair = FairState()
  /// Of the real-time class: what is left of its turn, in nanoseconds.
  final var turn: UInt64 = RealTimeQueue.turn
  /// Of the deadline class.
  final var server = DeadlineState()

  /// Creates an entity that is in no queue.
  public init(_ parameters: SchedulingParameters = SchedulingParameters()) {
    self.parameters = parameters
    refresh()
  }

  /// How urgent it is with what is lent to it: what it lends on.
  public final var urgency: Urgency { min(ownUrgency, lent) }

  /// The class that it is served in.
  public final var servedClass: SchedulingClass { schedulingClass }

  /// Whether it gives way to ordinary ones.
  final var isNice: Bool { schedulingClass == .fair && (parameters.nice > .normal || isBackground) }

  final var ownUrgency: Urgency {
    switch parameters.policy {
    case .stop: .stop
    case .deadline: .deadline(server.deadline)
    case .fifo, .roundRobin: .realTime(parameters.priority)
    case .normal, .batch: .fair(parameters.nice)
    case .idle: .background
    }
  }

  /// Sets what it counts as.
  ///
  /// - Context: while it is in no tree and no list.
  final func refresh() {
    let urgency = urgency
    schedulingClass = urgency.schedulingClass
    switch schedulingClass {
    case .stop, .idle, .deadline: break
    case .realTime: priority = 99 - Int(urgency.place)
    case .fair:
      isBackground = urgency.place >= 40
      weight = isBackground ? 3 : Nice(clamping: Int(urgency.place) - 20).weight
    }
  }

  /// Whether it is served by a deadline that is not its own.
  @inline(__always)
  final var hasLentDeadline: Bool { schedulingClass == .deadline && lent < ownUrgency }
}
