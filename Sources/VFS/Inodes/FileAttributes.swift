public import Security

/// What stat(2) tells of a file.
public struct FileAttributes: Sendable {
  /// The file system.
  public var device = DeviceNumber.none
  /// The file in its file system.
  public var inode: UInt64 = 0
  /// Its kind.
  public var kind = FileKind.regular
  /// Its permissions, `Permissions.all`.
  public var permissions: UInt16 = 0
  /// How many names it has.
  public var linkCount: UInt32 = 0
  /// Its owner.
  public var user = UserID.root
  /// Its group.
  public var group = GroupID.root
  /// Which device it is, if it is one.
  public var representedDevice = DeviceNumber.none
  /// Bytes.
  public var size: Int64 = 0
  /// How many bytes are best moved at once.
  public var blockSize: UInt32 = 4096
  /// Units of 512 bytes that it takes.
  public var blockCount: UInt64 = 0
  /// When it was last read.
  public var accessTime = FileTime(seconds: 0, nanoseconds: 0)
  /// When its content was last changed.
  public var modificationTime = FileTime(seconds: 0, nanoseconds: 0)
  /// When its attributes were last changed.
  public var changeTime = FileTime(seconds: 0, nanoseconds: 0)
  /// When it was made.
  public var birthTime = FileTime(seconds: 0, nanoseconds: 0)

  /// Attributes of nothing.
  public init() {}

  /// The mode as programs know it: kind and permissions.
  public var mode: UInt16 { kind.modeBits | permissions }
}

/// What of a file's attributes is to change; nil stays.
public struct AttributeChange: Sendable {
  /// What a time becomes.
  public enum Time: Sendable {
    /// The time of the change.
    case now
    /// This time.
    case at(FileTime)
  }

  /// The permissions.
  public var permissions: UInt16?
  /// The owner.
  public var user: UserID?
  /// The group.
  public var group: GroupID?
  /// The time of the last reading.
  public var accessTime: Time?
  /// The time of the last change of content.
  public var modificationTime: Time?

  /// No change.
  public init() {}
}

/// What a new file begins with.
public struct NewFile: Sendable {
  /// Its kind.
  public var kind: FileKind
  /// Its permissions.
  public var permissions: UInt16
  /// Its owner.
  public var user: UserID
  /// Its group.
  public var group: GroupID
  /// Which device it is.
  public var device: DeviceNumber

  /// A file of everything given.
  public init(
    _ kind: FileKind, permissions: UInt16, user: UserID = .root, group: GroupID = .root, device: DeviceNumber = .none
  ) {
    (self.kind, self.permissions, self.user, self.group, self.device) = (kind, permissions, user, group, device)
  }
}

/// What statfs(2) tells of a file system.
public struct FileSystemStatistics: Sendable {
  /// Bytes of a block.
  public var blockSize: UInt64 = 4096
  /// Blocks in all.
  public var blockCount: UInt64 = 0
  /// Blocks that are free.
  public var freeBlockCount: UInt64 = 0
  /// Blocks that anybody may take.
  public var availableBlockCount: UInt64 = 0
  /// Files that there can be.
  public var fileCount: UInt64 = 0
  /// Files that can still be made.
  public var freeFileCount: UInt64 = 0

  /// Statistics of nothing.
  public init() {}
}
