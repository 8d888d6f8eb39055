public import Foundations
public import Machine
public import Security
import Synchronization
public import Waiting

public import struct LinuxABI.SealFlags

/// A file, whatever its kind, apart from its names.
///
/// A file system derives its own from this and overrides what its files can do. What changes a directory is called with
/// its `lock` held, and after the permissions were checked; names are without `/` and zero and not longer than the file
/// system's limit.
open class Inode {
  /// Where it is.
  public let fileSystem: FileSystem
  /// Tells it from the others there.
  public let number: UInt64
  /// Its kind.
  public let kind: FileKind
  /// Which device it is.
  public let device: DeviceNumber
  /// The attributes that most file systems keep as they are.
  public let attributes: SpinLock<FileAttributes>
  /// Held while a directory is looked up in or changed, or a file's content is written or its size changed.
  ///
  /// Lock order: the file system's rename lock; a directory before what is in it; directories that are apart by their
  /// number.
  public let lock = SleepLock()
  /// Writers if positive, those who execute it if negative.
  private let writers = Atomic<Int>(0)
  /// Advisory locks, from the first on.
  private let lockTable = SpinLock<FileLocks?>(nil)
  /// Whether there is such a table: files without are closed without looking for it.
  private let wasLocked = Atomic<Bool>(false)
  /// What a FIFO or a socket has while it is open. See `SpecialFile`.
  public let attachment = SpinLock<SpecialFile?>(nil)

  /// Creates an inode with one name, or none yet.
  public init(_ fileSystem: FileSystem, number: UInt64, _ new: NewFile, linkCount: UInt32 = 1) {
    self.fileSystem = fileSystem
    self.number = number
    kind = new.kind
    device = new.device
    var attributes = FileAttributes()
    attributes.device = fileSystem.device
    attributes.inode = number
    attributes.kind = new.kind
    attributes.permissions = new.permissions & Permissions.all
    attributes.linkCount = linkCount
    (attributes.user, attributes.group) = (new.user, new.group)
    attributes.representedDevice = new.device
    let now = fileSystem.clock.now
    (attributes.accessTime, attributes.modificationTime) = (now, now)
    (attributes.changeTime, attributes.birthTime) = (now, now)
    self.attributes = SpinLock(attributes)
  }

  /// Whether, in a volatile file system, the name that it was found by still stands for it, so that it may be cached and its
  /// directory need not be asked.
  ///
  /// - Context: any; no lock is held.
  open var isLasting: Bool { false }

  // MARK: Attributes

  /// What stat(2) tells.
  open func currentAttributes() throws(Errno) -> FileAttributes { attributes.withLock { $0 } }

  /// Refuses what permissions do not allow.
  ///
  /// - Throws: `EACCES`.
  open func check(_ wish: AccessWish, by credentials: borrowing Credentials) throws(Errno) {
    let (mode, user, group) = attributes.withLock { ($0.permissions, $0.user, $0.group) }
    try credentials.check(wish, mode: mode, owner: user, group: group, isDirectory: kind == .directory)
  }

  /// Changes attributes; whoever calls has checked that it may.
  open func apply(_ change: AttributeChange) throws(Errno) {
    let now = fileSystem.clock.now
    attributes.withLock { attributes in
      if let permissions = change.permissions { attributes.permissions = permissions & Permissions.all }
      if let user = change.user { attributes.user = user }
      if let group = change.group { attributes.group = group }
      if let time = change.accessTime { attributes.accessTime = Self.resolve(time, now) }
      if let time = change.modificationTime { attributes.modificationTime = Self.resolve(time, now) }
      attributes.changeTime = now
    }
  }

  private static func resolve(_ time: AttributeChange.Time, _ now: FileTime) -> FileTime {
    switch time {
    case .now: now
    case .at(let time): time
    }
  }

  /// How many names it has.
  public final var linkCount: UInt32 { attributes.withLock { $0.linkCount } }

  /// Notes that the content changed now: that of a directory, too.
  public final func noteModified() {
    let now = fileSystem.clock.now
    attributes.withLock { ($0.modificationTime, $0.changeTime) = (now, now) }
  }

  /// Notes that an attribute changed now, and that there are `linkDelta` more names.
  ///
  /// - Returns: how many there are now.
  @discardableResult
  public final func noteChanged(linkDelta: Int32 = 0) -> UInt32 {
    let now = fileSystem.clock.now
    return attributes.withLock { attributes in
      attributes.changeTime = now
      attributes.linkCount = UInt32(truncatingIfNeeded: Int64(attributes.linkCount) + Int64(linkDelta))
      return attributes.linkCount
    }
  }

