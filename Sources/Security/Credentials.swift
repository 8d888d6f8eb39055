public import Foundations

public import enum LinuxABI.Capability

/// Who a thread acts as, and what it may do. Source: credentials(7), capabilities(7).
public struct Credentials {
  /// The users.
  public internal(set) var users: Identities<UserID>
  /// The groups; files and programs get the effective one's rights besides those of `supplementary`.
  public internal(set) var groups: Identities<GroupID>
  /// Further groups; nil is none.
  public internal(set) var supplementary: GroupList?
  /// What a file's own capabilities may add to at execve.
  public internal(set) var inheritable: CapabilitySet
  /// What may be made effective.
  public internal(set) var permitted: CapabilitySet
  /// What counts.
  public internal(set) var effective: CapabilitySet
  /// What execve may add at all.
  public internal(set) var bounding: CapabilitySet
  /// What stays over an execve without privileges.
  public internal(set) var ambient: CapabilitySet
  /// What the user 0 means.
  public internal(set) var secureBits: SecureBits

  /// The superuser with every capability: the first process, and the kernel itself.
  public static var root: Credentials { Credentials(user: .root, group: .root, capabilities: .all) }

  /// Credentials of a user with the given capabilities permitted and effective.
  public init(user: UserID, group: GroupID, supplementary: GroupList? = nil, capabilities: CapabilitySet = []) {
    users = Identities(user)
    groups = Identities(group)
    self.supplementary = supplementary
    (inheritable, permitted, effective) = ([], capabilities, capabilities)
    (bounding, ambient, secureBits) = (.all, [], [])
  }

  /// Whether the thread has `capability`.
  @inline(__always)
  public func has(_ capability: Capability) -> Bool { effective.contains(capability) }

  /// Refuses a thread without `capability`.
  ///
  /// - Throws: `EPERM`.
  @inline(__always)
  public func require(_ capability: Capability) throws(Errno) {
    guard has(capability) else { throw .EPERM }
  }

  /// Whether the thread uses files with the rights of `group`.
  @inline(__always)
  public func isMember(of group: GroupID) -> Bool {
    groups.fileSystem == group || supplementary?.contains(group) ?? false
  }

  /// Whether the effective group or a supplementary one is `group`.
  public func isEffectiveMember(of group: GroupID) -> Bool {
    groups.effective == group || supplementary?.contains(group) ?? false
  }
}
