public import Foundations
public import Machine

/// A path that a program passed. Not checked until it is read.
public struct UserPath: Sendable {
  /// How long a path may be, with the zero byte that ends it (`PATH_MAX`).
  public static let byteLimit = 4_096

  /// What a call makes of a path without any character.
  public enum EmptyPath: Sendable {
    /// `ENOENT`, as path_resolution(7) has it.
    case refused
    /// It stands for the descriptor beside it (`AT_EMPTY_PATH`).
    case allowed
  }

  /// The text.
  public let text: UserString

  /// Names the path at `address`.
  @inline(__always)
  public init(_ address: UInt64) { text = UserString(address) }

  /// Whether the program passed NULL.
  @inline(__always)
  public var isNull: Bool { text.isNull }

  /// Runs `body` with a copy of the path, without its zero byte.
  ///
  /// - Throws: `ENOENT` for an empty path that is refused, `ENAMETOOLONG`, `EFAULT`, `ENOMEM`, and what `body` throws.
  /// - Context: may wait, as a fault may have to.
  @inline(__always)
  public func withBytes<Value>(
    empty: EmptyPath = .refused, _ body: (Span<UInt8>) throws(Errno) -> Value
  ) throws(Errno) -> Value {
    try text.withBytes(limit: Self.byteLimit) { bytes throws(Errno) in
      if bytes.isEmpty && empty == .refused { throw .ENOENT }
      return try body(bytes)
    }
  }
}
