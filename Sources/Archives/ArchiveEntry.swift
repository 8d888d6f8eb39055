/// A file in an archive, without its name and content.
public struct ArchiveEntry: Equatable, Sendable {
  /// Kind and permissions, as in `st_mode`.
  public var mode: UInt32 = 0
  /// The owner.
  public var user: UInt32 = 0
  /// The owner's group.
  public var group: UInt32 = 0
  /// How many names the file has; those with the same number on the same device are one file.
  public var linkCount: UInt32 = 0
  /// When its content was last changed, in seconds since 1970.
  public var modificationTime: UInt32 = 0
  /// Bytes of content, or of a symbolic link's target.
  public var size: UInt32 = 0
  /// The file's number.
  public var inode: UInt32 = 0
  /// The device that it was on.
  public var device = Device(major: 0, minor: 0)
  /// Which device it is, if it is one.
  public var representedDevice = Device(major: 0, minor: 0)

  init() {}

  /// A device as archives name it.
  public struct Device: Equatable, Sendable {
    /// The driver.
    public var major: UInt32
    /// The driver's device.
    public var minor: UInt32
  }

  /// The bits of `S_IFMT`.
  public static var kindMask: UInt32 { 0o170000 }
  /// `S_IFREG`.
  public static var regularFile: UInt32 { 0o100000 }
  /// `S_IFLNK`.
  public static var symbolicLink: UInt32 { 0o120000 }

  /// The bits of `mode` that say the kind.
  public var kind: UInt32 { mode & Self.kindMask }
}

/// Takes what an archive holds, in the order in which it is there.
///
/// What it throws ends the reading.
public protocol ArchiveReceiver: ~Copyable {
  /// A file. Neither `name` nor `target`, which is a symbolic link's and empty otherwise, has a zero. The content of an ordinary
  /// file follows.
  mutating func receive(
    _ entry: ArchiveEntry, name: Span<UInt8>, target: Span<UInt8>
  ) throws(ArchiveError.Reason)

  /// The next bytes of an ordinary file's content.
  mutating func receive(content: Span<UInt8>) throws(ArchiveError.Reason)

  /// An ordinary file's content was all received.
  mutating func contentEnded() throws(ArchiveError.Reason)

  /// An archive ended: numbers of files mean something else in what follows.
  mutating func archiveEnded() throws(ArchiveError.Reason)
}
