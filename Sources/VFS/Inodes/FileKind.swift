/// What kind of file an inode is; the raw value is that of `S_IFMT` shifted by 12, and of a directory entry's `d_type`.
public enum FileKind: UInt8, Sendable {
  /// A pipe with a name.
  case fifo = 1
  /// A device that bytes come from or go to.
  case characterDevice = 2
  /// A directory.
  case directory = 4
  /// A device of blocks.
  case blockDevice = 6
  /// An ordinary file.
  case regular = 8
  /// A symbolic link.
  case symbolicLink = 10
  /// A socket with a name.
  case socket = 12

  /// The bits of `S_IFMT`.
  public var modeBits: UInt16 { UInt16(rawValue) << 12 }

  /// The kind that the bits of `S_IFMT` in `mode` say; nil for none.
  public init?(mode: UInt16) { self.init(rawValue: UInt8(mode >> 12)) }
}

/// The bits of a file's mode below its kind.
public enum Permissions {
  /// All of them.
  public static var all: UInt16 { 0o7777 }
  /// Set-user-ID.
  public static var setUser: UInt16 { 0o4000 }
  /// Set-group-ID.
  public static var setGroup: UInt16 { 0o2000 }
  /// Sticky: in such a directory only owners remove files.
  public static var sticky: UInt16 { 0o1000 }
}

/// The number of a device: which driver, and which of its devices.
public struct DeviceNumber: Equatable, Sendable {
  /// The driver, 12 bits.
  public var major: UInt32
  /// The device, 20 bits.
  public var minor: UInt32

  /// The device of both numbers.
  @inline(__always)
  public init(_ major: UInt32, _ minor: UInt32) { (self.major, self.minor) = (major & 0xfff, minor & 0xf_ffff) }

  /// The device with the number that programs use. Source: makedev(3); Linux kdev_t.h.
  public init(encoded: UInt64) {
    self.init(UInt32(encoded >> 8 & 0xfff), UInt32(encoded & 0xff) | UInt32(encoded >> 12 & 0xfff00))
  }

  /// The number that programs use.
  public var encoded: UInt64 {
    UInt64(minor & 0xff) | UInt64(major) << 8 | UInt64(minor & ~0xff) << 12
  }

  /// No device.
  public static var none: DeviceNumber { DeviceNumber(0, 0) }
}
