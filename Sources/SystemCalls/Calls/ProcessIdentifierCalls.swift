import Foundations
import Processes

/// Who the caller is, and its groups and sessions.
extension SystemCallContext {
  /// getpid(2)
  @inline(__always)
  func getpid() throws(Errno) -> Int32 { task.processIdentifier }

  /// gettid(2)
  @inline(__always)
  func gettid() throws(Errno) -> Int32 { task.threadIdentifier }

  /// getppid(2)
  @inline(__always)
  func getppid() throws(Errno) -> Int32 { task.parentIdentifier }

  /// setpgid(2)
  func setpgid(_ process: Int32, _ group: Int32) throws(Errno) {
    try task.process.tree.setGroup(of: process, to: group, by: task.process)
  }

  /// getpgid(2)
  func getpgid(_ process: Int32) throws(Errno) -> Int32 {
    try task.process.tree.group(of: process, by: task.process)
  }

  /// getpgrp(2)
  func getpgrp() throws(Errno) -> Int32 { try task.process.tree.group(of: 0, by: task.process) }

  /// setsid(2)
  func setsid() throws(Errno) -> Int32 {
    let number = try task.process.tree.makeSession(for: task.process)
    task.process.setTerminal(nil)
    return number
  }

  /// getsid(2)
  func getsid(_ process: Int32) throws(Errno) -> Int32 {
    try task.process.tree.session(of: process, by: task.process)
  }
}
