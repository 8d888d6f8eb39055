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
    if caller?.process === process || credentials.has(.CAP_SYS_PTRACE) { return }
    let resources = resourcesForOthers
    let target = resources.credentials
    let (user, group) = (credentials.users.fileSystem, credentials.groups.fileSystem)
    guard user == target.users.effective, user == target.users.saved, user == target.users.real,
      group == target.groups.effective, group == target.groups.saved, group == target.groups.real,
      target.permitted.isSubset(of: credentials.effective),
      resources.memory?.isDumpable.load(ordering: .relaxed) ?? true
    else { throw .EPERM }
  }
}
