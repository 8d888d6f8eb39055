import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// getdents(2), and where paths begin.
extension SystemCallContext {
  /// getdents64(2)
  func getdents64(_ descriptor: Int32, _ entries: UserPointer<UInt8>, _ count: UInt32) throws(Errno) -> Int {
    try readEntries(descriptor, entries, count, .wide)
  }

  /// getdents(2)
  func getdents(_ descriptor: Int32, _ entries: UserPointer<UInt8>, _ count: UInt32) throws(Errno) -> Int {
    try readEntries(descriptor, entries, count, .old)
  }

  private func readEntries(
    _ descriptor: Int32, _ entries: UserPointer<UInt8>, _ count: UInt32, _ form: OpenFile.EntryForm
  ) throws(Errno) -> Int {
    let file = try usableFile(descriptor)
    var buffer = IOBuffer(try UserBytes(address: entries.address, count: UInt64(count)))
    return try file.readEntries(into: &buffer, form)
  }

  /// getcwd(2): how many bytes the path has, with the zero behind it.
  func getcwd(_ buffer: UserPointer<UInt8>, _ size: UInt64) throws(Errno) -> Int {
    var text = GrowableArray<UInt8>()
    try task.actor.workingDirectory(into: &text)
    try text.append(0)
    guard text.count <= size else { throw .ERANGE }
    try UserMemory.copyOut(text.span, to: buffer.address)
    return text.count
  }

  /// chdir(2)
  func chdir(_ path: UserPath) throws(Errno) { try task.actor.changeDirectory(to: find(path)) }

  /// fchdir(2)
  func fchdir(_ descriptor: Int32) throws(Errno) { try task.actor.changeDirectory(to: file(descriptor).path) }

  /// chroot(2)
  func chroot(_ path: UserPath) throws(Errno) { try task.actor.changeRoot(to: find(path)) }

  /// umask(2)
  func umask(_ mask: UInt16) throws(Errno) -> UInt32 { UInt32(task.context.setMask(mask)) }
}
