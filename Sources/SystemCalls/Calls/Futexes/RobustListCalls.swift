import Foundations
import Futexes
import LinuxABI
import Machine
import Processes
import Security
import Synchronization

/// The lists of robust futexes.
extension SystemCallContext {
  /// set_robust_list(2)
  func setRobustList(_ head: UInt64, _ byteCount: UInt64) throws(Errno) {
    guard byteCount == FutexTable.robustHeadByteCount else { throw .EINVAL }
    task.futexes.robustList.store(head, ordering: .relaxed)
  }

  /// get_robust_list(2)
  func getRobustList(
    _ number: Int32, _ head: UserPointer<UInt64>, _ byteCount: UserPointer<UInt64>
  ) throws(Errno) {
    var target = task
    if number != 0, number != task.threadIdentifier {
      guard let found = task.process.tree.task(number) else { throw .ESRCH }
      try checkMayInspect(found)
      target = found
    }
    try byteCount.store(FutexTable.robustHeadByteCount)
    try head.store(target.futexes.robustList.load(ordering: .relaxed))
  }

  /// Whether the caller may look into `other`. Source: ptrace(2), "Ptrace access mode checking".
  private func checkMayInspect(_ other: Task) throws(Errno) {
    guard other.process !== task.process else { return }
    let (own, theirs) = (task.credentials, other.credentialsForOthers)
    let isSame =
      own.users.real == theirs.users.real && own.users.real == theirs.users.effective
      && own.users.real == theirs.users.saved && own.groups.real == theirs.groups.real
      && own.groups.real == theirs.groups.effective && own.groups.real == theirs.groups.saved
    if !isSame { try own.require(.CAP_SYS_PTRACE) }
  }
}
