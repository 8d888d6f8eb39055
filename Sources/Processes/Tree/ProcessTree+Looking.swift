import Machine
/// A process's place among others, at one moment.
public struct ProcessRelations {
  /// The number of its parent, or 0.
  public var parent: Int32 = 0
  /// The number of its group.
  public var group: Int32 = 0
  /// The number of its session.
  public var session: Int32 = 0
  /// How far it has come.
  public var life = ProcessNode.Life.dead
  /// Whether it is stopped, as a job.
  public var isStopped = false
  /// How it ended.
  public var status = ExitStatus(code: 0)
  /// What its children that have been waited for used, and theirs.
  public var childrenUsage = ResourceUsage()
}

/// Looking at processes from outside, as /proc does.
extension ProcessTree {
  /// What `number` names: a process, also a zombie, or a task; nil for neither.
  public func identifier(_ number: Int32) -> ProcessIdentifier? {
    state.withLock { state in
      guard let found = state.identifiers.find(number), found.process != nil || found.task != nil else { return nil }
      return found
    }
  }

  /// The process with the lowest number from `number` on; nil when there is none.
  public func nextProcess(from number: Int32) -> ProcessIdentifier? {
    state.withLock { $0.identifiers.nextProcess(from: number) }
  }

  /// The process that `identifier` names, until it has been waited for.
  public func process(of identifier: ProcessIdentifier) -> ProcessNode? { state.withLock { _ in identifier.process } }

  /// The task that `identifier` names, until it ends.
  public func task(of identifier: ProcessIdentifier) -> Task? { state.withLock { _ in identifier.task } }

  /// Where `process` is among others.
  public func relations(of process: ProcessNode) -> ProcessRelations {
    state.withLock { _ in
      var relations = ProcessRelations()
      relations.parent = process.parent?.identifier.number ?? 0
      relations.group = process.group?.identifier.number ?? 0
      relations.session = process.session?.identifier.number ?? 0
      (relations.life, relations.isStopped, relations.status) = (process.life, process.isStopped, process.status)
      relations.childrenUsage = process.childrenUsage
      return relations
    }
  }

  /// How many processes and tasks have been made since boot.
  public var madeCount: UInt64 { state.withLock { $0.identifiers.madeCount } }

  /// The number that was given out last.
  public var lastNumber: Int32 { state.withLock { $0.identifiers.last } }

  /// How many numbers are in use.
  public var numberCount: Int { state.withLock { $0.identifiers.count } }

  /// One more than the highest number. Source: proc_sys_kernel(5), `pid_max`.
  public var numberLimit: Int32 { state.withLock { $0.identifiers.limit } }
}
