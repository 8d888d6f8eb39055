import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// Processes as descriptors.
extension SystemCallContext {
  /// The process that `descriptor` is a handle of.
  ///
  /// - Throws: `EBADF`.
  func handle(_ descriptor: Int32) throws(Errno) -> ProcessHandle {
    guard let handle = try task.files.file(Descriptor(rawValue: descriptor)) as? ProcessHandle else { throw .EBADF }
    return handle
  }

  /// A task of the process that `descriptor` is a handle of.
  ///
  /// - Throws: `EBADF`, `ESRCH` when none is left.
  func taskOfHandle(_ descriptor: Int32) throws(Errno) -> Task {
    guard let leader = try handle(descriptor).process.leader else { throw .ESRCH }
    return leader
  }

  /// pidfd_open(2)
  func pidfdOpen(_ number: Int32, _ flags: PidfdFlags) throws(Errno) -> Int32 {
    // There are no handles of single tasks.
    guard flags.isSubset(of: .PIDFD_NONBLOCK), number > 0 else { throw .EINVAL }
    let tree = task.process.tree
    guard let process = tree.process(number) as? Process else { throw tree.task(number) == nil ? .ESRCH : .EINVAL }
    let handle = try ProcessHandles.open(process, task.credentials, OpenFlags(rawValue: flags.rawValue))
    return try task.files.add(handle, limit: task.process.limit(.RLIMIT_NOFILE), closesOnExecution: true).rawValue
  }

  /// pidfd_getfd(2)
  func pidfdGetfd(_ descriptor: Int32, _ target: Int32, _ flags: UInt32) throws(Errno) -> Int32 {
    guard flags == 0 else { throw .EINVAL }
    let other = try taskOfHandle(descriptor)
    try other.checkControl(by: task)
    let file = try other.resourcesForOthers.files.file(Descriptor(rawValue: target))
    return try task.files.add(file, limit: task.process.limit(.RLIMIT_NOFILE), closesOnExecution: true).rawValue
  }
}
