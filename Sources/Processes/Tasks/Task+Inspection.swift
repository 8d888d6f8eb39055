import Foundations
import LinuxABI
public import Security
import Synchronization
import VirtualMemory

extension Task {
  /// Refuses to let others look into the task who might not be it. Source: ptrace(2), "Ptrace access mode checking", with
  /// `PTRACE_MODE_FSCREDS`.
  ///
  /// - Parameters:
  ///   - caller: who looks; nil for the kernel.
  ///   - credentials: with whose rights, which may be those of an earlier time.
  /// - Throws: `EPERM`.
  /// - Context: any thread, without locks.
  public final func checkInspection(by caller: Task?, _ credentials: borrowing Credentials) throws(Errno) {
    try check(
      caller, credentials, user: credentials.users.fileSystem, group: credentials.groups.fileSystem,
      credentials.effective)
  }

  /// Refuses a `caller` who wants to change the task or take what it has, and might not be it. Source: ptrace(2), "Ptrace access
  /// mode checking", with `PTRACE_MODE_REALCREDS`.
  ///
  /// - Throws: `EPERM`.
  /// - Context: the thread of `caller`, without locks.
  public final func checkControl(by caller: Task) throws(Errno) {
    let own = caller.credentials
    try check(caller, own, user: own.users.real, group: own.groups.real, own.permitted)
  }

  private final func check(
    _ caller: Task?, _ credentials: borrowing Credentials, user: UserID, group: GroupID, _ capabilities: CapabilitySet
  ) throws(Errno) {
    if caller?.process === process || credentials.has(.CAP_SYS_PTRACE) { return }
    let resources = resourcesForOthers
    let target = resources.credentials
    guard user == target.users.effective, user == target.users.saved, user == target.users.real,
      group == target.groups.effective, group == target.groups.saved, group == target.groups.real,
      target.permitted.isSubset(of: capabilities), resources.memory?.isDumpable.load(ordering: .relaxed) ?? true
    else { throw .EPERM }
  }
}
