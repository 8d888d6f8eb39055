public import Foundations
import Machine

/// Groups and sessions.
extension ProcessTree {
  /// Moves the process `target` to the group `number`, which is made if it is the process's own. Source: setpgid(2).
  ///
  /// - Parameters:
  ///   - target: a process's number; 0 for the caller.
  ///   - number: a group's number; 0 for that of the process.
  /// - Throws: `EINVAL`, `ESRCH`, `EACCES`, `EPERM`.
  public func setGroup(of target: Int32, to number: Int32, by caller: ProcessNode) throws(Errno) {
    guard target >= 0, number >= 0 else { throw .EINVAL }
    try state.withLock { state throws(Errno) in
      let process: ProcessNode
      if target == 0 || target == caller.identifier.number {
        process = caller
      } else {
        guard let child = state.identifiers.find(target)?.process, child.parent === caller else { throw .ESRCH }
        guard child.session === caller.session else { throw .EPERM }
        guard !child.hasExecuted else { throw .EACCES }
        process = child
      }
      guard process.life == .alive, let old = process.group else { throw .ESRCH }
      guard process.session?.leader !== process else { throw .EPERM }
      let wanted = number == 0 ? process.identifier.number : number
      guard old.identifier.number != wanted else { return }
      let group: ProcessGroup
      if wanted == process.identifier.number {
        // Its old members may have kept a group of the process's own number.
        group = process.identifier.group ?? makeGroup(process.identifier, in: old.session)
      } else {
        guard let existing = state.identifiers.find(wanted)?.group else { throw .EPERM }
        group = existing
      }
      guard group.session === old.session else { throw .EPERM }
      leaveGroup(process, &state)
      group.add(process)
    }
  }

  private func makeGroup(_ identifier: ProcessIdentifier, in session: Session) -> ProcessGroup {
    let group = ProcessGroup(identifier, in: session)
    identifier.group = group
    session.groupCount += 1
    return group
  }

  /// Makes a session and a group of the caller's own. Source: setsid(2).
  ///
  /// - Returns: its number.
  /// - Throws: `EPERM` when the caller leads a group, or there is a group of its number.
  public func makeSession(for caller: ProcessNode) throws(Errno) -> Int32 {
    try state.withLock { state throws(Errno) in
      let identifier = caller.identifier
      guard identifier.group == nil, identifier.session == nil else { throw .EPERM }
      let session = Session(identifier)
      identifier.session = session
      session.leader = caller
      let group = makeGroup(identifier, in: session)
      leaveGroup(caller, &state)
      group.add(caller)
      return identifier.number
    }
  }

  /// The number of the group of process `number`, or of the caller's for 0. Source: getpgid(2).
  ///
  /// - Throws: `ESRCH`.
  public func group(of number: Int32, by caller: ProcessNode) throws(Errno) -> Int32 {
    try state.withLock { state throws(Errno) in
      guard let group = find(number, caller, state)?.group else { throw .ESRCH }
      return group.identifier.number
    }
  }

  /// The number of the session of process `number`, or of the caller's for 0. Source: getsid(2).
  ///
  /// - Throws: `ESRCH`.
  public func session(of number: Int32, by caller: ProcessNode) throws(Errno) -> Int32 {
    try state.withLock { state throws(Errno) in
      guard let session = find(number, caller, state)?.session else { throw .ESRCH }
      return session.identifier.number
    }
  }

  private func find(_ number: Int32, _ caller: ProcessNode, _ state: borrowing State) -> ProcessNode? {
    number == 0 ? caller : state.identifiers.find(number)?.process
  }

  /// The session of the group `number`; nil when there is no such group.
  public func session(ofGroup number: Int32) -> Int32? {
    state.withLock { $0.identifiers.find(number)?.group?.session.identifier.number }
  }

  /// The numbers of the session and the group of `process`, and whether it leads the session.
  public func place(of process: ProcessNode) -> (session: Int32, group: Int32, leadsSession: Bool) {
    state.withLock { _ in
      guard let group = process.group else { return (0, 0, false) }
      return (group.session.identifier.number, group.identifier.number, group.session.leader === process)
    }
  }

  /// The number of the parent, or 0. Source: getppid(2).
  @inline(__always)
  public func parent(of process: ProcessNode) -> Int32 { process.parentNumber }

  /// Whether the group of `process` is orphaned, so that nobody would let a stopped member go on.
  public func isInOrphanedGroup(_ process: ProcessNode) -> Bool {
    state.withLock { _ in process.group?.isOrphaned() ?? true }
  }
}
