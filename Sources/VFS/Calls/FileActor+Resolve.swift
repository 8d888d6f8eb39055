public import Foundations
import Machine
import Security
import Waiting

import enum LinuxABI.Capability
public import struct LinuxABI.ResolveFlags

extension FileActor {
  /// Finds what `path` names.
  ///
  /// - Parameters:
  ///   - start: where a relative path begins; nil for the working directory.
  ///   - followsLink: whether a symbolic link at the end is followed.
  ///   - isEmptyAllowed: whether an empty path names `start` itself. AT_EMPTY_PATH.
  /// - Throws: `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`, `ENOMEM`, and with `resolve` `EXDEV`.
  public func find(
    _ path: Span<UInt8>, from start: Path? = nil, followsLink: Bool = true, isEmptyAllowed: Bool = false,
    resolve: ResolveFlags = []
  ) throws(Errno) -> Path {
    if path.isEmpty && isEmptyAllowed { return start ?? context.directory }
    var walk = PathWalk(self, from: start, path, resolve)
    return try walk.walk(path, followsLink ? .follow : .keep)
  }

  /// Refuses a change of what a directory has.
  ///
  /// - Throws: `EROFS`, `EACCES`; `ENOENT` for a directory that was removed.
  func checkChangeable(_ directory: Path) throws(Errno) {
    try directory.mount.checkWritable()
    try directory.inode.check([.write, .execute], by: credentials)
  }

  /// Refuses to take a name away. Source: unlink(2), rename(2): sticky directories.
  ///
  /// - Throws: `EPERM`.
  func checkRemovable(_ inode: Inode, from directory: Inode) throws(Errno) {
    let (permissions, owner) = directory.attributes.withLock { ($0.permissions, $0.user) }
    guard permissions & Permissions.sticky != 0 else { return }
    let user = credentials.users.fileSystem
    if user == owner || user == inode.attributes.withLock({ $0.user }) || credentials.has(.CAP_FOWNER) { return }
    throw .EPERM
  }

  /// What a new file in `directory` begins with: the mask applied, and the group of a set-group-ID directory.
  func newFile(
    _ kind: FileKind, _ permissions: UInt16, in directory: Inode, device: DeviceNumber = .none
  ) -> NewFile {
    let (parentPermissions, parentGroup) = directory.attributes.withLock { ($0.permissions, $0.group) }
    var group = credentials.groups.fileSystem
    var permissions = permissions & ~context.mask & Permissions.all
    if kind == .symbolicLink { permissions = 0o777 }
    if parentPermissions & Permissions.setGroup != 0 {
      group = parentGroup
      if kind == .directory {
        permissions |= Permissions.setGroup
      } else if permissions & (Permissions.setGroup | 0o010) == Permissions.setGroup | 0o010,
        !credentials.isMember(of: group), !credentials.has(.CAP_FSETID)
      {
        permissions &= ~Permissions.setGroup
      }
    }
    return NewFile(kind, permissions: permissions, user: credentials.users.fileSystem, group: group, device: device)
  }

  /// Runs `body` on the free name that `path` ends with, under the lock of its directory, and caches what it makes.
  ///
  /// - Parameters:
  ///   - kind: what will be made; only a directory's name may have a slash behind it.
  ///   - check: what is to be checked before the rights to change the directory are.
  /// - Throws: `EEXIST` when there is something, and as `find`.
  func make(
    _ path: Span<UInt8>, from start: Path?, _ kind: FileKind,
    checking check: (_ directory: Path) throws(Errno) -> Void = { _ throws(Errno) in },
    _ body: (_ directory: Inode, _ name: Span<UInt8>) throws(Errno) -> Inode
  ) throws(Errno) -> Path {
    try ObjectMemory.check()
    var walk = PathWalk(self, from: start, path)
    let end = try walk.walkToLast(path)
    let (directory, hasSlash) = (end.directory, end.hasSlash)
    guard case .name(let name) = consume end.last else { throw .EEXIST }
    let inode = directory.inode
    inode.lock.lock()
    defer { inode.lock.unlock() }
    let known = try PathWalk.lookUpLocked(name.bytes, name.hash, of: directory.dentry, inode)
    if known.inode != nil { throw .EEXIST }
    if hasSlash && kind != .directory { throw .ENOENT }
    try check(directory)
    try checkChangeable(directory)
    // Made before the file, so that nothing is made when there is no memory for its name.
    let copy = try name.copy()
    let new = try body(inode, name.bytes)
    return Path(
      mount: directory.mount, dentry: try FileActor.addName(copy, of: new, in: directory.dentry, replacing: known))
  }

  /// Caches the name of a file that was just made, in place of the dentry that said there was none.
  static func addName(
    _ name: consuming FileName, of inode: Inode, in parent: Dentry, replacing negative: Dentry
  ) throws(Errno) -> Dentry {
    let names = parent.fileSystem.names
    names.remove(negative)
    let dentry = try Dentry(name, in: parent, inode: inode, fileSystem: parent.fileSystem)
    names.insert(dentry)
    return dentry
  }
}
