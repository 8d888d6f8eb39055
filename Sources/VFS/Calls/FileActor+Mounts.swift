public import Foundations
import Security

import enum LinuxABI.Capability

extension FileActor {
  /// Puts `mount` upon `point`. mount(2).
  ///
  /// - Throws: `EPERM` without CAP_SYS_ADMIN, and as `MountNamespace.attach`.
  public func mount(_ mount: Mount, at point: Path) throws(Errno) {
    try credentials.require(.CAP_SYS_ADMIN)
    try namespace.attach(mount, at: point)
  }

  /// What is changed by mounting again.
  public enum RemountScope: Sendable {
    /// What the mount forbids. MS_BIND.
    case mountOnly
    /// The file system too.
    case fileSystem(isReadOnly: Bool)
  }

  /// Changes what the mount whose root `path` is forbids. MS_REMOUNT.
  ///
  /// - Throws: `EPERM`, `EINVAL` for what is not the root of a mount and for options that are not understood.
  public func remount(
    _ path: Path, _ restrictions: MountRestrictions, _ scope: RemountScope, _ options: Span<UInt8> = Span()
  ) throws(Errno) {
    try credentials.require(.CAP_SYS_ADMIN)
    guard path.dentry === path.mount.root else { throw .EINVAL }
    if case .fileSystem(let isReadOnly) = scope {
      try path.mount.fileSystem.setOptions(options)
      path.mount.fileSystem.isReadOnly = isReadOnly
    }
    path.mount.restrictions = restrictions
  }

  /// Changes how changes of a mount's tree spread. MS_PRIVATE and its like.
  ///
  /// - Parameter isRecursive: whether of the mounts upon it, too. MS_REC.
  /// - Throws: `EPERM`, `EINVAL` for what is not the root of a mount.
  public func setPropagation(
    _ path: Path, _ propagation: MountPropagation, isRecursive: Bool
  ) throws(Errno) {
    try credentials.require(.CAP_SYS_ADMIN)
    guard path.dentry === path.mount.root else { throw .EINVAL }
    path.mount.propagation = propagation
    if isRecursive { namespace.forEachMount(upon: path.mount) { $0.propagation = propagation } }
  }

  /// Takes the mount whose root `path` is out of the tree. umount2(2).
  ///
  /// - Parameter isLazy: whether it goes from sight with all that is mounted upon it, whoever uses it. MNT_DETACH.
  /// - Throws: `EPERM`, `EINVAL` for what is not the root of a mount, `EBUSY` while it is used.
  public func unmount(_ path: Path, isLazy: Bool) throws(Errno) {
    try credentials.require(.CAP_SYS_ADMIN)
    guard path.dentry === path.mount.root else { throw .EINVAL }
    try namespace.detach(path.mount, isLazy: isLazy)
    // The names of a file system that is nowhere any more would keep its files. Who has one open keeps that.
    let fileSystem = path.mount.fileSystem
    for index in 0..<namespace.count where namespace[index]?.fileSystem === fileSystem { return }
    fileSystem.names.forget(fileSystem)
  }
}
