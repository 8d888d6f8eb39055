/// Number of a user.
public struct UserID: RawRepresentable, Equatable, Sendable {
  /// The number; all ones is nobody's, and means "leave as it is" in system calls.
  public let rawValue: UInt32
  /// The user with the number `rawValue`.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The superuser.
  public static var root: UserID { UserID(rawValue: 0) }
}

/// Number of a group.
public struct GroupID: RawRepresentable, Equatable, Sendable {
  /// The number; all ones is nobody's, and means "leave as it is" in system calls.
  public let rawValue: UInt32
  /// The group with the number `rawValue`.
  @inline(__always)
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The superuser's.
  public static var root: GroupID { GroupID(rawValue: 0) }
}

/// The four users, or groups, that a thread acts as. Source: credentials(7).
public struct Identities<ID: Equatable & Sendable>: Equatable, Sendable {
  /// Who started it.
  public var real: ID
  /// With whose rights it acts.
  public var effective: ID
  /// To which it may return.
  public var saved: ID
  /// With whose rights it uses files; follows `effective`.
  public var fileSystem: ID

  /// All four the same.
  @inline(__always)
  public init(_ identity: ID) {
    (real, effective, saved, fileSystem) = (identity, identity, identity, identity)
  }

  /// Whether an unprivileged thread may become `identity` by setresuid(2).
  func contains(_ identity: ID) -> Bool { identity == real || identity == effective || identity == saved }
}
