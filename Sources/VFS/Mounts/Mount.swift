public import Foundations
import Machine
import Synchronization

/// What a mount forbids, besides what its file system does. Source: mount(2).
public struct MountRestrictions: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt32
  /// The set with the bits of `rawValue`.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// Nothing may be changed.
  public static var readOnly: MountRestrictions { MountRestrictions(rawValue: 1) }
  /// Set-user-ID and capabilities of files are without effect.
  public static var noSetUser: MountRestrictions { MountRestrictions(rawValue: 2) }
  /// Devices cannot be opened.
  public static var noDevices: MountRestrictions { MountRestrictions(rawValue: 4) }
  /// Programs cannot be executed.
  public static var noExecution: MountRestrictions { MountRestrictions(rawValue: 8) }
  /// Reading does not change the access time.
  public static var noAccessTime: MountRestrictions { MountRestrictions(rawValue: 16) }
  /// Reading does not change that of directories.
  public static var noDirectoryAccessTime: MountRestrictions { MountRestrictions(rawValue: 32) }
  /// Reading changes it once a day, and after changes.
  public static var relativeAccessTime: MountRestrictions { MountRestrictions(rawValue: 64) }
  /// Symbolic links are not followed.
  public static var noLinks: MountRestrictions { MountRestrictions(rawValue: 128) }
}

/// How changes of a mount's tree spread to its peers. Only `isolated` spreads nothing; the others are kept for who
/// asks.
public enum MountPropagation: UInt8, Sendable {
  /// Nothing spreads: MS_PRIVATE.
  case isolated
  /// As `isolated`, and it cannot be bound: MS_UNBINDABLE.
  case unbindable
}

/// What mount(2) was told to mount: a device's path, or any text.
public final class MountSource {
  /// The text.
  public let text: GrowableArray<UInt8>

  /// Copies `bytes`.
  ///
  /// - Throws: `ENOMEM`.
  public init(_ bytes: Span<UInt8>) throws(Errno) {
    var copy = GrowableArray<UInt8>()
    try copy.reserveCapacity(bytes.count)
    for index in bytes.indices { try copy.append(bytes[index]) }
    text = copy
  }
}

/// A file system's tree, or a part of it, at a place in the tree of names.
public final class Mount {
  struct Place: ~Copyable {
    /// Where it is; nil for the root of the tree, or when it was unmounted.
    var parent: Mount?
    var point: Dentry?
  }

  private static let nextNumber = Atomic<UInt64>(1)

  /// The file system.
  public let fileSystem: FileSystem
  /// The part of it that is here.
  public let root: Dentry
  /// Tells mounts apart.
  public let number: UInt64
  private let restrictionBits: Atomic<UInt32>
  private let propagationBits = Atomic<UInt8>(MountPropagation.isolated.rawValue)
  let place = SpinLock(Place())
  /// How many open files and contexts are in it.
  private let users = Atomic<Int>(0)

  /// What was mounted, as in /proc/mounts: set before the mount is attached.
  public var source: MountSource?

  /// Creates a mount that is nowhere.
  public init(_ fileSystem: FileSystem, root: Dentry, _ restrictions: MountRestrictions = []) {
    self.fileSystem = fileSystem
    self.root = root
    number = Self.nextNumber.wrappingAdd(1, ordering: .relaxed).oldValue
    restrictionBits = Atomic(restrictions.rawValue)
  }

  /// What it forbids.
  public var restrictions: MountRestrictions {
    get { MountRestrictions(rawValue: restrictionBits.load(ordering: .relaxed)) }
    set { restrictionBits.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// How its changes spread.
  public var propagation: MountPropagation {
    get { MountPropagation(rawValue: propagationBits.load(ordering: .relaxed)) ?? .isolated }
    set { propagationBits.store(newValue.rawValue, ordering: .relaxed) }
  }

  /// Counts an open file, or a process's root or working directory.
  public func beginUse() { users.wrappingAdd(1, ordering: .relaxed) }

  /// Ends what `beginUse` began.
  public func endUse() { users.wrappingSubtract(1, ordering: .relaxed) }

  /// Whether anybody has a file open in it, or is in it.
  var isUsed: Bool { users.load(ordering: .relaxed) > 0 }

  /// Its root directory.
  public var rootPath: Path { Path(mount: self, dentry: root) }

  /// What it lies upon; nil for the root of the tree.
  public var point: Path? {
    place.withLock { place in
      guard let parent = place.parent, let point = place.point else { return nil }
      return Path(mount: parent, dentry: point)
    }
  }

  /// Refuses changes where there must be none.
  ///
  /// - Throws: `EROFS`.
  public func checkWritable() throws(Errno) {
    if restrictions.contains(.readOnly) || fileSystem.isReadOnly { throw .EROFS }
  }
}

/// A place in the tree of names: a name, and by which mount one came to it.
public struct Path {
  /// The mount.
  public let mount: Mount
  /// The name.
  public let dentry: Dentry

  /// The place of both.
  @inline(__always)
  public init(mount: Mount, dentry: Dentry) { (self.mount, self.dentry) = (mount, dentry) }

  /// What is there.
  ///
  /// - Precondition: a path that a walk ended at; there is no path to what does not exist.
  @inline(__always)
  public var inode: Inode {
    guard let inode = dentry.inode else { preconditionFailure("a path to nothing") }
    return inode
  }

  /// Whether both are the same place.
  @inline(__always)
  public func isSame(as other: Path) -> Bool { mount === other.mount && dentry === other.dentry }
}
