import Foundations
public import Machine
import Security

/// Writes numbers at fixed places of a structure: of 2, 4 or 8 bytes.
struct StructureWriter {
  /// Writes the low `width` bytes of `value` at `offset`.
  @inline(__always)
  static func put(_ value: UInt64, _ width: Int, at offset: Int, _ bytes: inout MutableSpan<UInt8>) {
    switch width {
    case 2: bytes.store(UInt16(truncatingIfNeeded: value), at: offset)
    case 4: bytes.store(UInt32(truncatingIfNeeded: value), at: offset)
    default: bytes.store(value, at: offset)
    }
  }

  @inline(__always)
  static func put(_ time: FileTime, nanosecondWidth: Int, at offset: Int, _ bytes: inout MutableSpan<UInt8>) {
    put(UInt64(bitPattern: time.seconds), 8, at: offset, &bytes)
    put(UInt64(time.nanoseconds), nanosecondWidth, at: offset + 8, &bytes)
  }
}

/// `struct stat` of x86-64, as the kernel gives it to programs. Source: Linux asm/stat.h.
public struct StatStructure: UserValue, Sendable {
  private let attributes: FileAttributes

  /// The structure of `attributes`.
  public init(_ attributes: FileAttributes) { self.attributes = attributes }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) { attributes = FileAttributes() }

  /// 144.
  public static var userByteCount: Int { 144 }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureWriter.put(attributes.device.encoded, 8, at: 0, &bytes)
    StructureWriter.put(attributes.inode, 8, at: 8, &bytes)
    StructureWriter.put(UInt64(attributes.linkCount), 8, at: 16, &bytes)
    StructureWriter.put(UInt64(attributes.mode), 4, at: 24, &bytes)
    StructureWriter.put(UInt64(attributes.user.rawValue), 4, at: 28, &bytes)
    StructureWriter.put(UInt64(attributes.group.rawValue), 4, at: 32, &bytes)
    StructureWriter.put(attributes.representedDevice.encoded, 8, at: 40, &bytes)
    StructureWriter.put(UInt64(bitPattern: attributes.size), 8, at: 48, &bytes)
    StructureWriter.put(UInt64(attributes.blockSize), 8, at: 56, &bytes)
    StructureWriter.put(attributes.blockCount, 8, at: 64, &bytes)
    StructureWriter.put(attributes.accessTime, nanosecondWidth: 8, at: 72, &bytes)
    StructureWriter.put(attributes.modificationTime, nanosecondWidth: 8, at: 88, &bytes)
    StructureWriter.put(attributes.changeTime, nanosecondWidth: 8, at: 104, &bytes)
  }
}

/// `struct statx`. Source: Linux linux/stat.h.
public struct StatxStructure: UserValue, Sendable {
  /// What is told: STATX_BASIC_STATS, STATX_BTIME and STATX_MNT_ID.
  private static let mask: UInt64 = 0x7ff | 0x800 | 0x1000
  private let attributes: FileAttributes
  private let mountNumber: UInt64
  private let isMountRoot: Bool

