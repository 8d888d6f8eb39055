import Synchronization

/// Who logged in, to whom what a process does is put down whatever its rights become. Source: proc(5), `loginuid`,
/// `sessionid`; Linux kernel/audit.c.
public struct LoginSession: Sendable {
  private static let nextSession = Atomic<UInt32>(1)

  /// The user; all ones for nobody.
  public private(set) var user: UInt32 = .max
  /// A number that no other log-in has; all ones for none.
  public private(set) var session: UInt32 = .max

  /// Nobody logged in.
  init() {}

  /// `user` logs in, or, if that is nobody, everybody has gone.
  init(of user: UInt32) {
    guard user != .max else { return }
    self.user = user
    session = Self.nextSession.wrappingAdd(1, ordering: .relaxed).oldValue
  }

  /// The one with these bits.
  init(bits: UInt64) { (user, session) = (UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)) }

  /// Both numbers in one.
  var bits: UInt64 { UInt64(session) << 32 | UInt64(user) }

  /// Whether somebody did.
  public var isSet: Bool { user != .max }
}

extension Process {
  /// Who logged in; processes inherit it.
  public var login: LoginSession { LoginSession(bits: loginBits.load(ordering: .relaxed)) }

  /// Notes that `user` has logged in; all ones for nobody.
  public func logIn(_ user: UInt32) { loginBits.store(LoginSession(of: user).bits, ordering: .relaxed) }
}
