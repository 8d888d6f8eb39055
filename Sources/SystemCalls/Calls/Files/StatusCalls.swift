import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VFS

/// stat(2), access(2), statx(2), lseek(2).
extension SystemCallContext {
  /// stat(2)
  func stat(_ path: UserPath, _ status: UserPointer<Stat>) throws(Errno) { try store(find(path).inode, status) }

  /// lstat(2)
  func lstat(_ path: UserPath, _ status: UserPointer<Stat>) throws(Errno) { try store(findLink(path).inode, status) }

  /// fstat(2)
  func fstat(_ descriptor: Int32, _ status: UserPointer<Stat>) throws(Errno) {
    try use(descriptor) { file throws(Errno) in try store(file.inode, status) }
  }

  /// newfstatat(2)
  func newfstatat(
    _ directory: Int32, _ path: UserPath, _ status: UserPointer<Stat>, _ flags: AtFlags
  ) throws(Errno) {
    try flags.require(only: [.AT_SYMLINK_NOFOLLOW, .AT_NO_AUTOMOUNT, .AT_EMPTY_PATH])
    try store(find(directory, path, flags).inode, status)
  }

  @inline(__always)
  private func store(_ inode: Inode, _ status: UserPointer<Stat>) throws(Errno) {
    try status.store(Stat(inode.currentAttributes()))
  }

  /// statx(2)
  func statx(
    _ directory: Int32, _ path: UserPath, _ flags: StatxFlags, _ mask: StatxMask, _ status: UserPointer<Statx>
  ) throws(Errno) {
    guard !mask.contains(.STATX__RESERVED) else { throw .EINVAL }
    guard flags.rawValue & Self.statxSyncMask != Self.statxSyncMask else { throw .EINVAL }
    let found = try find(directory, path, AtFlags(rawValue: flags.rawValue & ~Self.statxSyncMask))
    let attributes = try found.inode.currentAttributes()
    try status.store(
      Statx(attributes, mountNumber: found.mount.number, isMountRoot: found.dentry === found.mount.root))
  }

  /// AT_STATX_SYNC_TYPE: all here is as if it were synchronized.
  private static var statxSyncMask: UInt64 { 0x6000 }

  // MARK: Access

  /// access(2)
  func access(_ path: UserPath, _ mode: AccessMode) throws(Errno) {
    try faccessat2(Self.workingDirectory, path, mode, [])
  }

  /// faccessat(2)
  func faccessat(_ directory: Int32, _ path: UserPath, _ mode: AccessMode) throws(Errno) {
    try faccessat2(directory, path, mode, [])
  }

  /// faccessat2(2)
  func faccessat2(_ directory: Int32, _ path: UserPath, _ mode: AccessMode, _ flags: AtFlags) throws(Errno) {
    try flags.require(only: [.AT_EACCESS, .AT_SYMLINK_NOFOLLOW, .AT_EMPTY_PATH])
    let isEffective = flags.contains(.AT_EACCESS)
    let actor = task.actor
    // Directories on the way are searched with the same rights.
    let asker =
      isEffective ? actor : FileActor(actor.credentials.forRealUser, actor.context, actor.namespace)
    let found: Path
    if flags.contains(.AT_EMPTY_PATH) && path.isNull {
      found = try place(of: directory)
    } else {
      let empty: UserPath.EmptyPath = flags.contains(.AT_EMPTY_PATH) ? .allowed : .refused
      found = try path.withBytes(empty: empty) { bytes throws(Errno) in
        if bytes.isEmpty { return try place(of: directory) }
        let followsLink = !flags.contains(.AT_SYMLINK_NOFOLLOW)
        return try asker.find(bytes, from: start(directory, bytes), followsLink: followsLink)
      }
    }
    // The bits of R_OK and its like are those of the wish.
    guard mode.rawValue != 0 else { return }
    try asker.checkAccess(found, AccessWish(rawValue: UInt16(mode.rawValue & 7)), usesRealUser: false)
  }

  // MARK: Position

  /// lseek(2)
  func lseek(_ descriptor: Int32, _ offset: Int64, _ origin: SeekOrigin) throws(Errno) -> Int64 {
    let file = try file(descriptor)
    switch origin {
    case .SEEK_SET: return try file.seek(to: offset)
    case .SEEK_CUR: return try file.seek(by: offset)
    case .SEEK_END: return try file.seek(fromEnd: offset)
    case .SEEK_DATA: return try file.seek(to: .data, from: offset)
    case .SEEK_HOLE: return try file.seek(to: .hole, from: offset)
    }
  }
}
