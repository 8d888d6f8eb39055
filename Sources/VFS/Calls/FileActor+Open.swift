public import Foundations
import Machine
import Security
import Waiting

import enum LinuxABI.Capability
public import struct LinuxABI.OpenFlags
public import struct LinuxABI.ResolveFlags

extension FileActor {
  /// Opens what `path` names, and makes it with O_CREAT. openat(2), openat2(2).
  ///
  /// - Parameters:
  ///   - start: where a relative path begins; nil for the working directory.
  ///   - permissions: those of a file that is made, before the mask.
  /// - Throws: as open(2).
  public func open(
    _ path: Span<UInt8>, from start: Path? = nil, _ flags: OpenFlags, permissions: UInt16 = 0,
    resolve: ResolveFlags = []
  ) throws(Errno) -> OpenFile {
    try ObjectMemory.check()
    var flags = flags
    if flags.contains(.O_PATH) {
      flags.formIntersection([.O_PATH, .O_DIRECTORY, .O_NOFOLLOW, .O_CLOEXEC])
      let found = try find(path, from: start, followsLink: !flags.contains(.O_NOFOLLOW), resolve: resolve)
      if flags.contains(.O_DIRECTORY) && found.inode.kind != .directory { throw .ENOTDIR }
      return try PathFile(OpenRequest(found, flags, credentials), found.inode)
    }
    if flags.contains(.O_TMPFILE) { return try openUnnamed(path, from: start, flags, permissions, resolve) }
    if flags.contains([.O_CREAT, .O_DIRECTORY]) { throw .EINVAL }
    if flags.contains(.O_CREAT) { return try openOrMake(path, from: start, flags, permissions, resolve) }
    let found = try find(path, from: start, followsLink: !flags.contains(.O_NOFOLLOW), resolve: resolve)
    return try open(found, flags, isNew: false)
  }

  /// Opens what a walk has found. Also for what is opened without a path, such as /proc/self/fd/3.
  ///
  /// - Parameter isNew: whether this call has made it: then its permissions do not matter.
  public func open(_ found: Path, _ flags: OpenFlags, isNew: Bool) throws(Errno) -> OpenFile {
    let inode = found.inode
    let mode = OpenMode(flags)
    if flags.contains(.O_DIRECTORY) && inode.kind != .directory { throw .ENOTDIR }
    switch inode.kind {
    case .symbolicLink: throw .ELOOP
    case .directory: if mode.contains(.write) || flags.contains(.O_TRUNC) { throw .EISDIR }
    case .characterDevice, .blockDevice: if found.mount.restrictions.contains(.noDevices) { throw .EACCES }
    case .regular, .fifo, .socket: break
    }
    let changes = mode.contains(.write) || flags.contains(.O_TRUNC)
    if !isNew {
      var wish: AccessWish = []
      // Access mode 3 asks for both and gives neither.
      if flags.rawValue & 3 == 3 { wish = [.read, .write] }
      if mode.contains(.read) { wish.insert(.read) }
      if changes { wish.insert(.write) }
      if changes && (inode.kind == .regular || inode.kind == .directory) { try found.mount.checkWritable() }
      try inode.check(wish, by: credentials)
    }
    if flags.contains(.O_NOATIME) {
      let owner = inode.attributes.withLock { $0.user }
      guard owner == credentials.users.fileSystem || credentials.has(.CAP_FOWNER) else { throw .EPERM }
    }
    let file = try inode.open(OpenRequest(found, flags, credentials, in: namespace))
    if flags.contains(.O_TRUNC) && inode.kind == .regular && !isNew {
      // Nothing is cut off a program that runs, whatever the file is open for.
      try inode.beginWriting()
      defer { inode.endWriting() }
      try truncate(inode, to: 0)
    }
    return file
  }

