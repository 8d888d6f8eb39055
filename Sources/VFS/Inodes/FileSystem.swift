public import Foundations
import Machine
import Synchronization
import Waiting

/// A file system that is mounted somewhere: its files, and what is true of all of them.
open class FileSystem {
  private static let nextAnonymousMinor = Atomic<UInt32>(1)

  /// The name of its type, as in /proc/mounts.
  public let typeName: StaticString
  /// The number of its type: `f_type` of statfs(2).
  public let magic: UInt64
  /// What tells its files from those of others: `st_dev`.
  public let device: DeviceNumber
  /// Where its names are cached.
  public let names: DentryCache
  /// What its files are told the time by.
  public let clock: FileClock
  /// Held while a directory moves, so that nothing else in the tree of directories does.
  let renameLock = SleepLock()
  private let isReadOnlyFlag = Atomic<Bool>(false)

  /// Creates a file system.
  ///
  /// - Parameter device: the block device that it is on; nil for one that is on none, which gets a number of its own.
  public init(
    typeName: StaticString, magic: UInt64, device: DeviceNumber? = nil, names: DentryCache, clock: FileClock
  ) {
    self.typeName = typeName
    self.magic = magic
    self.device = device ?? DeviceNumber(0, Self.nextAnonymousMinor.wrappingAdd(1, ordering: .relaxed).oldValue)
    self.names = names
    self.clock = clock
  }

  /// The longest name, in bytes.
  open var nameLimit: Int { FileName.limit }

  /// Whether names come and go without anybody asking, as in /proc, so that each use asks again, but for those of inodes
  /// that last.
  open var isVolatile: Bool { false }

  /// Whether nothing in it may be changed.
  public final var isReadOnly: Bool {
    get { isReadOnlyFlag.load(ordering: .relaxed) }
    set { isReadOnlyFlag.store(newValue, ordering: .relaxed) }
  }

  /// What statfs(2) tells.
  open func statistics() throws(Errno) -> FileSystemStatistics { FileSystemStatistics() }

  /// Takes options as the type understands them. MS_REMOUNT.
  ///
  /// - Throws: `EINVAL` for what it does not understand.
  open func setOptions(_ options: Span<UInt8>) throws(Errno) { if !options.isEmpty { throw .EINVAL } }

  /// Writes everything that is not on its device yet. sync(2).
  open func synchronize() throws(Errno) {}

  /// A dentry for the root directory, which paths into the file system begin at.
  ///
  /// - Throws: `ENOMEM`.
  public final func makeRoot(_ inode: Inode) throws(Errno) -> Dentry {
    try Dentry(FileName(Span()), in: nil, inode: inode, fileSystem: self)
  }
}
