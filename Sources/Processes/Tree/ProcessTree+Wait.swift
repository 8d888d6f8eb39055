public import Foundations
public import LinuxABI
import Machine
import Waiting

/// Which children a process waits for, and for what. Source: waitpid(2), waitid(2).
public struct WaitRequest {
  /// Which children.
  public enum Children {
    /// All.
    case any
    /// The one with this number.
    case process(Int32)
    /// This one, whose number may be another's when it has been forgotten. Source: waitid(2), `P_PIDFD`.
    case node(ProcessNode)
    /// Those in the group with this number.
    case group(Int32)
  }

  /// Which children.
  public var children: Children
  /// Of what to be told, and how: `WEXITED`, `WSTOPPED`, `WCONTINUED`, `WNOWAIT`, `__WALL`, `__WCLONE`.
  public var flags: WaitFlags

  /// Creates a request.
  public init(_ children: Children, _ flags: WaitFlags) {
    (self.children, self.flags) = (children, flags)
  }
}

/// Waiting for children.
extension ProcessTree {
  /// Looks for a child of `parent` that has something to tell, and takes it: a zombie is forgotten then.
  ///
  /// - Returns: nil when children that are asked for have nothing to tell yet.
  /// - Throws: `ECHILD` when there is none that is asked for.
  public func takeReport(for parent: ProcessNode, _ request: WaitRequest) throws(Errno) -> ChildReport? {
    try state.withLock { state throws(Errno) in
      var hasChild = false
      var next = parent.firstChild
      while let child = next {
        next = child.nextSibling
        guard request.includes(child) else { continue }
        hasChild = true
        if let report = takeReport(from: child, parent, request.flags, &state) { return report }
      }
      guard hasChild else { throw .ECHILD }
      return nil
    }
  }

  private func takeReport(
    from child: ProcessNode, _ parent: ProcessNode, _ flags: WaitFlags, _ state: inout State
  ) -> ChildReport? {
    let isKept = flags.contains(.WNOWAIT)
    if child.life == .zombie {
      guard flags.contains(.WEXITED) else { return nil }
      let report = ChildReport(child, ended: child.status)
      if !isKept {
        parent.childrenUsage = parent.childrenUsage + report.usage
        forget(child, &state)
      }
      return report
    }
    guard let change = child.pendingChange else { return nil }
    guard flags.contains(change == .continued ? .WCONTINUED : .WSTOPPED) else { return nil }
    if !isKept { child.pendingChange = nil }
    return ChildReport(child, change)
  }

  /// Waits for a child of `parent`.
  ///
  /// - Parameter isPatient: false for `WNOHANG`.
  /// - Returns: nil when nothing is to be told and `isPatient` is false.
  /// - Throws: `ECHILD`, `EINTR`.
  /// - Context: a thread of the parent, without locks.
  public func wait(
    for parent: ProcessNode, _ request: WaitRequest, isPatient: Bool = true
  ) throws(Errno) -> ChildReport? {
    guard isPatient else { return try takeReport(for: parent, request) }
    var report: ChildReport?
    var failure: Errno?
    try parent.childEvents.wait {
      do throws(Errno) { report = try takeReport(for: parent, request) } catch { failure = error }
      return report != nil || failure != nil
    }
    if let failure { throw failure }
    return report
  }
}

extension WaitRequest {
  /// Whether `child` is asked for. The tree's lock is held.
  func includes(_ child: ProcessNode) -> Bool {
    // Who was made to send another signal, or none, is waited for only when asked for. Source: wait4(2), `__WCLONE`.
    if !flags.contains(.__WALL), (child.exitSignal != .SIGCHLD) != flags.contains(.__WCLONE) { return false }
    switch children {
    case .any: return true
    case .process(let number): return child.identifier.number == number
    case .node(let node): return child === node
    case .group(let number): return child.group?.identifier.number == number
    }
  }
}
