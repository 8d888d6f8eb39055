/// What a file that is executed says about privileges.
public struct FilePrivileges: Sendable {
  /// The owner, if the set-user-ID bit is on.
  public var user: UserID?
  /// The group, if the set-group-ID bit is on (and the group may execute).
  public var group: GroupID?
  /// The capabilities attached to the file, if there are any.
  public var capabilities: FileCapabilities?

  /// No privileges.
  public init(user: UserID? = nil, group: GroupID? = nil, capabilities: FileCapabilities? = nil) {
    (self.user, self.group, self.capabilities) = (user, group, capabilities)
  }
}

/// The capabilities of a file: the extended attribute security.capability.
public struct FileCapabilities: Sendable {
  /// What the program gets if the bounding set has it.
  public var permitted: CapabilitySet
  /// What it gets of the thread's inheritable set.
  public var inheritable: CapabilitySet
  /// Whether what it gets is effective at once.
  public var isEffective: Bool

  /// The three parts.
  public init(permitted: CapabilitySet, inheritable: CapabilitySet, isEffective: Bool) {
    (self.permitted, self.inheritable, self.isEffective) = (permitted, inheritable, isEffective)
  }
}

extension Credentials {
  /// The credentials after execve(2) of a file. Source: capabilities(7), "Transformation of capabilities during
  /// execve()".
  ///
  /// - Parameters:
  ///   - file: what the file says; nothing where its mount is nosuid, or the thread may not gain privileges or is
  ///     traced.
  ///   - isSecure: set to whether AT_SECURE is 1: the program got rights that its caller does not have.
  public func executing(_ file: FilePrivileges, isSecure: inout Bool) -> Credentials {
    var new = self
    if let user = file.user { new.users.effective = user }
    if let group = file.group { new.groups.effective = group }
    new.users.saved = new.users.effective
    new.users.fileSystem = new.users.effective
    new.groups.saved = new.groups.effective
    new.groups.fileSystem = new.groups.effective
    let changesIdentity = new.users.effective != users.real || new.groups.effective != groups.real
    let isSetID = new.users.effective != users.effective || !isEffectiveMember(of: new.groups.effective)

    var permits = file.capabilities?.permitted ?? []
    var inherits = file.capabilities?.inheritable ?? []
    var isEffective = file.capabilities?.isEffective ?? false
    let hasFileCapabilities = file.capabilities != nil
    if !secureBits.contains(.noRoot) {
      // A set-user-ID-root file with capabilities of its own gives an ordinary user just these.
      let isLimited = hasFileCapabilities && users.real != .root && new.users.effective == .root
      if !isLimited && (new.users.effective == .root || users.real == .root) { (permits, inherits) = (.all, .all) }
      if !isLimited && new.users.effective == .root { isEffective = true }
    }
    new.ambient = hasFileCapabilities || isSetID ? [] : ambient
    new.permitted =
      inheritable.intersection(inherits).union(permits.intersection(bounding)).union(new.ambient)
    new.effective = isEffective ? new.permitted : new.ambient
    new.secureBits.remove(.keepCapabilities)
    let gainsCapabilities = users.real != .root && (isEffective || !new.permitted.isSubset(of: new.ambient))
    isSecure = changesIdentity || gainsCapabilities
    return new
  }
}
