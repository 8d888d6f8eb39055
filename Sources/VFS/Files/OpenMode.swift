import Foundations
public import Security

public import struct LinuxABI.OpenFlags

/// What may be done through an open file.
public struct OpenMode: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8
  /// The set with the bits of `rawValue`.
  @inline(__always)
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// To read.
  public static var read: OpenMode { OpenMode(rawValue: 1) }
  /// To write.
  public static var write: OpenMode { OpenMode(rawValue: 2) }
  /// Nothing but to name the file: O_PATH.
  public static var path: OpenMode { OpenMode(rawValue: 4) }

  /// What the access mode of open(2) says.
  public init(_ flags: OpenFlags) {
    if flags.contains(.O_PATH) {
      self = .path
      return
    }
    switch flags.rawValue & 3 {
    case 0: self = .read
    case 1: self = .write
    case 2: self = [.read, .write]
    default: self = []
    }
  }
}

/// What a file is opened with.
public struct OpenRequest {
  /// Where it was found.
  public let path: Path
  /// The flags of open(2) that stay with the file.
  public let flags: OpenFlags
  /// Who opens it.
  public let credentials: Credentials
  /// The tree of mounts that it was found in; nil for what has no path. Opening `/dev/ptmx` needs what is mounted beside it.
  public let namespace: MountNamespace?

  /// A request of everything given.
  public init(_ path: Path, _ flags: OpenFlags, _ credentials: Credentials, in namespace: MountNamespace? = nil) {
    (self.path, self.flags, self.credentials, self.namespace) = (path, flags, credentials, namespace)
  }
}

extension OpenFlags {
  /// To write: an access mode, which is two bits and not a flag.
  public static var O_WRONLY: OpenFlags { OpenFlags(rawValue: 1) }
  /// To read and write.
  public static var O_RDWR: OpenFlags { OpenFlags(rawValue: 2) }
  /// Those that fcntl(2) changes with F_SETFL.
  static var changeable: OpenFlags { [.O_APPEND, .O_NONBLOCK, .O_ASYNC, .O_DIRECT, .O_NOATIME] }
  /// Those that are done with when the file is open.
  static var transient: OpenFlags { [.O_CREAT, .O_EXCL, .O_NOCTTY, .O_TRUNC, .O_CLOEXEC] }
}
