import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VFS

/// Making, moving and removing names.
extension SystemCallContext {
  // MARK: Making

  /// mkdir(2)
  func mkdir(_ path: UserPath, _ mode: UInt16) throws(Errno) { try mkdirat(Self.workingDirectory, path, mode) }

  /// mkdirat(2)
  func mkdirat(_ directory: Int32, _ path: UserPath, _ mode: UInt16) throws(Errno) {
    try path.withBytes { bytes throws(Errno) in
      try task.actor.makeDirectory(bytes, from: start(directory, bytes), permissions: mode)
    }
  }

  /// mknod(2)
  func mknod(_ path: UserPath, _ mode: UInt16, _ device: UInt32) throws(Errno) {
    try mknodat(Self.workingDirectory, path, mode, device)
  }

  /// mknodat(2)
  func mknodat(_ directory: Int32, _ path: UserPath, _ mode: UInt16, _ device: UInt32) throws(Errno) {
    let kind = mode & ~Permissions.all == 0 ? FileKind.regular : FileKind(mode: mode)
    guard let kind else { throw .EINVAL }
    try path.withBytes { bytes throws(Errno) in
      _ = try task.actor.makeNode(
        bytes, from: start(directory, bytes), kind, permissions: mode & Permissions.all,
        device: DeviceNumber(encoded: UInt64(device)))
    }
  }

  /// symlink(2)
  func symlink(_ target: UserPath, _ path: UserPath) throws(Errno) {
    try symlinkat(target, Self.workingDirectory, path)
  }

  /// symlinkat(2)
  func symlinkat(_ target: UserPath, _ directory: Int32, _ path: UserPath) throws(Errno) {
    try target.withBytes { target throws(Errno) in
      try path.withBytes { bytes throws(Errno) in
        try task.actor.makeLink(bytes, from: start(directory, bytes), to: target)
      }
    }
  }

  /// link(2)
  func link(_ old: UserPath, _ new: UserPath) throws(Errno) {
    try linkat(Self.workingDirectory, old, Self.workingDirectory, new, [])
  }

  /// linkat(2)
  func linkat(
    _ oldDirectory: Int32, _ old: UserPath, _ newDirectory: Int32, _ new: UserPath, _ flags: AtFlags
  ) throws(Errno) {
    try flags.require(only: [.AT_SYMLINK_FOLLOW, .AT_EMPTY_PATH])
    // A descriptor alone is enough only for who could have opened the file by a path, too.
    if flags.contains(.AT_EMPTY_PATH) { try checkEmptyPath(old) }
    let followsLink: AtFlags = flags.contains(.AT_SYMLINK_FOLLOW) ? [] : .AT_SYMLINK_NOFOLLOW
    let found = try find(oldDirectory, old, flags.intersection(.AT_EMPTY_PATH).union(followsLink))
    try new.withBytes { bytes throws(Errno) in
      try task.actor.link(found, to: bytes, from: start(newDirectory, bytes))
    }
  }

  /// Refuses an empty path. Source: linkat(2), AT_EMPTY_PATH.
  ///
  /// - Throws: `ENOENT` without CAP_DAC_READ_SEARCH.
  private func checkEmptyPath(_ path: UserPath) throws(Errno) {
    guard !task.credentials.has(.CAP_DAC_READ_SEARCH) else { return }
    try path.withBytes { _ throws(Errno) in }
  }

  // MARK: Moving

  /// rename(2)
  func rename(_ old: UserPath, _ new: UserPath) throws(Errno) {
    try renameat2(Self.workingDirectory, old, Self.workingDirectory, new, [])
  }

  /// renameat(2)
  func renameat(
    _ oldDirectory: Int32, _ old: UserPath, _ newDirectory: Int32, _ new: UserPath
  ) throws(Errno) { try renameat2(oldDirectory, old, newDirectory, new, []) }

  /// renameat2(2)
  func renameat2(
    _ oldDirectory: Int32, _ old: UserPath, _ newDirectory: Int32, _ new: UserPath, _ flags: RenameFlags
  ) throws(Errno) {
    let way: RenameWay
    switch flags {
    case []: way = .replace
    case .RENAME_NOREPLACE: way = .keep
    case .RENAME_EXCHANGE: way = .exchange
    // No file system has whiteouts, and the others exclude each other.
    default: throw .EINVAL
    }
    try old.withBytes { old throws(Errno) in
      try new.withBytes { new throws(Errno) in
        try task.actor.rename(old, from: start(oldDirectory, old), to: new, from: start(newDirectory, new), way)
      }
    }
  }

  // MARK: Removing

  /// unlink(2)
  func unlink(_ path: UserPath) throws(Errno) { try unlinkat(Self.workingDirectory, path, []) }

  /// rmdir(2)
  func rmdir(_ path: UserPath) throws(Errno) { try unlinkat(Self.workingDirectory, path, .AT_REMOVEDIR) }

  /// unlinkat(2)
  func unlinkat(_ directory: Int32, _ path: UserPath, _ flags: UnlinkAtFlags) throws(Errno) {
    try path.withBytes { bytes throws(Errno) in
      try task.actor.remove(
        bytes, from: start(directory, bytes), flags.contains(.AT_REMOVEDIR) ? .directory : .file)
    }
  }

  // MARK: Symbolic links

  /// readlink(2)
  func readlink(_ path: UserPath, _ buffer: UserPointer<UInt8>, _ size: Int32) throws(Errno) -> Int {
    try readlinkat(Self.workingDirectory, path, buffer, size)
  }

  /// readlinkat(2): an empty path is the descriptor's own file.
  func readlinkat(
    _ directory: Int32, _ path: UserPath, _ buffer: UserPointer<UInt8>, _ size: Int32
  ) throws(Errno) -> Int {
    guard size > 0 else { throw .EINVAL }
    return try path.withBytes(empty: .allowed) { bytes throws(Errno) in
      let found: Path
      if bytes.isEmpty {
        found = try place(of: directory)
        guard found.inode.kind == .symbolicLink else { throw .ENOENT }
      } else {
        found = try task.actor.find(bytes, from: start(directory, bytes), followsLink: false)
      }
      var text = GrowableArray<UInt8>()
      try task.actor.readLink(found, into: &text)
      let count = min(text.count, Int(size))
      try UserMemory.copyOut(text.span.extracting(0..<count), to: buffer.address)
      return count
    }
  }
}
