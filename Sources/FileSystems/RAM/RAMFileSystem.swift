public import Foundations
import Machine
public import PageCache
import Synchronization
public import VFS

import struct LinuxABI.SealFlags

/// A file system whose files are nowhere but in memory: the root that programs begin in, /tmp, /dev/shm and
/// memfd_create(2).
///
/// Source: tmpfs(5).
public final class RAMFileSystem: FileSystem {
  /// How much may be in it. Source: tmpfs(5), `size` and `nr_inodes`.
  public struct Limits: Sendable {
    /// Pages of content.
    public var pageCount: UInt64
    /// Files of all kinds.
    public var fileCount: UInt64

    /// Limits of both.
    public init(pageCount: UInt64 = .max, fileCount: UInt64 = .max) {
      (self.pageCount, self.fileCount) = (pageCount, fileCount)
    }
  }

  let cache: PageCache
  private let pageLimit: Atomic<UInt64>
  private let fileLimit: Atomic<UInt64>
  private let pagesUsed = Atomic<UInt64>(0)
  private let filesUsed = Atomic<UInt64>(0)
  private let nextNumber = Atomic<UInt64>(1)

  /// Creates a file system without files.
  public init(
    names: DentryCache, clock: FileClock, cache: PageCache, _ limits: Limits = Limits(),
    typeName: StaticString = "tmpfs", magic: UInt64 = 0x0102_1994
  ) {
    self.cache = cache
    pageLimit = Atomic(limits.pageCount)
    fileLimit = Atomic(limits.fileCount)
    // If nothing is said, TMPFS_MAGIC of linux/magic.h.
    super.init(typeName: typeName, magic: magic, names: names, clock: clock)
  }

  /// Makes the root directory, and a mount of the file system that is nowhere yet.
  ///
  /// - Throws: `ENOMEM`, `ENOSPC`.
  public func makeMount(
    permissions: UInt16 = 0o1777, _ restrictions: MountRestrictions = []
  ) throws(Errno) -> Mount { try makeMount(NewFile(.directory, permissions: permissions), restrictions) }

  /// As the other, with a root directory that is `root`.
  func makeMount(_ root: NewFile, _ restrictions: MountRestrictions) throws(Errno) -> Mount {
    Mount(self, root: try makeRoot(makeInode(root)), restrictions)
  }

  /// How much may be in it.
  public var limits: Limits {
    Limits(pageCount: pageLimit.load(ordering: .relaxed), fileCount: fileLimit.load(ordering: .relaxed))
  }

  /// Changes how much may be in it. MS_REMOUNT.
  ///
  /// - Throws: `EINVAL` when there is more already.
  public func setLimits(_ limits: Limits) throws(Errno) {
    guard limits.pageCount >= pagesUsed.load(ordering: .relaxed),
      limits.fileCount >= filesUsed.load(ordering: .relaxed)
    else { throw .EINVAL }
    pageLimit.store(limits.pageCount, ordering: .relaxed)
    fileLimit.store(limits.fileCount, ordering: .relaxed)
  }

  public override func setOptions(_ options: Span<UInt8>) throws(Errno) {
    // Percents are of what the file system may have now.
    var parsed = RAMOptions(limits, pageCount: limits.pageCount)
    try parsed.parse(options, magic == 0x8584_58f6 ? .unlimited : .limited)
    try setLimits(parsed.limits)
  }

  public override func statistics() throws(Errno) -> FileSystemStatistics {
    var result = FileSystemStatistics()
    let limits = limits
    if limits.pageCount != .max {
      result.blockCount = limits.pageCount
      let used = pagesUsed.load(ordering: .relaxed)
      result.freeBlockCount = limits.pageCount - min(used, limits.pageCount)
      result.availableBlockCount = result.freeBlockCount
    }
    if limits.fileCount != .max {
      result.fileCount = limits.fileCount
      result.freeFileCount = limits.fileCount - min(filesUsed.load(ordering: .relaxed), limits.fileCount)
    }
    return result
  }

  // MARK: Taking and giving back

  /// Makes an inode of any kind but a symbolic link; it has as many names as its first.
  func makeInode(_ new: NewFile, linkCount: UInt32 = 1) throws(Errno) -> RAMInode {
    try takeFiles(1)
    let number = nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue
    switch new.kind {
    case .directory: return RAMDirectory(self, number, new)
    case .regular: return RAMFile(self, number, new, linkCount: linkCount)
    case .fifo, .characterDevice, .blockDevice, .symbolicLink, .socket: return RAMInode(self, number, new)
    }
  }

  /// Makes an ordinary file that never had a name and gets none.
  func makeUnnamed(_ new: NewFile, _ seals: SealFlags) throws(Errno) -> RAMFile {
    try takeFiles(1)
    let number = nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue
    return RAMFile(self, number, new, linkCount: 0, seals: seals)
  }

  func makeLink(_ new: NewFile, target: consuming GrowableArray<UInt8>) throws(Errno) -> RAMInode {
    try takeFiles(1)
    do throws(Errno) {
      try takePages(RAMLink.pageCount(of: target.count))
    } catch {
      giveFiles(1)
      throw error
    }
    return RAMLink(self, nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue, new, target: target)
  }

  /// Takes room for files, or for what takes as much memory as they do: more names, and attributes.
  func takeFiles(_ count: UInt64) throws(Errno) { try Self.take(count, of: filesUsed, upTo: fileLimit) }

  func giveFiles(_ count: UInt64) { filesUsed.wrappingSubtract(count, ordering: .relaxed) }

  func takePages(_ count: UInt64) throws(Errno) { try Self.take(count, of: pagesUsed, upTo: pageLimit) }

  func givePages(_ count: UInt64) { pagesUsed.wrappingSubtract(count, ordering: .relaxed) }

  /// How many more pages there may be.
  var freePages: UInt64 {
    let (limit, used) = (pageLimit.load(ordering: .relaxed), pagesUsed.load(ordering: .relaxed))
    return limit - min(limit, used)
  }

  private static func take(
    _ count: UInt64, of used: borrowing Atomic<UInt64>, upTo limit: borrowing Atomic<UInt64>
  ) throws(Errno) {
    let (_, new) = used.wrappingAdd(count, ordering: .relaxed)
    if new > limit.load(ordering: .relaxed) {
      used.wrappingSubtract(count, ordering: .relaxed)
      throw .ENOSPC
    }
  }
}
