public import Foundations
public import Machine
public import Security
import Waiting

import enum LinuxABI.Capability

extension FileActor {
  /// Refuses what the caller may not do with the file. faccessat2(2).
  ///
  /// - Parameter usesRealUser: whether the real user counts, as without AT_EACCESS.
  /// - Throws: `EACCES`, `EROFS`.
  public func checkAccess(_ path: Path, _ wish: AccessWish, usesRealUser: Bool) throws(Errno) {
    let inode = path.inode
    if wish.contains(.execute) && inode.kind == .regular && path.mount.restrictions.contains(.noExecution) {
      throw .EACCES
    }
    if usesRealUser {
      try inode.check(wish, by: credentials.forRealUser)
    } else {
      try inode.check(wish, by: credentials)
    }
    if wish.contains(.write) {
      switch inode.kind {
      case .regular, .directory, .symbolicLink: try path.mount.checkWritable()
      case .fifo, .socket, .characterDevice, .blockDevice: break
      }
    }
  }

  /// Changes permissions. fchmodat2(2).
  ///
  /// - Throws: `EPERM` for who does not own the file, `EROFS`, `EOPNOTSUPP` for a symbolic link.
  public func setPermissions(_ path: Path, _ permissions: UInt16) throws(Errno) {
    let inode = path.inode
    guard inode.kind != .symbolicLink else { throw .EOPNOTSUPP }
    try path.mount.checkWritable()
    try inode.lock.withLock { () throws(Errno) in
      let (owner, group) = inode.attributes.withLock { ($0.user, $0.group) }
      guard isOwner(owner) else { throw .EPERM }
      var change = AttributeChange()
      var permissions = permissions & Permissions.all
      if !credentials.isMember(of: group) && !credentials.has(.CAP_FSETID) { permissions &= ~Permissions.setGroup }
      change.permissions = permissions
      try inode.apply(change)
    }
  }

  /// Changes owner and group; nil stays. fchownat(2).
  ///
  /// - Throws: `EPERM` for who may not give the file away, `EROFS`.
  public func setOwner(_ path: Path, user: UserID?, group: GroupID?) throws(Errno) {
    let inode = path.inode
    try path.mount.checkWritable()
    try inode.lock.withLock { () throws(Errno) in
      let (owner, oldGroup, permissions) = inode.attributes.withLock { ($0.user, $0.group, $0.permissions) }
      let isOwner = credentials.users.fileSystem == owner
      if !credentials.has(.CAP_CHOWN) {
        if let user, !isOwner || user != owner { throw .EPERM }
        if let group, !isOwner || (group != oldGroup && !credentials.isMember(of: group)) { throw .EPERM }
      }
      var change = AttributeChange()
      (change.user, change.group) = (user, group)
      if inode.kind != .directory, Privileges.without(permissions) != permissions {
        guard self.isOwner(owner) else { throw .EPERM }
        change.permissions = Privileges.without(permissions)
      }
      try inode.apply(change)
    }
  }

  /// Changes times; nil stays. utimensat(2).
  ///
  /// - Throws: `EACCES`, `EPERM`, `EROFS`.
  public func setTimes(
    _ path: Path, access: AttributeChange.Time?, modification: AttributeChange.Time?
  ) throws(Errno) {
    if access == nil && modification == nil { return }
    let inode = path.inode
    try path.mount.checkWritable()
    let owner = inode.attributes.withLock { $0.user }
    if !isOwner(owner) {
      guard case .now = access, case .now = modification else { throw .EPERM }
      try inode.check(.write, by: credentials)
    }
    var change = AttributeChange()
    (change.accessTime, change.modificationTime) = (access, modification)
    try inode.lock.withLock { () throws(Errno) in try inode.apply(change) }
  }

  /// Makes a file that long. truncate(2).
  ///
  /// - Parameter sizeLimit: how long it may become. RLIMIT_FSIZE.
  /// - Throws: `EISDIR`, `EINVAL`, `EACCES`, `EROFS`, `ETXTBSY`, `EFBIG`.
  public func truncate(_ path: Path, to size: Int64, sizeLimit: UInt64 = .max) throws(Errno) {
    guard size >= 0 else { throw .EINVAL }
    let inode = path.inode
    if inode.kind == .directory { throw .EISDIR }
    guard inode.kind == .regular else { throw .EINVAL }
    try path.mount.checkWritable()
    try inode.check(.write, by: credentials)
    try inode.beginWriting()
    defer { inode.endWriting() }
    try truncate(inode, to: size, sizeLimit)
  }

  /// Appends what a symbolic link says to `target`. readlinkat(2).
  ///
  /// - Throws: `EINVAL` for what is none.
  public func readLink(_ path: Path, into target: inout GrowableArray<UInt8>) throws(Errno) {
    guard path.inode.kind == .symbolicLink else { throw .EINVAL }
    AccessTimes.note(path, [])
    if let place = try path.inode.followLink() {
      try describe(place, into: &target)
    } else {
      try path.inode.readLink(into: &target)
    }
  }

  private func isOwner(_ owner: UserID) -> Bool {
    credentials.users.fileSystem == owner || credentials.has(.CAP_FOWNER)
  }
}