  private func openOrMake(
    _ path: Span<UInt8>, from start: Path?, _ flags: OpenFlags, _ permissions: UInt16, _ resolve: ResolveFlags
  ) throws(Errno) -> OpenFile {
    var walk = PathWalk(self, from: start, path, resolve)
    var end = try walk.walkToLast(path)
    while true {
      let (directory, hasSlash) = (end.directory, end.hasSlash)
      guard case .name(let name) = consume end.last else {
        throw flags.contains(.O_EXCL) ? .EEXIST : .EISDIR
      }
      if hasSlash { throw .EISDIR }
      let (found, isNew) = try findOrMake(name, in: directory, flags, permissions, &walk)
      let inode = found.inode
      if inode.kind == .symbolicLink && !isNew {
        if flags.contains(.O_EXCL) { throw .EEXIST }
        if flags.contains(.O_NOFOLLOW) { throw .ELOOP }
        var target = GrowableArray<UInt8>()
        guard try walk.followLast(inode, found, in: directory, into: &target) else {
          return try open(walk.place, flags, isNew: false)
        }
        end = try walk.walkToLast(target.span)
        continue
      }
      if flags.contains(.O_EXCL) && !isNew { throw .EEXIST }
      if inode.kind == .directory { throw .EISDIR }
      if !isNew { try checkOwner(of: inode, in: directory.inode) }
      return try open(found, flags, isNew: isNew)
    }
  }

  /// Refuses a file or FIFO that somebody else may have put into a sticky directory, to whoever would have made it there.
  /// Source: proc_sys_fs(5), protected_fifos and protected_regular: what Debian sets.
  private func checkOwner(of inode: Inode, in directory: Inode) throws(Errno) {
    guard namespace.protectsSharedDirectories, inode.kind == .regular || inode.kind == .fifo else { return }
    let (permissions, directoryOwner) = directory.attributes.withLock { ($0.permissions, $0.user) }
    // Files are refused also where only a group may write.
    let writers: UInt16 = inode.kind == .regular ? 0o022 : 0o002
    guard permissions & Permissions.sticky != 0, permissions & writers != 0 else { return }
    let owner = inode.attributes.withLock { $0.user }
    guard owner == credentials.users.fileSystem || owner == directoryOwner else { throw .EACCES }
  }

  private func findOrMake(
    _ name: borrowing FileName, in directory: Path, _ flags: OpenFlags, _ permissions: UInt16,
    _ walk: inout PathWalk
  ) throws(Errno) -> (Path, isNew: Bool) {
    let found = try walk.step(name.bytes, hash: name.hash, in: directory)
    if found.dentry.inode != nil { return (found, false) }
    let inode = directory.inode
    inode.lock.lock()
    defer { inode.lock.unlock() }
    let known = try PathWalk.lookUpLocked(name.bytes, name.hash, of: directory.dentry, inode)
    // Somebody else was faster.
    if known.inode != nil { return (namespace.top(of: Path(mount: directory.mount, dentry: known)), false) }
    try checkChangeable(directory)
    let copy = try name.copy()
    let new = try inode.create(name.bytes, newFile(.regular, permissions, in: inode))
    let dentry = try FileActor.addName(copy, of: new, in: directory.dentry, replacing: known)
    return (Path(mount: directory.mount, dentry: dentry), true)
  }

  private func openUnnamed(
    _ path: Span<UInt8>, from start: Path?, _ flags: OpenFlags, _ permissions: UInt16, _ resolve: ResolveFlags
  ) throws(Errno) -> OpenFile {
    guard OpenMode(flags).contains(.write), !flags.contains(.O_CREAT) else { throw .EINVAL }
    let directory = try find(path, from: start, followsLink: !flags.contains(.O_NOFOLLOW), resolve: resolve)
    guard directory.inode.kind == .directory else { throw .ENOTDIR }
    try checkChangeable(directory)
    let inode = try directory.inode.createUnnamed(newFile(.regular, permissions, in: directory.inode))
    let dentry = try Dentry.unnamed(inode, in: directory.dentry, flags.contains(.O_EXCL) ? .forEver : .untilLinked)
    let kept = flags.subtracting([.O_TMPFILE]).union(flags.contains(.O_EXCL) ? .O_EXCL : [])
    return try inode.open(OpenRequest(Path(mount: directory.mount, dentry: dentry), kept, credentials))
  }

  /// Makes an ordinary file that long.
  func truncate(_ inode: Inode, to size: Int64, _ sizeLimit: UInt64 = .max) throws(Errno) {
    inode.lock.lock()
    defer { inode.lock.unlock() }
    try inode.checkGrowth(to: size, limit: sizeLimit)
    try inode.setSize(size)
    inode.dropPrivileges(unlessMayKeep: credentials)
  }
}
