/// A field of what a pointer argument points to, as traces show it; generated from `Specs/syscall-types.json`.
public struct SystemCallField: Sendable {
  /// What a field, or a value that is no structure, means. Widths are in bits.
  public enum Kind: Sendable, Equatable {
    /// An address.
    case address
    /// The address of as many bytes as the field at the index `length` says.
    case bytes(length: Int)
    /// A file descriptor.
    case descriptor
    /// One of several values.
    case enumeration(SystemCallEnumeration, width: Int)
    /// Flags.
    case flags(SystemCallFlagSet, width: Int)
    /// Permissions and type of a file.
    case mode(width: Int)
    /// A set of signals, in 64 bits.
    case signalSet
    /// A signed number.
    case signed(width: Int)
    /// A structure within this one.
    case structure(SystemCallStructure)
    /// A text in at most `size` bytes, ended by a zero byte if it is shorter.
    case text(size: Int)
    /// An unsigned number.
    case unsigned(width: Int)
    /// The addresses of texts, ended by a null.
    case vector
  }

  /// The C name.
  public let name: String
  /// How many bytes of the structure are before it.
  public let offset: Int
  /// What it means.
  public let kind: Kind

  init(_ name: String, _ offset: Int, _ kind: Kind) {
    self.name = name
    self.offset = offset
    self.kind = kind
  }
}
