import Foundations

/// Who the caller is.
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
}
