public import Foundations
import Machine
import Security
import Synchronization
import Waiting

/// What rename does with what has the new name already.
public enum RenameWay: Sendable {
  /// Replaces it.
  case replace
  /// Refuses. RENAME_NOREPLACE.
  case keep
  /// Gives it the old name. RENAME_EXCHANGE.
  case exchange
}

extension FileActor {
  /// Moves a file to another name. renameat2(2).
  ///
  /// - Throws: `EXDEV` across mounts, `EBUSY` for `.`, `..` and what something is mounted upon, `EINVAL` into itself,
  ///   `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, and as `find`.
  public func rename(
    _ oldPath: Span<UInt8>, from oldStart: Path? = nil, to newPath: Span<UInt8>, from newStart: Path? = nil,
    _ way: RenameWay = .replace
  ) throws(Errno) {
    try ObjectMemory.check()
    var oldWalk = PathWalk(self, from: oldStart, oldPath)
    let oldEnd = try oldWalk.walkToLast(oldPath)
    var newWalk = PathWalk(self, from: newStart, newPath)
    let newEnd = try newWalk.walkToLast(newPath)
    let (oldDirectory, newDirectory) = (oldEnd.directory, newEnd.directory)
    let (oldHasSlash, newHasSlash) = (oldEnd.hasSlash, newEnd.hasSlash)
    guard oldDirectory.mount === newDirectory.mount else { throw .EXDEV }
    guard case .name(let oldName) = consume oldEnd.last else { throw .EBUSY }
    guard case .name(let newName) = consume newEnd.last else { throw way == .keep ? .EEXIST : .EBUSY }
    try oldDirectory.mount.checkWritable()
    let move = Move(actor: self, from: oldDirectory, to: newDirectory, way)
    try move.run(oldName, oldHasSlash, newName, newHasSlash)
  }
}

/// A rename, between two directories of one file system.
private struct Move {
  let actor: FileActor
  let oldDirectory: Path
  let newDirectory: Path
  let way: RenameWay
  let oldParent: Inode
  let newParent: Inode

  init(actor: FileActor, from oldDirectory: Path, to newDirectory: Path, _ way: RenameWay) {
    self.actor = actor
    (self.oldDirectory, self.newDirectory, self.way) = (oldDirectory, newDirectory, way)
    (oldParent, newParent) = (oldDirectory.inode, newDirectory.inode)
  }

  func run(
    _ oldName: borrowing FileName, _ oldHasSlash: Bool, _ newName: borrowing FileName, _ newHasSlash: Bool
  ) throws(Errno) {
    let fileSystem = oldDirectory.dentry.fileSystem
    let isSameDirectory = oldParent === newParent
    // While the tree of directories cannot change, who is above whom does not.
    if !isSameDirectory { fileSystem.renameLock.lock() }
    defer { if !isSameDirectory { fileSystem.renameLock.unlock() } }
    lockDirectories()
    defer { unlockDirectories() }

    let old = try PathWalk.lookUpLocked(oldName.bytes, oldName.hash, of: oldDirectory.dentry, oldParent)
    guard let inode = old.inode else { throw .ENOENT }
    let new = try PathWalk.lookUpLocked(newName.bytes, newName.hash, of: newDirectory.dentry, newParent)
    let replaced = new.inode
    switch way {
    case .keep: if replaced != nil { throw .EEXIST }
    case .exchange: if replaced == nil { throw .ENOENT }
    case .replace: break
    }
    if inode.kind != .directory {
      if oldHasSlash || (newHasSlash && way != .exchange) { throw .ENOTDIR }
    }
    if way == .exchange, newHasSlash, let replaced, replaced.kind != .directory { throw .ENOTDIR }
    // A directory cannot go into itself, nor take the place of what it is in.
    if newDirectory.dentry.isInside(old) { throw .EINVAL }
    if replaced != nil, oldDirectory.dentry.isInside(new) { throw way == .exchange ? .EINVAL : .ENOTEMPTY }
    if inode === replaced { return }
    try checkRights(inode, replaced)
    guard old.mountCount.load(ordering: .acquiring) == 0, new.mountCount.load(ordering: .acquiring) == 0 else {
      throw .EBUSY
    }
    if let replaced, way == .exchange {
      try exchange(oldName, old, inode, newName, new, replaced)
    } else {
      try replace(oldName, old, inode, newName, new, replaced)
    }
  }

  private func checkRights(_ inode: Inode, _ replaced: Inode?) throws(Errno) {
    try actor.checkChangeable(oldDirectory)
    try actor.checkRemovable(inode, from: oldParent)
    try actor.checkChangeable(newDirectory)
    if let replaced {
      try actor.checkRemovable(replaced, from: newParent)
      if way == .replace {
        if inode.kind == .directory && replaced.kind != .directory { throw .ENOTDIR }
        if inode.kind != .directory && replaced.kind == .directory { throw .EISDIR }
      }
    }
    // `..` of a directory that moves changes, which is a change of the directory.
    guard oldParent !== newParent else { return }
    if inode.kind == .directory { try inode.check(.write, by: actor.credentials) }
    if way == .exchange, let replaced, replaced.kind == .directory {
      try replaced.check(.write, by: actor.credentials)
    }
  }

  private func replace(
    _ oldName: borrowing FileName, _ old: Dentry, _ inode: Inode, _ newName: borrowing FileName, _ new: Dentry,
    _ replaced: Inode?
  ) throws(Errno) {
    let copy = try newName.copy()
    if let replaced {
      replaced.lockIfDirectory()
      defer { replaced.unlockIfDirectory() }
      try oldParent.rename(oldName.bytes, of: inode, to: newName.bytes, in: newParent, replacing: replaced)
      new.markRemoved()
    } else {
      try oldParent.rename(oldName.bytes, of: inode, to: newName.bytes, in: newParent, replacing: nil)
      new.fileSystem.names.remove(new)
    }
    old.fileSystem.names.move(old, to: copy, in: newDirectory.dentry)
  }

  private func exchange(
    _ oldName: borrowing FileName, _ old: Dentry, _ inode: Inode, _ newName: borrowing FileName, _ new: Dentry,
    _ other: Inode
  ) throws(Errno) {
    let oldCopy = try oldName.copy()
    let newCopy = try newName.copy()
    try oldParent.exchange(oldName.bytes, of: inode, with: newName.bytes, of: other, in: newParent)
    let names = old.fileSystem.names
    names.remove(new)
    names.move(old, to: newCopy, in: newDirectory.dentry)
    names.move(new, to: oldCopy, in: oldDirectory.dentry)
  }

  // MARK: Locks

  private var isOldFirst: Bool {
    if newDirectory.dentry.isInside(oldDirectory.dentry) { return true }
    if oldDirectory.dentry.isInside(newDirectory.dentry) { return false }
    return oldParent.number < newParent.number
  }

  private func lockDirectories() {
    if oldParent === newParent { return oldParent.lock.lock() }
    let isOldFirst = isOldFirst
    (isOldFirst ? oldParent : newParent).lock.lock()
    (isOldFirst ? newParent : oldParent).lock.lock()
  }

  private func unlockDirectories() {
    oldParent.lock.unlock()
    if oldParent !== newParent { newParent.lock.unlock() }
  }
}