  /// The structure of a file.
  ///
  /// - Parameters:
  ///   - mountNumber: `Mount.number` of where it was found.
  ///   - isMountRoot: whether it is the root of the mount.
  public init(_ attributes: FileAttributes, mountNumber: UInt64, isMountRoot: Bool) {
    (self.attributes, self.mountNumber, self.isMountRoot) = (attributes, mountNumber, isMountRoot)
  }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) { self.init(FileAttributes(), mountNumber: 0, isMountRoot: false) }

  /// 256.
  public static var userByteCount: Int { 256 }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    // STATX_ATTR_MOUNT_ROOT is the one attribute that is always known.
    let mountRoot: UInt64 = 0x2000
    StructureWriter.put(Self.mask, 4, at: 0, &bytes)
    StructureWriter.put(UInt64(attributes.blockSize), 4, at: 4, &bytes)
    StructureWriter.put(isMountRoot ? mountRoot : 0, 8, at: 8, &bytes)
    StructureWriter.put(UInt64(attributes.linkCount), 4, at: 16, &bytes)
    StructureWriter.put(UInt64(attributes.user.rawValue), 4, at: 20, &bytes)
    StructureWriter.put(UInt64(attributes.group.rawValue), 4, at: 24, &bytes)
    StructureWriter.put(UInt64(attributes.mode), 2, at: 28, &bytes)
    StructureWriter.put(attributes.inode, 8, at: 32, &bytes)
    StructureWriter.put(UInt64(bitPattern: attributes.size), 8, at: 40, &bytes)
    StructureWriter.put(attributes.blockCount, 8, at: 48, &bytes)
    StructureWriter.put(mountRoot, 8, at: 56, &bytes)
    StructureWriter.put(attributes.accessTime, nanosecondWidth: 4, at: 64, &bytes)
    StructureWriter.put(attributes.birthTime, nanosecondWidth: 4, at: 80, &bytes)
    StructureWriter.put(attributes.changeTime, nanosecondWidth: 4, at: 96, &bytes)
    StructureWriter.put(attributes.modificationTime, nanosecondWidth: 4, at: 112, &bytes)
    StructureWriter.put(UInt64(attributes.representedDevice.major), 4, at: 128, &bytes)
    StructureWriter.put(UInt64(attributes.representedDevice.minor), 4, at: 132, &bytes)
    StructureWriter.put(UInt64(attributes.device.major), 4, at: 136, &bytes)
    StructureWriter.put(UInt64(attributes.device.minor), 4, at: 140, &bytes)
    StructureWriter.put(mountNumber, 8, at: 144, &bytes)
  }
}

/// `struct statfs` of x86-64. Source: Linux asm-generic/statfs.h.
public struct StatfsStructure: UserValue, Sendable {
  private let statistics: FileSystemStatistics
  private let magic: UInt64
  private let device: UInt64
  private let nameLimit: Int
  private let flags: UInt64

  /// The structure of what `path` is in.
  ///
  /// - Throws: what the file system throws.
  public init(_ path: Path) throws(Errno) {
    let fileSystem = path.mount.fileSystem
    statistics = try fileSystem.statistics()
    (magic, device, nameLimit) = (fileSystem.magic, fileSystem.device.encoded, fileSystem.nameLimit)
    var restrictions = path.mount.restrictions
    if fileSystem.isReadOnly { restrictions.insert(.readOnly) }
    flags = Self.flags(of: restrictions)
  }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) {
    statistics = FileSystemStatistics()
    (magic, device, nameLimit, flags) = (0, 0, 0, 0)
  }

  /// ST_RDONLY and its like, with ST_VALID. Source: Linux linux/statfs.h.
  private static func flags(of restrictions: MountRestrictions) -> UInt64 {
    var flags: UInt64 = 0x20
    if restrictions.contains(.readOnly) { flags |= 0x1 }
    if restrictions.contains(.noSetUser) { flags |= 0x2 }
    if restrictions.contains(.noDevices) { flags |= 0x4 }
    if restrictions.contains(.noExecution) { flags |= 0x8 }
    if restrictions.contains(.noAccessTime) { flags |= 0x400 }
    if restrictions.contains(.noDirectoryAccessTime) { flags |= 0x800 }
    if restrictions.contains(.relativeAccessTime) { flags |= 0x1000 }
    if restrictions.contains(.noLinks) { flags |= 0x2000 }
    return flags
  }

  /// 120.
  public static var userByteCount: Int { 120 }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureWriter.put(magic, 8, at: 0, &bytes)
    StructureWriter.put(statistics.blockSize, 8, at: 8, &bytes)
    StructureWriter.put(statistics.blockCount, 8, at: 16, &bytes)
    StructureWriter.put(statistics.freeBlockCount, 8, at: 24, &bytes)
    StructureWriter.put(statistics.availableBlockCount, 8, at: 32, &bytes)
    StructureWriter.put(statistics.fileCount, 8, at: 40, &bytes)
    StructureWriter.put(statistics.freeFileCount, 8, at: 48, &bytes)
    StructureWriter.put(device, 8, at: 56, &bytes)
    StructureWriter.put(UInt64(nameLimit), 8, at: 64, &bytes)
    StructureWriter.put(statistics.blockSize, 8, at: 72, &bytes)
    StructureWriter.put(flags, 8, at: 80, &bytes)
  }
}
