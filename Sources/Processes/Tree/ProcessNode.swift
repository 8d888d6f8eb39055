public import LinuxABI
import Synchronization
public import Waiting

/// A process as part of the tree of processes: its relatives, its group and session, and its end.
///
/// A subclass adds what the process has and does. Everything that can change is guarded by the tree's lock, under which the
/// functions meant to be overridden are called, too: they must be short and not call the tree.
open class ProcessNode {
  /// How far it has come.
  public enum Life: UInt8, Sendable {
    /// It runs, or could.
    case alive
    /// It has ended; its parent has not asked yet.
    case zombie
    /// It has ended and been forgotten.
    case dead
  }

  /// Its number.
  public let identifier: ProcessIdentifier
  /// What its parent is sent when it ends; nil for nothing. An ordinary child's once it has got another parent or program, for
  /// whoever had chosen another signal had not chosen it for those. Source: clone(2).
  public final internal(set) var exitSignal: Signal?
  /// Where it waits for its children.
  public final let childEvents = WaitQueue()

  /// Whose child it is; nil for the first process, and for one that is not in the tree.
  public final internal(set) var parent: ProcessNode? {
    didSet { parentNumberForAll.store(parent?.identifier.number ?? 0, ordering: .relaxed) }
  }
  /// Follows `parent`, to be looked at without the lock.
  private final let parentNumberForAll = Atomic<Int32>(0)
  /// The number of its parent, or 0. Source: getppid(2).
  @inline(__always)
  public final var parentNumber: Int32 { parentNumberForAll.load(ordering: .relaxed) }
  /// How far it has come.
  public final internal(set) var life = Life.alive
  /// Whether it is stopped, as a job.
  public final internal(set) var isStopped = false
  /// Whether it takes over orphans among its descendants. Source: prctl(2), `PR_SET_CHILD_SUBREAPER`.
  public final internal(set) var isSubreaper = false
  /// Whether it has executed a program since it was made: then its parent may not move it to another group.
  public final internal(set) var hasExecuted = false
  /// How it ended.
  public final internal(set) var status = ExitStatus(code: 0)
  /// What its children that have been waited for used, and theirs.
  public final internal(set) var childrenUsage = ResourceUsage()
  /// The group that it is in.
  public final internal(set) var group: ProcessGroup?

  // Children by age, and members of a group. References both ways: who leaves a chain drops them.
  final var firstChild: ProcessNode?
  final var lastChild: ProcessNode?
  final var nextSibling: ProcessNode?
  final var previousSibling: ProcessNode?
  final var nextMember: ProcessNode?
  final var previousMember: ProcessNode?
  /// A stop or continuation that its parent has not been told by wait(2).
  final var pendingChange: ChildChange?

  /// Makes a process that is not in the tree yet.
  public init(_ identifier: ProcessIdentifier, exitSignal: Signal?) {
    self.identifier = identifier
    self.exitSignal = exitSignal
  }

  /// The session that it is in.
  public final var session: Session? { group?.session }

  // MARK: What the process layer knows

  /// Whether a child that ends is forgotten at once, and whether its signal is sent. Source: sigaction(2), `SA_NOCLDWAIT`.
  open var childPolicy: ChildPolicy { ChildPolicy(forgets: false, isTold: true) }
  /// Whether it does not want to be told of children that stop or go on. Source: sigaction(2), `SA_NOCLDSTOP`.
  open var ignoresChildStops: Bool { false }
  /// What it has used so far, without its children.
  open var usage: ResourceUsage { ResourceUsage() }
  /// The real user that it runs for, as its parent is told.
  open var realUser: UInt32 { 0 }

  /// Tells it of a child, by `signal`.
  open func childChanged(_ signal: Signal, _ report: ChildReport) {}
  /// Sends it a signal of the kernel's.
  open func receive(_ signal: Signal) {}
  /// Tells it that its parent has ended. Source: prctl(2), `PR_SET_PDEATHSIG`.
  open func parentEnded() {}
}

/// What becomes of children that end.
public struct ChildPolicy: Equatable, Sendable {
  /// Nobody will wait for them.
  public var forgets: Bool
  /// The parent is sent their signal.
  public var isTold: Bool

  /// Creates a policy.
  public init(forgets: Bool, isTold: Bool) {
    (self.forgets, self.isTold) = (forgets, isTold)
  }
}
