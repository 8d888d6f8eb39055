import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VFS

/// What a task shares with others, and could have of its own.
extension SystemCallContext {
  /// Namespaces that there is one of only.
  private static var namespaces: UnshareFlags {
    [
      .CLONE_NEWNS, .CLONE_NEWUTS, .CLONE_NEWIPC, .CLONE_NEWPID, .CLONE_NEWNET, .CLONE_NEWCGROUP, .CLONE_NEWTIME,
    ]
  }

  /// unshare(2)
  func unshare(_ flags: UnshareFlags) throws(Errno) {
    // As on a kernel without the namespace that is asked for.
    if flags.contains(.CLONE_NEWUSER) { throw .EINVAL }
    if !flags.isDisjoint(with: Self.namespaces) {
      try task.credentials.require(.CAP_SYS_ADMIN)
      throw .EINVAL
    }
    // A task that is alone has these of its own already.
    if !flags.isDisjoint(with: [.CLONE_THREAD, .CLONE_SIGHAND, .CLONE_VM]), task.process.taskCount > 1 {
      throw .EINVAL
    }
    if flags.contains(.CLONE_VM), let memory = task.memory, memory.userCount > 1 { throw .EINVAL }
    let files = flags.contains(.CLONE_FILES) && task.files.userCount > 1 ? try task.files.copy() : nil
    // Nothing fails from here on. System V semaphores' undoing is not shared by anybody.
    if flags.contains(.CLONE_FS) { task.setContext(task.context.copy()) }
    if let files { task.setFiles(files) }
  }

  /// setns(2): no file is a namespace.
  func setns(_ descriptor: Int32, _ type: NamespaceFlags) throws(Errno) {
    _ = try task.files.usableFile(Descriptor(rawValue: descriptor))
    throw .EINVAL
  }
}
