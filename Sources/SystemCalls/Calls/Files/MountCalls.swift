import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VFS

/// mount(2), and what is known of file systems.
extension SystemCallContext {
  /// mount(2)
  func mount(
    _ source: UserPath, _ target: UserPath, _ type: UserString, _ flags: MountFlags, _ data: UserPointer<UInt8>
  ) throws(Errno) {
    let point = try find(target)
    let actor = task.actor
    try actor.credentials.require(.CAP_SYS_ADMIN)
    let flags = flags.withoutMagic
    if flags.contains([.MS_REMOUNT, .MS_BIND]) {
      try actor.remount(point, flags.restrictions(after: point.mount.restrictions), .mountOnly)
    } else if flags.contains(.MS_REMOUNT) {
      try UserString(data.address).withOptions { options throws(Errno) in
        let restrictions = flags.restrictions(after: point.mount.restrictions)
        try actor.remount(point, restrictions, .fileSystem(isReadOnly: flags.contains(.MS_RDONLY)), options)
      }
    } else if flags.contains(.MS_BIND) {
      _ = try actor.namespace.bind(find(source), at: point, isRecursive: flags.contains(.MS_REC))
    } else if !flags.isDisjoint(with: MountFlags.propagations) {
      try actor.setPropagation(point, flags.propagation(), isRecursive: flags.contains(.MS_REC))
    } else if flags.contains(.MS_MOVE) {
      let moved = try find(source)
      guard moved.dentry === moved.mount.root else { throw .EINVAL }
      try actor.namespace.move(moved.mount, to: point)
    } else {
      try mountNew(source, type, flags, data, at: point)
    }
  }

  private func mountNew(
    _ source: UserPath, _ type: UserString, _ flags: MountFlags, _ data: UserPointer<UInt8>, at point: Path
  ) throws(Errno) {
    guard !type.isNull else { throw .EINVAL }
    let found = try type.withBytes(limit: 256) { name throws(Errno) in FileSystemTypes.type(named: name) }
    guard let found else { throw .ENODEV }
    guard found.source == .nothing || !source.isNull else { throw .EINVAL }
    let actor = task.actor
    try UserString(data.address).withOptions { options throws(Errno) in
      try source.text.withOptions { source throws(Errno) in
        let mount = try found.makeMount(source, options: options, by: actor, flags.restrictions(after: nil))
        mount.source = try MountSource(source)
        try actor.mount(mount, at: point)
      }
    }
  }

  /// umount2(2)
  func umount2(_ target: UserPath, _ flags: UnmountFlags) throws(Errno) {
    // Nothing notes whether a mount was used since it was last asked for.
    guard !flags.contains(.MNT_EXPIRE) else { throw .EINVAL }
    let found = try flags.contains(.UMOUNT_NOFOLLOW) ? findLink(target) : find(target)
    try task.actor.unmount(found, isLazy: flags.contains(.MNT_DETACH))
  }

  /// pivot_root(2)
  func pivotRoot(_ new: UserPath, _ oldPlace: UserPath) throws(Errno) {
    try task.credentials.require(.CAP_SYS_ADMIN)
    let (new, oldPlace) = (try find(new), try find(oldPlace))
    guard new.inode.kind == .directory, oldPlace.inode.kind == .directory else { throw .ENOTDIR }
    let oldRoot = task.namespace.root.rootPath
    try task.namespace.pivot(to: new, oldPlace: oldPlace)
    // Whoever is at the old root is at the new one now.
    task.process.tree.forEachProcess { process in
      (process as? Process)?.forEachTask { task in
        task.resourcesForOthers.context.replace(oldRoot, by: new)
        return true
      }
      return true
    }
  }

  // MARK: What is known

  /// statfs(2)
  func statfs(_ path: UserPath, _ status: UserPointer<Statfs>) throws(Errno) { try status.store(Statfs(find(path))) }

  /// fstatfs(2)
  func fstatfs(_ descriptor: Int32, _ status: UserPointer<Statfs>) throws(Errno) {
    try status.store(Statfs(file(descriptor).path))
  }

  /// ustat(2)
  func ustat(_ device: UInt32, _ status: UserPointer<Ustat>) throws(Errno) {
    let wanted = DeviceNumber(encoded: UInt64(device))
    let namespace = task.namespace
    var index = 0
    while let mount = namespace[index] {
      if mount.fileSystem.device == wanted { return try status.store(Ustat(mount.fileSystem.statistics())) }
      index += 1
    }
    throw .EINVAL
  }
}

extension UserString {
  /// Runs `body` with the text, which is empty for NULL, and at most a page long.
  ///
  /// - Throws: `EINVAL` for a longer one, `EFAULT`, `ENOMEM`, and what `body` throws.
  fileprivate func withOptions(_ body: (Span<UInt8>) throws(Errno) -> Void) throws(Errno) {
    if isNull { return try body(Span()) }
    try withBytes(limit: 4096, body)
  }
}

extension MountFlags {
  /// Those that say how changes spread.
  fileprivate static var propagations: MountFlags { [.MS_SHARED, .MS_PRIVATE, .MS_SLAVE, .MS_UNBINDABLE] }

  /// Without the number that old programs put into the upper half. Source: mount(2), `MS_MGC_VAL`.
  fileprivate var withoutMagic: MountFlags {
    rawValue & 0xffff_0000 == 0xc0ed_0000 ? MountFlags(rawValue: rawValue & 0xffff) : self
  }

  /// How changes of the tree spread.
  ///
  /// - Throws: `EINVAL` for more than one way, and for MS_SHARED, as there is nobody to share with.
  fileprivate func propagation() throws(Errno) -> MountPropagation {
    switch subtracting([.MS_REC, .MS_SILENT]) {
    // What was never shared is nobody's slave: it stays private.
    case .MS_PRIVATE, .MS_SLAVE: return .isolated
    case .MS_UNBINDABLE: return .unbindable
    default: throw .EINVAL
    }
  }

  /// What a mount is to forbid.
  ///
  /// - Parameter old: what it forbids; nil for a new one. When nothing is said of access times, they stay as they are.
  fileprivate func restrictions(after old: MountRestrictions?) -> MountRestrictions {
    var result: MountRestrictions = []
    if contains(.MS_RDONLY) { result.insert(.readOnly) }
    if contains(.MS_NOSUID) { result.insert(.noSetUser) }
    if contains(.MS_NODEV) { result.insert(.noDevices) }
    if contains(.MS_NOEXEC) { result.insert(.noExecution) }
    if contains(.MS_NOSYMFOLLOW) { result.insert(.noLinks) }
    let times: MountRestrictions = [.noAccessTime, .noDirectoryAccessTime, .relativeAccessTime]
    if let old, isDisjoint(with: [.MS_NOATIME, .MS_NODIRATIME, .MS_RELATIME, .MS_STRICTATIME]) {
      return result.union(old.intersection(times))
    }
    if contains(.MS_NODIRATIME) { result.insert(.noDirectoryAccessTime) }
    if contains(.MS_STRICTATIME) { return result }
    result.insert(contains(.MS_NOATIME) ? .noAccessTime : .relativeAccessTime)
    return result
  }
}