  // MARK: Directories

  /// The file that `name` stands for; nil when there is none.
  ///
  /// - Context: `lock` is held.
  open func lookUp(_ name: Span<UInt8>) throws(Errno) -> Inode? { throw .ENOTDIR }

  /// Makes a file of any kind but a symbolic link, under a name that is free.
  ///
  /// - Throws: `EPERM` for a kind that the file system does not have, `ENOSPC`, `ENOMEM`.
  /// - Context: `lock` is held.
  open func create(_ name: Span<UInt8>, _ new: NewFile) throws(Errno) -> Inode { throw .EPERM }

  /// Makes a symbolic link under a name that is free.
  ///
  /// - Context: `lock` is held.
  open func createLink(_ name: Span<UInt8>, to target: Span<UInt8>, _ new: NewFile) throws(Errno) -> Inode {
    throw .EPERM
  }

  /// Makes an ordinary file without a name. O_TMPFILE.
  ///
  /// - Throws: `EOPNOTSUPP`.
  open func createUnnamed(_ new: NewFile) throws(Errno) -> Inode { throw .EOPNOTSUPP }

  /// Gives `inode` one more name, which is free.
  ///
  /// - Throws: `EMLINK`, `EPERM`.
  /// - Context: `lock` is held, and the file's.
  open func link(_ name: Span<UInt8>, to inode: Inode) throws(Errno) { throw .EPERM }

  /// Removes the name of `inode`; an empty directory's, too.
  ///
  /// - Throws: `ENOTEMPTY` for a directory that is not empty.
  /// - Context: `lock` is held, and a directory's that is removed.
  open func remove(_ name: Span<UInt8>, of inode: Inode) throws(Errno) { throw .EPERM }

  /// Moves `inode` to another name, here or in another directory, in place of `replaced`, which is empty if it is a
  /// directory.
  ///
  /// - Throws: `ENOTEMPTY`, `EXDEV` where the file system cannot.
  /// - Context: the locks of both directories are held, and that of `replaced` if it is a directory.
  open func rename(
    _ name: Span<UInt8>, of inode: Inode, to newName: Span<UInt8>, in directory: Inode, replacing replaced: Inode?
  ) throws(Errno) { throw .EPERM }

  /// Exchanges what two names stand for.
  ///
  /// - Context: the locks of both directories are held.
  open func exchange(
    _ name: Span<UInt8>, of inode: Inode, with otherName: Span<UInt8>, of other: Inode, in directory: Inode
  ) throws(Errno) { throw .EINVAL }

  /// Calls `emit` with each entry behind position `position`, but `.` and `..`, until it says false.
  ///
  /// Positions above 2 tell entries apart whatever happens to others; `emit` is given the position behind the entry.
  /// - Context: `lock` is held.
  open func list(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) { throw .ENOTDIR }

  /// As `list`, adds entries to `records` until there is no room for one.
  ///
  /// - Throws: as `list`; what was added before is there.
  /// - Context: `lock` is held.
  open func list(from position: Int64, into records: inout DirectoryRecords) throws(Errno) {
    try list(from: position) { name, number, kind, next throws(Errno) in
      records.append(name, number, kind, next: next)
    }
  }

  // MARK: Symbolic links

  /// Appends what a symbolic link says to `target`.
  ///
  /// - Throws: `EINVAL` for another kind.
  open func readLink(into target: inout GrowableArray<UInt8>) throws(Errno) { throw .EINVAL }

  /// Where a link leads that is not a path, such as those in /proc/self/fd; nil for ordinary links.
  open func followLink() throws(Errno) -> Path? { nil }

  // MARK: Content

