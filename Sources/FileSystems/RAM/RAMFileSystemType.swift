public import Foundations
import Machine
public import PageCache
import Security
public import VFS

/// The types `tmpfs` and `ramfs`, for mount(2).
public final class RAMFileSystemType: FileSystemType {
  /// Which of both.
  public enum Kind: Sendable {
    /// With limits: half of the memory if nothing is said.
    case limited
    /// Without.
    case unlimited
  }

  private let names: DentryCache
  private let clock: FileClock
  private let cache: PageCache
  private let kind: Kind
  private let pageCount: UInt64

  /// A type whose file systems have their pages in `cache`.
  ///
  /// - Parameter pageCount: the pages of memory that the machine has.
  public init(_ kind: Kind, names: DentryCache, clock: FileClock, cache: PageCache, pageCount: UInt64) {
    (self.names, self.clock, self.cache, self.kind, self.pageCount) = (names, clock, cache, kind, pageCount)
    super.init(kind == .limited ? "tmpfs" : "ramfs")
  }

  public override func makeMount(
    _ source: Span<UInt8>, options: Span<UInt8>, by actor: FileActor, _ restrictions: MountRestrictions
  ) throws(Errno) -> Mount {
    var limits = RAMFileSystem.Limits()
    if kind == .limited { (limits.pageCount, limits.fileCount) = (pageCount / 2, pageCount / 2) }
    var parsed = RAMOptions(limits, pageCount: pageCount)
    try parsed.parse(options, kind)
    let fileSystem = RAMFileSystem(
      names: names, clock: clock, cache: cache, parsed.limits, typeName: name,
      // TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h.
      magic: kind == .limited ? 0x0102_1994 : 0x8584_58f6)
    let root = NewFile(
      .directory, permissions: parsed.permissions ?? (kind == .limited ? 0o1777 : 0o755),
      user: parsed.user ?? actor.credentials.users.fileSystem,
      group: parsed.group ?? actor.credentials.groups.fileSystem)
    return try fileSystem.makeMount(root, restrictions)
  }
}

/// What may be said of a memory file system. Source: tmpfs(5).
struct RAMOptions {
  var limits: RAMFileSystem.Limits
  var permissions: UInt16?
  var user: UserID?
  var group: GroupID?
  private let pageCount: UInt64

  init(_ limits: RAMFileSystem.Limits, pageCount: UInt64) { (self.limits, self.pageCount) = (limits, pageCount) }

  /// Takes what `text` says.
  ///
  /// - Throws: `EINVAL` for what is not understood; ramfs ignores it.
  mutating func parse(_ text: Span<UInt8>, _ kind: RAMFileSystemType.Kind) throws(Errno) {
    var result = self
    try MountOptions.forEach(in: text) { name, value throws(Errno) in
      if name.isEqual(to: "mode") {
        result.permissions = try Self.octal(value)
      } else if kind == .limited {
        try result.take(name, value)
      }
    }
    self = result
  }

  private mutating func take(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Errno) {
    if name.isEqual(to: "size") {
      limits.pageCount = try pages(value)
    } else if name.isEqual(to: "nr_blocks") {
      limits.pageCount = try Self.count(value)
    } else if name.isEqual(to: "nr_inodes") {
      limits.fileCount = try Self.count(value)
    } else if name.isEqual(to: "uid") {
      user = UserID(rawValue: try Self.identifier(value))
    } else if name.isEqual(to: "gid") {
      group = GroupID(rawValue: try Self.identifier(value))
    } else if !name.isEqual(to: "inode64") {
      throw .EINVAL
    }
  }

  /// A size in bytes or percents of the memory, in pages; 0 is no limit.
  private func pages(_ text: Span<UInt8>) throws(Errno) -> UInt64 {
    if text.count > 1, text[text.count - 1] == UInt8(ascii: "%") {
      guard let percents = NumberText.integer(text.extracting(0..<text.count - 1)), percents <= 1_000 else {
        throw .EINVAL
      }
      return pageCount / 100 &* percents
    }
    guard let bytes = NumberText.size(text) else { throw .EINVAL }
    return bytes == 0 ? .max : bytes / 4096 + (bytes % 4096 == 0 ? 0 : 1)
  }

  /// A number with a unit; 0 is no limit.
  private static func count(_ text: Span<UInt8>) throws(Errno) -> UInt64 {
    guard let count = NumberText.size(text) else { throw .EINVAL }
    return count == 0 ? .max : count
  }

  private static func identifier(_ text: Span<UInt8>) throws(Errno) -> UInt32 {
    guard let number = NumberText.integer(text), let identifier = UInt32(exactly: number), identifier != .max else {
      throw .EINVAL
    }
    return identifier
  }

  private static func octal(_ text: Span<UInt8>) throws(Errno) -> UInt16 {
    guard !text.isEmpty, text.count <= 5 else { throw .EINVAL }
    var value: UInt16 = 0
    for index in text.indices {
      guard text[index] >= 0x30, text[index] <= 0x37 else { throw .EINVAL }
      value = value << 3 | UInt16(text[index] - 0x30)
    }
    return value & Permissions.all
  }
}
