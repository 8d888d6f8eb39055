public import Foundations
import Machine
import Security
import Synchronization

/// Where files are that have no path: pipes, event counters, memory files. Nobody can walk to them; /proc tells their
/// names.
public final class AnonymousFileSystem: FileSystem {
  private let nextNumber = Atomic<UInt64>(1)

  /// Creates a file system without files.
  ///
  /// - Throws: `ENOMEM`.
  public init(typeName: StaticString, magic: UInt64, names: DentryCache, clock: FileClock) throws(Errno) {
    super.init(typeName: typeName, magic: magic, names: names, clock: clock)
  }

  /// A number for a new file.
  public func takeNumber() -> UInt64 { nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue }

  /// A path to `inode`, which has `name` and no directory.
  ///
  /// - Throws: `ENOMEM`, `ENAMETOOLONG`.
  public static func makePath(to inode: Inode, name: Span<UInt8>) throws(Errno) -> Path {
    let dentry = try Dentry(FileName(name), in: nil, inode: inode, fileSystem: inode.fileSystem)
    let empty = try Dentry(FileName(Span()), in: nil, inode: nil, fileSystem: inode.fileSystem)
    return Path(mount: Mount(inode.fileSystem, root: empty), dentry: dentry)
  }

  /// A path to `inode` whose name is `prefix`, its number in brackets: "pipe:[17]".
  ///
  /// - Throws: `ENOMEM`.
  public static func makePath(to inode: Inode, prefix: StaticString) throws(Errno) -> Path {
    let text: Message = "\(prefix.description):[\(inode.number)]"
    return try makePath(to: inode, name: text.bytes)
  }
}
