/// What an argument of a system call is called and what it means.
///
/// Tracing, filters, fuzzing and decoding read this; it is generated from `Specs/syscalls.json`.
public struct SystemCallArgument: Sendable {
  /// How many structures a pointer points to.
  public enum Count: Sendable, Equatable {
    /// So many.
    case fixed(Int)
    /// As many as the argument at this index says.
    case argument(Int)
  }

  /// What an argument means.
  public enum Kind: Sendable, Equatable {
    /// A user address that the call works on without reading what it points to.
    case address
    /// Memory of as many bytes as the argument at the index `length` says.
    case bytes(SystemCallDirection, length: Int)
    /// A clock.
    case clock
    /// A file descriptor.
    case descriptor
    /// A device number.
    case device
    /// A file descriptor of the directory that a path begins at, or `AT_FDCWD`.
    case directoryDescriptor
    /// One of several values.
    case enumeration(SystemCallEnumeration)
    /// Flags.
    case flags(SystemCallFlagSet)
    /// A group.
    case gid
    /// The number of something that an earlier call made.
    case identifier(SystemCallIdentifier)
    /// A System V IPC key.
    case ipcKey
    /// A time in milliseconds; negative is for ever.
    case milliseconds
    /// Permissions and type of a file.
    case mode
    /// A position in a file, in bytes.
    case offset
    /// A path, ended by a zero byte.
    case path
    /// A process, thread or group.
    case pid
    /// Memory whose form depends on more than the call.
    case pointer(SystemCallDirection)
    /// A signal number.
    case signal
    /// A signed number of `width` bits.
    case signed(width: Int)
    /// A number of bytes.
    case size
    /// A text, ended by a zero byte.
    case string
    /// Structures.
    case structure(SystemCallStructure, SystemCallDirection, Count)
    /// A user.
    case uid
    /// What the argument at the index `selector` says.
    case union(selector: Int)
    /// An unsigned number of `width` bits.
    case unsigned(width: Int)
    /// Nothing any more.
    case unused
  }

  /// The name in the spec.
  public let name: String
  /// What it means.
  public let kind: Kind
  /// Whether the pointer may be null.
  public let isOptional: Bool

  init(_ name: String, _ kind: Kind, isOptional: Bool = false) {
    self.name = name
    self.kind = kind
    self.isOptional = isOptional
  }
}
