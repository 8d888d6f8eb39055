import LinuxABI
import Machine
import Waiting

/// Ends of processes.
extension ProcessTree {
  /// Ends `process`: its children get another parent, its own is told, and it waits to be waited for, or is forgotten at once.
  ///
  /// - Returns: whether it was forgotten.
  /// - Precondition: none of its tasks runs programs any more. It is not the first process.
  @discardableResult
  public func end(_ process: ProcessNode, _ status: ExitStatus) -> Bool {
    state.withLock { state in
      precondition(process.life == .alive && process !== state.first, "a process that cannot end")
      process.status = status
      process.life = .zombie
      process.pendingChange = nil
      if process.session?.leader === process { process.session?.leader = nil }
      let group = process.group
      leaveChildren(of: process, &state)
      // Its end may leave its own group without anybody who cares.
      if let group, let parent = process.parent, parent.group !== group, parent.session === group.session {
        hangUpIfOrphaned(group, ignoring: process)
      }
      return tellParent(of: process, &state)
    }
  }

  /// - Returns: whether nobody will wait for it.
  private func tellParent(of process: ProcessNode, _ state: inout State) -> Bool {
    guard let parent = process.parent else { return false }
    var policy = ChildPolicy(forgets: false, isTold: true)
    // Only for an ordinary child does the parent's way with SIGCHLD count.
    if process.exitSignal == .SIGCHLD { policy = parent.childPolicy }
    if let signal = process.exitSignal {
      if policy.isTold { parent.childChanged(signal, ChildReport(process, ended: process.status)) }
    }
    if policy.forgets { forget(process, &state) }
    parent.childEvents.wakeAll()
    return policy.forgets
  }

  /// Gives the children of `process` to the nearest ancestor that takes orphans.
  private func leaveChildren(of process: ProcessNode, _ state: inout State) {
    guard process.firstChild != nil, let reaper = reaper(for: process, state) else { return }
    while let child = process.firstChild {
      let childGroup = child.group
      child.parentEnded()
      process.drop(child)
      child.exitSignal = .SIGCHLD
      reaper.adopt(child)
      if let childGroup, childGroup !== process.group, childGroup.session === process.session {
        hangUpIfOrphaned(childGroup, ignoring: nil)
      }
      // The new parent has not been told of one that has ended.
      if child.life == .zombie { _ = tellParent(of: child, &state) }
    }
  }

  private func reaper(for process: ProcessNode, _ state: borrowing State) -> ProcessNode? {
    var ancestor = process.parent
    while let candidate = ancestor {
      if candidate.isSubreaper, candidate.life == .alive { return candidate }
      ancestor = candidate.parent
    }
    return state.first
  }

  /// A group that has become orphaned, with a stopped member, is told by `SIGHUP` and goes on. Source: POSIX _exit(2).
  private func hangUpIfOrphaned(_ group: ProcessGroup, ignoring ignored: ProcessNode?) {
    guard group.hasStoppedMember, group.isOrphaned(ignoring: ignored) else { return }
    group.forEach { member in
      guard member.life == .alive else { return }
      member.receive(.SIGHUP)
      member.receive(.SIGCONT)
    }
  }

  /// Takes a process that has ended out of the tree; its number is free when nothing else has it.
  func forget(_ process: ProcessNode, _ state: inout State) {
    process.life = .dead
    process.parent?.drop(process)
    leaveGroup(process, &state)
    process.identifier.process = nil
    state.identifiers.releaseIfUnused(process.identifier)
    state.count -= 1
  }

  /// Takes a process out of its group, which ends without members, as does its session without groups.
  func leaveGroup(_ process: ProcessNode, _ state: inout State) {
    guard let group = process.group else { return }
    group.remove(process)
    guard group.count == 0 else { return }
    group.identifier.group = nil
    state.identifiers.releaseIfUnused(group.identifier)
    let session = group.session
    session.groupCount -= 1
    guard session.groupCount == 0 else { return }
    session.identifier.session = nil
    state.identifiers.releaseIfUnused(session.identifier)
  }

  // MARK: Stops

  /// Notes that `process` has stopped, or goes on, and tells its parent.
  public func note(_ change: ChildChange, of process: ProcessNode) { note(of: process) { change } }

  /// Notes what `take` says that has become of `process`, if it does, and tells its parent.
  ///
  /// - Parameter take: is called with the lock held, so that the last change is noted last.
  func note(of process: ProcessNode, _ take: () -> ChildChange?) {
    state.withLock { _ in
      guard let change = take(), process.life == .alive else { return }
      process.isStopped = change != .continued
      process.pendingChange = change
      guard let parent = process.parent else { return }
      if !parent.ignoresChildStops { parent.childChanged(.SIGCHLD, ChildReport(process, change)) }
      parent.childEvents.wakeAll()
    }
  }
}