  /// Opens the file. Devices, FIFOs and sockets that are not the file system's own are those that are registered.
  ///
  /// - Context: no lock is held; may wait, as for the other end of a FIFO.
  open func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    switch kind {
    case .directory: return try DirectoryFile(request, self)
    case .symbolicLink: throw .ELOOP
    case .regular: throw .EINVAL
    case .fifo, .characterDevice, .blockDevice, .socket: return try SpecialFiles.open(request, self)
    }
  }

  /// Makes the content that long. Behind the old end there are zeros.
  ///
  /// - Throws: `EINVAL` for what has no length, `EISDIR`, `EFBIG`, `ENOSPC`.
  /// - Context: `lock` is held.
  open func setSize(_ size: Int64) throws(Errno) { throw kind == .directory ? .EISDIR : .EINVAL }

  // MARK: Writers and programs

  /// Counts one who may write.
  ///
  /// - Throws: `ETXTBSY` while it is executed.
  public final func beginWriting() throws(Errno) {
    var count = writers.load(ordering: .relaxed)
    while true {
      guard count >= 0 else { throw .ETXTBSY }
      let (isDone, found) = writers.compareExchange(
        expected: count, desired: count + 1, ordering: .acquiringAndReleasing)
      if isDone { return }
      count = found
    }
  }

  /// Ends what `beginWriting` began.
  public final func endWriting() { writers.wrappingSubtract(1, ordering: .acquiringAndReleasing) }

  /// Counts one who executes the file.
  ///
  /// - Throws: `ETXTBSY` while somebody may write.
  public final func beginExecuting() throws(Errno) {
    var count = writers.load(ordering: .relaxed)
    while true {
      guard count <= 0 else { throw .ETXTBSY }
      let (isDone, found) = writers.compareExchange(
        expected: count, desired: count - 1, ordering: .acquiringAndReleasing)
      if isDone { return }
      count = found
    }
  }

  /// Ends what `beginExecuting` began.
  public final func endExecuting() { writers.wrappingAdd(1, ordering: .acquiringAndReleasing) }

  // MARK: Advisory locks

  /// The locks upon it; nil when there never was one.
  @inline(__always)
  final var locks: FileLocks? { wasLocked.load(ordering: .acquiring) ? lockTable.withLock { $0 } : nil }

  /// The table for locks upon it, made with the first use.
  ///
  /// - Throws: `ENOLCK` when there is no memory.
  final func makeLocks() throws(Errno) -> FileLocks {
    if let locks { return locks }
    do throws(Errno) { try ObjectMemory.check() } catch { throw .ENOLCK }
    let new = FileLocks()
    let kept = lockTable.withLock { table in
      if let table { return table }
      table = new
      return new
    }
    wasLocked.store(true, ordering: .releasing)
    return kept
  }

  /// Refuses to let it become longer than who writes may make files. RLIMIT_FSIZE.
  ///
  /// - Throws: `EFBIG`.
  public final func checkGrowth(to size: Int64, limit: UInt64) throws(Errno) {
    guard size > 0, UInt64(bitPattern: size) > limit else { return }
    let current = attributes.withLock { $0.size }
    if current < size { throw .EFBIG }
  }

  // MARK: Seals

  /// What was forbidden for ever; nil for what cannot be sealed. F_GET_SEALS.
  open var seals: SealFlags? { nil }

  /// Forbids more for ever. F_ADD_SEALS.
  ///
  /// - Throws: `EINVAL` for what cannot be sealed, `EPERM` when that was forbidden, `EBUSY`.
  open func addSeals(_ new: SealFlags) throws(Errno) { throw .EINVAL }

  // MARK: Extended attributes

  /// Appends the value of attribute `name` to `value`.
  ///
  /// - Throws: `ENODATA`, `EOPNOTSUPP`.
  open func extendedAttribute(_ name: Span<UInt8>, into value: inout GrowableArray<UInt8>) throws(Errno) {
    throw .EOPNOTSUPP
  }

  /// Sets, or with a nil `mode` makes or sets, attribute `name`.
  ///
  /// - Throws: `EEXIST`, `ENODATA`, `ENOSPC`, `EOPNOTSUPP`.
  open func setExtendedAttribute(
    _ name: Span<UInt8>, to value: Span<UInt8>, _ mode: ExtendedAttributeMode
  ) throws(Errno) { throw .EOPNOTSUPP }

  /// Removes attribute `name`.
  ///
  /// - Throws: `ENODATA`, `EOPNOTSUPP`.
  open func removeExtendedAttribute(_ name: Span<UInt8>) throws(Errno) { throw .EOPNOTSUPP }

  /// Appends the names of all attributes, each ended by a zero, to `names`.
  open func listExtendedAttributes(into names: inout GrowableArray<UInt8>) throws(Errno) {}
}

/// Whether setting an extended attribute may make it or must.
public enum ExtendedAttributeMode: Sendable {
  /// Either.
  case makeOrReplace
  /// It must not exist.
  case make
  /// It must exist.
  case replace
}
