public import Foundations
import Machine
import Security
import Synchronization
import Waiting

import enum LinuxABI.Capability

extension FileActor {
  /// Makes a directory. mkdirat(2).
  ///
  /// - Throws: `EEXIST`, `EMLINK`, `ENOSPC`, and as `find`.
  public func makeDirectory(_ path: Span<UInt8>, from start: Path? = nil, permissions: UInt16) throws(Errno) {
    let permissions = permissions & 0o1777
    _ = try make(path, from: start, .directory) { directory, name throws(Errno) in
      try directory.create(name, newFile(.directory, permissions, in: directory))
    }
  }

  /// Makes a file that is no directory and no symbolic link. mknodat(2).
  ///
  /// - Throws: `EPERM` for a device without CAP_MKNOD and for directories, `EEXIST`, and as `find`.
  public func makeNode(
    _ path: Span<UInt8>, from start: Path? = nil, _ kind: FileKind, permissions: UInt16, device: DeviceNumber = .none
  ) throws(Errno) -> Path {
    switch kind {
    case .directory: throw .EPERM
    case .symbolicLink: throw .EINVAL
    case .characterDevice, .blockDevice: try credentials.require(.CAP_MKNOD)
    case .regular, .fifo, .socket: break
    }
    return try make(path, from: start, kind) { directory, name throws(Errno) in
      try directory.create(name, newFile(kind, permissions, in: directory, device: device))
    }
  }

  /// Makes a symbolic link. symlinkat(2).
  ///
  /// - Throws: `ENOENT` for an empty target, `ENAMETOOLONG` for a long one, `EEXIST`, and as `find`.
  public func makeLink(_ path: Span<UInt8>, from start: Path? = nil, to target: Span<UInt8>) throws(Errno) {
    guard !target.isEmpty else { throw .ENOENT }
    guard target.count < PathWalk.pathLimit else { throw .ENAMETOOLONG }
    _ = try make(path, from: start, .symbolicLink) { directory, name throws(Errno) in
      try directory.createLink(name, to: target, newFile(.symbolicLink, 0o777, in: directory))
    }
  }

  /// Gives what is at `old` one more name. linkat(2).
  ///
  /// - Throws: `EXDEV` across mounts, `EPERM` for a directory, `ENOENT` for a file whose last name is gone, `EMLINK`,
  ///   `EEXIST`, and as `find`.
  public func link(_ old: Path, to path: Span<UInt8>, from start: Path? = nil) throws(Errno) {
    let inode = old.inode
    let check = { (directory: Path) throws(Errno) in
      guard directory.mount === old.mount else { throw .EXDEV }
      try self.checkLinkable(inode)
    }
    _ = try make(path, from: start, .regular, checking: check) { directory, name throws(Errno) in
      guard inode.kind != .directory else { throw .EPERM }
      inode.lock.lock()
      defer { inode.lock.unlock() }
      guard inode.linkCount > 0 || old.dentry.isUnnamed else { throw .ENOENT }
      try directory.link(name, to: inode)
      return inode
    }
  }

  /// Refuses more names for what the caller neither owns nor could copy. Source: proc_sys_fs(5), protected_hardlinks.
  private func checkLinkable(_ inode: Inode) throws(Errno) {
    let (owner, permissions) = inode.attributes.withLock { ($0.user, $0.permissions) }
    if owner == credentials.users.fileSystem || credentials.has(.CAP_FOWNER) { return }
    let isPrivileged = Privileges.without(permissions) != permissions
    guard inode.kind == .regular, !isPrivileged else { throw .EPERM }
    do throws(Errno) { try inode.check([.read, .write], by: credentials) } catch { throw .EPERM }
  }

  // MARK: Removing

  /// What is to be removed.
  public enum Removal: Sendable {
    /// Anything but a directory. unlink(2).
    case file
    /// An empty directory. rmdir(2).
    case directory
  }

  /// Removes a name. unlinkat(2).
  ///
  /// - Throws: `EISDIR`, `ENOTDIR`, `ENOTEMPTY`, `EBUSY` for what something is mounted upon, `EINVAL` for `.`, and as
  ///   `find`.
  public func remove(_ path: Span<UInt8>, from start: Path? = nil, _ removal: Removal) throws(Errno) {
    try ObjectMemory.check()
    var walk = PathWalk(self, from: start, path)
    let end = try walk.walkToLast(path)
    let (directory, hasSlash) = (end.directory, end.hasSlash)
    guard case .name(let name) = try Self.lastName(end, removal) else { return }
    let parent = directory.inode
    parent.lock.lock()
    defer { parent.lock.unlock() }
    let dentry = try PathWalk.lookUpLocked(name.bytes, name.hash, of: directory.dentry, parent)
    guard let inode = dentry.inode else { throw .ENOENT }
    if removal == .file && hasSlash { throw inode.kind == .directory ? .EISDIR : .ENOTDIR }
    try checkChangeable(directory)
    try checkRemovable(inode, from: parent)
    if removal == .directory && inode.kind != .directory { throw .ENOTDIR }
    if removal == .file && inode.kind == .directory { throw .EISDIR }
    guard dentry.mountCount.load(ordering: .acquiring) == 0 else { throw .EBUSY }
    inode.lockIfDirectory()
    defer { inode.unlockIfDirectory() }
    try parent.remove(name.bytes, of: inode)
    dentry.markRemoved()
  }

  private static func lastName(_ end: consuming WalkEnd, _ removal: Removal) throws(Errno) -> LastComponent {
    switch consume end.last {
    case .none: throw removal == .file ? .EISDIR : .EBUSY
    case .dot: throw removal == .file ? .EISDIR : .EINVAL
    case .dotDot: throw removal == .file ? .EISDIR : .ENOTEMPTY
    case .name(let name): return .name(name)
    }
  }
}

extension Inode {
  /// Takes the lock if this is a directory.
  func lockIfDirectory() { if kind == .directory { lock.lock() } }

  /// Gives the lock back if this is a directory.
  func unlockIfDirectory() { if kind == .directory { lock.unlock() } }
}

extension Dentry {
  /// Takes a name that was removed out of the cache; who has it sees that.
  func markRemoved() {
    fileSystem.names.remove(self)
    noteRemoved()
    if inode?.kind == .directory { fileSystem.names.noteGoneDirectory() }
  }

  /// For how long a file has no name that never had one. Source: open(2), O_TMPFILE.
  enum Namelessness {
    /// linkat(2) may give it one.
    case untilLinked
    /// It gets none: O_EXCL.
    case forEver
  }

  /// The dentry of a file that never had a name. One that gets none looks as if it had had one.
  static func unnamed(
    _ inode: Inode, in parent: Dentry, _ namelessness: Namelessness
  ) throws(Errno) -> Dentry {
    let name: Message = namelessness == .forEver ? "#\(inode.number)" : ""
    let dentry = try Dentry(FileName(name.bytes), in: parent, inode: inode, fileSystem: parent.fileSystem)
    dentry.noteRemoved()
    return dentry
  }
}
