import Foundations
import IPC
import LinuxABI
import Machine
import Processes
import VFS

/// pipe(2).
extension SystemCallContext {
  /// pipe(2)
  func pipe(_ descriptors: UserPointer<Int32>) throws(Errno) { try pipe2(descriptors, []) }

  /// pipe2(2)
  func pipe2(_ descriptors: UserPointer<Int32>, _ flags: PipeFlags) throws(Errno) {
    // There are no pipes of notifications.
    guard !flags.contains(.O_NOTIFICATION_PIPE) else { throw .ENOPKG }
    let (reader, writer) = try Pipes.makePipe(task.credentials, OpenFlags(rawValue: flags.rawValue))
    let files = task.files
    let limit = descriptorLimit
    let closes = flags.contains(.O_CLOEXEC)
    let first = try files.reserve(limit: limit, closesOnExecution: closes)
    var second: Descriptor?
    do throws(Errno) {
      let other = try files.reserve(limit: limit, closesOnExecution: closes)
      second = other
      try descriptors.store(first.rawValue)
      try descriptors.store(other.rawValue, at: 1)
      // Nobody sees a pipe whose descriptors the program was not told.
      files.fill(first, with: reader)
      files.fill(other, with: writer)
    } catch {
      files.cancel(first)
      if let second { files.cancel(second) }
      throw error
    }
  }
}
