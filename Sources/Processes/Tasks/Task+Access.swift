import Foundations
import LinuxABI
import Security
import Synchronization

extension Task {
  /// Refuses a `caller` who wants to change the task or take what it has, and might not be it. Source: ptrace(2), "Ptrace access
  /// mode checking", with `PTRACE_MODE_ATTACH_REALCREDS`.
  ///
  /// - Throws: `EPERM`.
  /// - Context: any thread, without locks.
  public final func checkControl(by caller: Task) throws(Errno) {
    let own = caller.credentials
    if caller.process === process || own.has(.CAP_SYS_PTRACE) { return }
    let resources = resourcesForOthers
    let (users, groups) = (resources.credentials.users, resources.credentials.groups)
    guard own.users.real == users.effective, own.users.real == users.saved, own.users.real == users.real,
      own.groups.real == groups.effective, own.groups.real == groups.saved, own.groups.real == groups.real,
      resources.credentials.permitted.isSubset(of: own.permitted),
      resources.memory?.isDumpable.load(ordering: .relaxed) ?? true
    else { throw .EPERM }
  }
}
