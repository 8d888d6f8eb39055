public import Foundations
public import Machine
import Security

import enum LinuxABI.Capability

extension FileActor {
  /// Makes a directory the working directory. chdir(2), fchdir(2).
  ///
  /// - Throws: `ENOTDIR`, `EACCES`.
  public func changeDirectory(to path: Path) throws(Errno) {
    guard path.inode.kind == .directory else { throw .ENOTDIR }
    try path.inode.check(.execute, by: credentials)
    context.setDirectory(path)
  }

  /// Makes a directory the root. chroot(2).
  ///
  /// - Throws: `ENOTDIR`, `EACCES`, `EPERM` without CAP_SYS_CHROOT.
  public func changeRoot(to path: Path) throws(Errno) {
    guard path.inode.kind == .directory else { throw .ENOTDIR }
    try path.inode.check(.execute, by: credentials)
    try credentials.require(.CAP_SYS_CHROOT)
    context.setRoot(path)
  }

  /// Appends the path of the working directory to `text`. getcwd(2), whose zero at the end the caller adds.
  ///
  /// - Throws: `ENOENT` when it was removed, `ENAMETOOLONG`, `ENOMEM`.
  public func workingDirectory(into text: inout GrowableArray<UInt8>) throws(Errno) {
    let directory = context.directory
    guard !directory.dentry.isRemoved else { throw .ENOENT }
    try describe(directory, into: &text)
  }

  /// Appends the path that `place` has from the root of the caller to `text`, as in /proc/self/fd and maps:
  /// "(unreachable)" before it where it is outside, " (deleted)" behind it where the name was removed; what has no path
  /// gives its own name.
  ///
  /// - Throws: `ENAMETOOLONG`, `ENOMEM`.
  public func describe(_ place: Path, into text: inout GrowableArray<UInt8>) throws(Errno) {
    // Collected from the end to the beginning, then turned round.
    var reversed = GrowableArray<UInt8>()
    if place.dentry.isRemoved && place.dentry.parent != nil { try Self.prepend(" (deleted)", to: &reversed) }
    let root = context.root
    var current = place
    // A file without a directory, such as that of memfd_create; not one that only has a name, such as a pidfd.
    let isAlone =
      place.dentry.parent == nil && place.dentry !== place.mount.root && place.inode.kind == .regular
      && !(place.inode.fileSystem is AnonymousFileSystem)
    if isAlone { try Self.prepend(" (deleted)", to: &reversed) }
    let suffixCount = reversed.count
    while !current.isSame(as: root) {
      if current.dentry === current.mount.root {
        guard let point = current.mount.point else {
          try Self.finish(place, current, root, &reversed, suffixCount)
          break
        }
        current = point
        continue
      }
      let name = try current.dentry.copyName()
      let bytes = name.bytes
      for index in 0..<bytes.count { try reversed.append(bytes[bytes.count - 1 - index]) }
      guard let parent = current.dentry.parent else {
        if isAlone { try reversed.append(0x2f) }
        break
      }
      try reversed.append(0x2f)
      guard reversed.count < 4096 else { throw .ENAMETOOLONG }
      current = Path(mount: current.mount, dentry: parent)
    }
    if reversed.count == suffixCount { try reversed.append(0x2f) }
    try text.reserveCapacity(text.count + reversed.count)
    while let byte = reversed.popLast() { try text.append(byte) }
  }

  /// What is before a path that does not begin at the caller's root.
  private static func finish(
    _ place: Path, _ top: Path, _ root: Path, _ reversed: inout GrowableArray<UInt8>, _ suffixCount: Int
  ) throws(Errno) {
    if reversed.count == suffixCount { try reversed.append(0x2f) }
    // The root of the tree of mounts is above the caller's: chroot.
    try prepend("(unreachable)", to: &reversed)
  }

  private static func prepend(_ text: String, to reversed: inout GrowableArray<UInt8>) throws(Errno) {
    let count = text.utf8.count
    var bytes = GrowableArray<UInt8>()
    try bytes.reserveCapacity(count)
    for byte in text.utf8 { try bytes.append(byte) }
    while let byte = bytes.popLast() { try reversed.append(byte) }
  }
}
