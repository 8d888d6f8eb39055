public import Foundations
import Machine
public import Security

public import struct LinuxABI.OpenFlags

/// Inodes of files that are nothing but open: event counters, timers, sets of watched files.
public final class AnonymousInodes {
  private let fileSystem: AnonymousFileSystem

  /// Creates a source of them. There is one.
  ///
  /// - Throws: `ENOMEM`.
  public init(names: DentryCache, clock: FileClock) throws(Errno) {
    // ANON_INODE_FS_MAGIC of linux/magic.h.
    fileSystem = try AnonymousFileSystem(typeName: "anon_inodefs", magic: 0x0904_1934, names: names, clock: clock)
  }

  /// Makes an inode for a file of the kind `name`, such as "[eventfd]", and what it is opened with.
  ///
  /// - Throws: `ENOMEM`.
  public func makeInode(
    _ name: StaticString, _ credentials: Credentials, _ flags: OpenFlags
  ) throws(Errno) -> (request: OpenRequest, inode: Inode) {
    try ObjectMemory.check()
    let inode = Inode(fileSystem, number: fileSystem.takeNumber(), NewFile(.regular, permissions: 0o600))
    let text: Message = "anon_inode:\(name.description)"
    let path = try AnonymousFileSystem.makePath(to: inode, name: text.bytes)
    return (OpenRequest(path, flags, credentials), inode)
  }
}
