import Foundations
import Machine
import Synchronization

/// A name in a directory, and what it stands for: the node of the tree of names that paths are walked along.
///
/// What it stands for never changes: a name that comes to stand for something else gets another dentry. Its place does,
/// by rename.
public final class Dentry {
  private static let nextSerial = Atomic<UInt64>(1)

  /// What the name stands for; nil when there is no such file.
  public let inode: Inode?
  /// The file system that the name is in.
  public let fileSystem: FileSystem
  /// Where names of the file system are cached.
  let names: DentryCache
  /// Whether names below it are asked for each time.
  let isVolatile: Bool
  /// Tells dentries apart; never used again.
  let serial: UInt64
  /// Whether the name was removed while somebody still has the dentry. Guards where it is, too.
  private let removal = SpinLock(false)
  // Changed while the dentry is not cached, with `removal` locked; read with that locked, or with the bucket's lock held.
  private var name: FileName
  private var parentIfAny: Dentry?
  /// How many mounts are upon it.
  let mountCount = Atomic<Int>(0)

  // Guarded by the lock of its bucket in the cache.
  var next: Dentry?
  var hash: UInt64 = 0
  var isCached = false
  var wasUsed = false

  /// Creates a dentry that is not cached.
  ///
  /// - Throws: `ENOMEM`.
  public init(
    _ name: consuming FileName, in parent: Dentry?, inode: Inode?, fileSystem: FileSystem
  ) throws(Errno) {
    self.inode = inode
    self.fileSystem = fileSystem
    names = fileSystem.names
    isVolatile = fileSystem.isVolatile
    serial = Self.nextSerial.wrappingAdd(1, ordering: .relaxed).oldValue
    self.name = name
    parentIfAny = parent
  }

  deinit {
    // A path may be as deep as memory allows, so the chain of parents is let go of in a loop and not by recursion.
    var parent = parentIfAny.take()
    while parent != nil, isKnownUniquelyReferenced(&parent) {
      let above = parent?.parentIfAny.take()
      parent = above
    }
  }

  /// The directory that the name is in; nil for the root of a file system.
  public var parent: Dentry? { removal.withLock { _ in parentIfAny } }

  /// Whether the name was removed while somebody still has it.
  public var isRemoved: Bool { removal.withLock { $0 } }

  /// Whether the file never had a name, and may get one. O_TMPFILE.
  var isUnnamed: Bool { removal.withLock { $0 && name.count == 0 } }

  /// The name, copied.
  ///
  /// - Throws: `ENOMEM`.
  public func copyName() throws(Errno) -> FileName {
    try removal.withLock { _ throws(Errno) in try name.copy() }
  }

  /// A hash of the name, and the directory that it is in.
  var key: (nameHash: UInt64, parent: Dentry?) { removal.withLock { _ in (name.hash, parentIfAny) } }

  /// Whether this is `name` in `parent`.
  ///
  /// - Context: its bucket's lock is held.
  @inline(__always)
  func isNamed(_ wanted: Span<UInt8>, in parent: Dentry) -> Bool {
    parentIfAny === parent && name.isEqual(to: wanted)
  }

  /// Whether the directory that it is in was removed, or what it stands for has no name any more.
  ///
  /// - Context: its bucket's lock is held.
  var isUseless: Bool { parentIfAny?.isRemoved ?? false || inode?.linkCount == 0 }

  /// Notes that the name was removed.
  func noteRemoved() { removal.withLock { $0 = true } }

  /// Gives it another name and directory, and returns the old one, to be let go of without locks.
  ///
  /// - Context: it is not cached.
  func setPlace(_ new: consuming FileName, in parent: Dentry) -> Dentry? {
    var new: FileName? = consume new
    return removal.withLock { _ in
      let old = parentIfAny
      if let name = new.take() { self.name = name }
      parentIfAny = parent
      return old
    }
  }

  /// Whether `other` is this directory or contains it.
  ///
  /// - Context: the file system's rename lock is held, if the answer is to last.
  func isInside(_ other: Dentry) -> Bool {
    var current: Dentry? = self
    while let dentry = current {
      if dentry === other { return true }
      current = dentry.parent
    }
    return false
  }
}
