public import Machine
public import VFS

/// `struct stat`.
public typealias Stat = StatStructure

/// `struct statx`.
public typealias Statx = StatxStructure

/// `struct statfs`.
public typealias Statfs = StatfsStructure

/// `struct ustat`. Source: ustat(2).
public struct Ustat: UserValue, Sendable {
  private let freeBlockCount: UInt64
  private let freeFileCount: UInt64

  init(_ statistics: FileSystemStatistics) {
    (freeBlockCount, freeFileCount) = (statistics.freeBlockCount, statistics.freeFileCount)
  }

  /// Nothing is read from programs.
  public init(userBytes: Span<UInt8>) { (freeBlockCount, freeFileCount) = (0, 0) }

  /// 32.
  public static var userByteCount: Int { 32 }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(freeBlockCount, width: 4, at: 0, &bytes)
    StructureBytes.put(freeFileCount, at: 8, &bytes)
  }
}

/// `struct utimbuf`. Source: utime(2).
public struct Utimbuf: UserValue, Sendable {
  /// When the file was last read, in seconds.
  public var access: Int64
  /// When it was last changed, in seconds.
  public var modification: Int64

  /// 16.
  public static var userByteCount: Int { 16 }

  /// Takes the members from their places.
  public init(userBytes: Span<UInt8>) {
    access = StructureBytes.getSigned(userBytes, at: 0)
    modification = StructureBytes.getSigned(userBytes, at: 8)
  }

  /// Writes the members to their places.
  public func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    StructureBytes.put(access, at: 0, &bytes)
    StructureBytes.put(modification, at: 8, &bytes)
  }
}
