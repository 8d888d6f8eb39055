import LinuxABI
public import Security
import Synchronization
import VirtualMemory

extension Task {
  /// Acts as `new` from now on, with all that follows: its user's count of tasks, how much memory it may lock, and whether
  /// others may look into it. Source: setuid(2), prctl(2).
  ///
  /// - Context: the task itself.
  public final func become(_ new: Credentials) {
    let old = credentials
    UserAccounts.move(from: old.users.real, to: new.users.real)
    if new.users.real != old.users.real {
      // To change users never fails for that; what follows may. Source: execve(2), EAGAIN.
      exceedsTaskLimit =
        new.users.real != .root && UserAccounts.count(of: new.users.real) > process.limit(.RLIMIT_NPROC)
    }
    setCredentials(new)
    memory?.space.limits.ignoresLockLimit = new.has(.CAP_IPC_LOCK)
    let changesRights =
      old.users.effective != new.users.effective || old.users.fileSystem != new.users.fileSystem
      || old.groups.effective != new.groups.effective || old.groups.fileSystem != new.groups.fileSystem
      || !new.permitted.isSubset(of: old.permitted)
    guard changesRights else { return }
    memory?.isDumpable.store(false, ordering: .relaxed)
    settings.parentDeathSignal = nil
  }
}
