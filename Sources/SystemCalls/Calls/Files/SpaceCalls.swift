import Foundations
import LinuxABI
import Machine
import Processes
import VFS

/// Sizes, space, and what is on disks.
extension SystemCallContext {
  /// truncate(2)
  func truncate(_ path: UserPath, _ length: Int64) throws(Errno) {
    guard length >= 0 else { throw .EINVAL }
    let (found, limit) = (try find(path), fileSizeLimit)
    do throws(Errno) {
      try task.actor.truncate(found, to: length, sizeLimit: limit)
    } catch {
      raiseSignal(for: error, limit)
      throw error
    }
  }

  /// ftruncate(2)
  func ftruncate(_ descriptor: Int32, _ length: Int64) throws(Errno) {
    guard length >= 0 else { throw .EINVAL }
    let (file, limit) = (try usableFile(descriptor), fileSizeLimit)
    do throws(Errno) {
      try file.truncate(to: length, sizeLimit: limit)
    } catch {
      raiseSignal(for: error, limit)
      throw error
    }
  }

  /// fallocate(2)
  func fallocate(_ descriptor: Int32, _ mode: FallocateMode, _ offset: Int64, _ length: Int64) throws(Errno) {
    let file = try usableFile(descriptor)
    guard offset >= 0, length > 0 else { throw .EINVAL }
    let way: AllocationWay
    switch mode {
    case []: way = .reserve
    case .FALLOC_FL_KEEP_SIZE: way = .reserveKeepingSize
    case [.FALLOC_FL_PUNCH_HOLE, .FALLOC_FL_KEEP_SIZE]: way = .punchHole
    case .FALLOC_FL_ZERO_RANGE: way = .clear
    case [.FALLOC_FL_ZERO_RANGE, .FALLOC_FL_KEEP_SIZE]: way = .clearKeepingSize
    default: throw .EOPNOTSUPP
    }
    guard file.mode.contains(.write) else { throw .EBADF }
    if file.inode.kind == .directory { throw .EISDIR }
    let (end, isOverflow) = offset.addingReportingOverflow(length)
    guard !isOverflow else { throw .EFBIG }
    let limit = fileSizeLimit
    do throws(Errno) {
      try file.allocate(offset..<end, way, sizeLimit: limit) { task.isEnding }
    } catch {
      raiseSignal(for: error, limit)
      throw error
    }
  }

  // MARK: Writing back

  /// fsync(2)
  func fsync(_ descriptor: Int32) throws(Errno) { try usableFile(descriptor).synchronize(dataOnly: false) }

  /// fdatasync(2)
  func fdatasync(_ descriptor: Int32) throws(Errno) { try usableFile(descriptor).synchronize(dataOnly: true) }

  /// sync(2). Nobody is told of failures.
  func sync() throws(Errno) {
    let namespace = task.namespace
    var index = 0
    while let mount = namespace[index] {
      try? mount.fileSystem.synchronize()
      index += 1
    }
  }

  /// syncfs(2)
  func syncfs(_ descriptor: Int32) throws(Errno) { try usableFile(descriptor).inode.fileSystem.synchronize() }

  /// sync_file_range(2): all of the file is written.
  func syncFileRange(
    _ descriptor: Int32, _ offset: Int64, _ length: Int64, _ flags: SyncFileRangeFlags
  ) throws(Errno) {
    let file = try usableFile(descriptor)
    guard offset >= 0, length >= 0, !offset.addingReportingOverflow(length).overflow else { throw .EINVAL }
    switch file.inode.kind {
    case .regular, .blockDevice, .directory: break
    case .fifo, .socket, .characterDevice, .symbolicLink: throw .ESPIPE
    }
    if !flags.isEmpty { try file.synchronize(dataOnly: true) }
  }

  // MARK: Advice

  /// fadvise64(2). What is in memory stays there as long as there is room, whatever is said.
  func fadvise64(_ descriptor: Int32, _ offset: Int64, _ length: UInt64, _ advice: FileAdvice) throws(Errno) {
    let file = try usableFile(descriptor)
    guard file.inode.kind != .fifo else { throw .ESPIPE }
    guard length <= UInt64(Int64.max) else { throw .EINVAL }
  }

  /// readahead(2). Reading reads ahead by itself.
  func readahead(_ descriptor: Int32, _ offset: Int64, _ count: UInt64) throws(Errno) {
    let file = try task.files.file(Descriptor(rawValue: descriptor), for: .read)
    guard file.inode.kind == .regular || file.inode.kind == .blockDevice else { throw .EINVAL }
  }
}
