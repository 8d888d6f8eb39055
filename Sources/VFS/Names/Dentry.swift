import Foundations
import Machine
import Synchronization

/// A name in a directory, and what it stands for: the node of the tree of names that paths are walked along.
///
/// What it stands for never changes: a name that comes to stand for something else gets another dentry. Its place does,
/// by rename.
public final class Dentry {
  struct Place: ~Copyable {
    var name: FileName
    var parent: Dentry?
    /// Whether the name was removed while somebody still has the dentry.
    var isRemoved = false
  }

  private static let nextSerial = Atomic<UInt64>(1)

  /// What the name stands for; nil when there is no such file.
  public let inode: Inode?
  /// The file system that the name is in.
  public let fileSystem: FileSystem
  /// Tells dentries apart; never used again.
  let serial: UInt64
  /// Where it is. Changed with its bucket's lock held besides.
  let place: SpinLock<Place>
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
    serial = Self.nextSerial.wrappingAdd(1, ordering: .relaxed).oldValue
    place = SpinLock(Place(name: name, parent: parent))
  }

  deinit {
    // A path may be as deep as memory allows, so the chain of parents is let go of in a loop and not by recursion.
    var parent = place.withLock { $0.parent.take() }
    while parent != nil, isKnownUniquelyReferenced(&parent) {
      let above = parent?.place.withLock { $0.parent.take() }
      parent = above
    }
  }

  /// The directory that the name is in; nil for the root of a file system.
  public var parent: Dentry? { place.withLock { $0.parent } }

  /// Whether the name was removed while somebody still has it.
  public var isRemoved: Bool { place.withLock { $0.isRemoved } }

  /// The name, copied.
  ///
  /// - Throws: `ENOMEM`.
  public func copyName() throws(Errno) -> FileName {
    try place.withLock { place throws(Errno) in try place.name.copy() }
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
