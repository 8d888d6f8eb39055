import Machine

import struct LinuxABI.OpenFlags

/// When reading a file changes its access time. Source: mount(2), MS_RELATIME.
enum AccessTimes {
  private static let day: Int64 = 86_400

  static func note(_ path: Path, _ flags: OpenFlags) {
    let restrictions = path.mount.restrictions
    let inode = path.inode
    if flags.contains(.O_NOATIME) || restrictions.contains(.noAccessTime) || restrictions.contains(.readOnly) { return }
    if inode.kind == .directory && restrictions.contains(.noDirectoryAccessTime) { return }
    if inode.fileSystem.isReadOnly { return }
    let now = inode.fileSystem.clock.now
    let isRelative = restrictions.contains(.relativeAccessTime)
    inode.attributes.withLock { attributes in
      let last = attributes.accessTime
      if isRelative && !last.isAtOrBefore(attributes.modificationTime) && !last.isAtOrBefore(attributes.changeTime)
        && now.seconds &- last.seconds < day
      {
        return
      }
      attributes.accessTime = now
    }
  }
}
