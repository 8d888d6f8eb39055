public import Foundations
import LinuxABI
import Machine

/// All processes: who is whose child, in which group and session, and who has ended.
///
/// One lock guards it. Lock order: the tree, then what signals have, then threads' states and wait queues.
public final class ProcessTree {
  /// Guarded by the lock, as are all nodes.
  struct State: ~Copyable {
    var identifiers: IdentifierTable
    /// The first process, which takes over orphans.
    var first: ProcessNode?
    /// How many processes have not been forgotten.
    var count = 0
  }

  let state: SpinLock<State>

  /// Creates a tree without processes.
  ///
  /// - Parameter limit: one more than the highest number.
  public init(limit: Int32 = 32_768) {
    state = SpinLock(State(identifiers: IdentifierTable(limit: max(2, limit))))
  }

  /// How many processes there are, zombies too.
  public var count: Int { state.withLock { $0.count } }

  // MARK: Numbers

  /// Takes a number for a process or a task.
  ///
  /// - Throws: `EAGAIN` when all are in use, `ENOMEM`.
  public func makeIdentifier() throws(Errno) -> ProcessIdentifier {
    try state.withLock { state throws(Errno) in
      let identifier = try state.identifiers.allocate()
      identifier.otherUses = 1
      return identifier
    }
  }

  /// Gives up the use that `makeIdentifier` began. What else the number names keeps it.
  public func release(_ identifier: ProcessIdentifier) {
    state.withLock { state in
      identifier.otherUses -= 1
      state.identifiers.releaseIfUnused(identifier)
    }
  }

  /// The process with `number`, also a zombie; nil when there is none.
  public func process(_ number: Int32) -> ProcessNode? {
    state.withLock { $0.identifiers.find(number)?.process }
  }

  /// Whether `process` has ended, waited for or not.
  public func hasEnded(_ process: ProcessNode) -> Bool { state.withLock { _ in process.life != .alive } }

  // MARK: Beginnings

  /// Puts the first process into the tree, in a group and session of number 0, as Linux does.
  public func addFirst(_ process: ProcessNode) {
    let session = Session(ProcessIdentifier(0))
    let group = ProcessGroup(ProcessIdentifier(0), in: session)
    session.groupCount = 1
    state.withLock { state in
      precondition(state.first == nil, "two first processes")
      state.first = process
      state.count += 1
      process.identifier.process = process
      group.add(process)
    }
  }

  /// Puts `child` into the tree, into the group of `parent`. Source: fork(2).
  ///
  /// - Parameter sharesParent: whether it becomes a child of the parent's parent. Source: clone(2), `CLONE_PARENT`.
  /// - Throws: `EAGAIN` when the parent has ended, or `isAllowed`, which may look at the parent under the lock, says no.
  public func add(
    _ child: ProcessNode, to parent: ProcessNode, sharesParent: Bool = false, if isAllowed: () -> Bool = { true }
  ) throws(Errno) {
    try state.withLock { state throws(Errno) in
      guard parent.life == .alive, let group = parent.group, isAllowed() else { throw .EAGAIN }
      state.count += 1
      child.identifier.process = child
      (sharesParent ? parent.parent ?? parent : parent).adopt(child)
      group.add(child)
    }
  }

  /// Notes that `process` has executed a program.
  public func noteExecution(of process: ProcessNode) {
    state.withLock { _ in (process.hasExecuted, process.exitSignal) = (true, .SIGCHLD) }
  }

  /// Makes `process` take over orphans among its descendants, or not.
  public func setSubreaper(_ process: ProcessNode, _ isSubreaper: Bool) {
    state.withLock { _ in process.isSubreaper = isSubreaper }
  }

  // MARK: Walks

  /// Which processes a walk visits.
  public enum Visit: Sendable {
    /// Those that live.
    case living
    /// Also those that have ended and not been waited for.
    case all
  }

  /// Calls `body` with each process that lives, by number, until it returns false. The lock is held.
  public func forEachProcess(_ visit: Visit = .living, _ body: (ProcessNode) -> Bool) {
    state.withLock { state in
      var goesOn = true
      state.identifiers.forEach { identifier in
        guard goesOn, let process = identifier.process, visit == .all || process.life == .alive else { return }
        goesOn = body(process)
      }
    }
  }

  /// Calls `body` with each living member of the group `number`. The lock is held.
  ///
  /// - Returns: false when there is no such group.
  @discardableResult
  public func forEachMember(
    ofGroup number: Int32, _ visit: Visit = .living, _ body: (ProcessNode) -> Void
  ) -> Bool {
    state.withLock { state in
      guard let group = state.identifiers.find(number)?.group else { return false }
      group.forEach { if visit == .all || $0.life == .alive { body($0) } }
      return true
    }
  }
}

extension ProcessNode {
  /// Makes `child` the youngest child.
  final func adopt(_ child: ProcessNode) {
    child.parent = self
    child.previousSibling = lastChild
    lastChild?.nextSibling = child
    lastChild = child
    if firstChild == nil { firstChild = child }
  }

  /// Lets go of a child.
  final func drop(_ child: ProcessNode) {
    if let previous = child.previousSibling {
      previous.nextSibling = child.nextSibling
    } else {
      firstChild = child.nextSibling
    }
    if let next = child.nextSibling {
      next.previousSibling = child.previousSibling
    } else {
      lastChild = child.previousSibling
    }
    (child.nextSibling, child.previousSibling, child.parent) = (nil, nil, nil)
  }
}
