public import Foundations

import enum LinuxABI.Capability

extension Credentials {
  private static let unchanged: UInt32 = .max

  /// setuid(2).
  ///
  /// - Throws: `EINVAL` for no user, `EPERM`.
  public mutating func setUser(_ user: UserID) throws(Errno) {
    guard user.rawValue != Self.unchanged else { throw .EINVAL }
    let old = users
    if has(.CAP_SETUID) {
      users = Identities(user)
    } else {
      guard user == old.real || user == old.saved else { throw .EPERM }
      users.effective = user
      users.fileSystem = user
    }
    fixCapabilities(from: old)
  }

  /// setreuid(2); nil leaves as it is.
  ///
  /// - Throws: `EPERM`.
  public mutating func setUsers(real: UserID?, effective: UserID?) throws(Errno) {
    let old = users
    if !has(.CAP_SETUID) {
      if let real, real != old.real, real != old.effective { throw .EPERM }
      if let effective, !old.contains(effective) { throw .EPERM }
    }
    if let real { users.real = real }
    if let effective { users.effective = effective }
    if real != nil || effective.map({ $0 != old.real }) ?? false { users.saved = users.effective }
    users.fileSystem = users.effective
    fixCapabilities(from: old)
  }

  /// setresuid(2); nil leaves as it is.
  ///
  /// - Throws: `EPERM`.
  public mutating func setUsers(real: UserID?, effective: UserID?, saved: UserID?) throws(Errno) {
    let old = users
    if !has(.CAP_SETUID) {
      if let real, !old.contains(real) { throw .EPERM }
      if let effective, !old.contains(effective) { throw .EPERM }
      if let saved, !old.contains(saved) { throw .EPERM }
    }
    if let real { users.real = real }
    if let effective { users.effective = effective }
    if let saved { users.saved = saved }
    users.fileSystem = users.effective
    fixCapabilities(from: old)
  }

  /// setfsuid(2): never fails, and is without effect where it may not.
  ///
  /// - Returns: who it was before.
  public mutating func setFileSystemUser(_ user: UserID) -> UserID {
    let old = users.fileSystem
    guard user.rawValue != Self.unchanged, users.contains(user) || user == old || has(.CAP_SETUID) else { return old }
    users.fileSystem = user
    if !secureBits.contains(.noSetUserFixup) {
      if old == .root && user != .root { effective.subtract(.forFiles) }
      if old != .root && user == .root { effective.formUnion(permitted.intersection(.forFiles)) }
    }
    return old
  }

  /// setgid(2).
  ///
  /// - Throws: `EINVAL` for no group, `EPERM`.
  public mutating func setGroup(_ group: GroupID) throws(Errno) {
    guard group.rawValue != Self.unchanged else { throw .EINVAL }
    if has(.CAP_SETGID) {
      groups = Identities(group)
    } else {
      guard group == groups.real || group == groups.saved else { throw .EPERM }
      groups.effective = group
      groups.fileSystem = group
    }
  }

  /// setregid(2); nil leaves as it is.
  ///
  /// - Throws: `EPERM`.
  public mutating func setGroups(real: GroupID?, effective: GroupID?) throws(Errno) {
    let old = groups
    if !has(.CAP_SETGID) {
      if let real, real != old.real, real != old.effective { throw .EPERM }
      if let effective, !old.contains(effective) { throw .EPERM }
    }
    if let real { groups.real = real }
    if let effective { groups.effective = effective }
    if real != nil || effective.map({ $0 != old.real }) ?? false { groups.saved = groups.effective }
    groups.fileSystem = groups.effective
  }

  /// setresgid(2); nil leaves as it is.
  ///
  /// - Throws: `EPERM`.
  public mutating func setGroups(real: GroupID?, effective: GroupID?, saved: GroupID?) throws(Errno) {
    let old = groups
    if !has(.CAP_SETGID) {
      if let real, !old.contains(real) { throw .EPERM }
      if let effective, !old.contains(effective) { throw .EPERM }
      if let saved, !old.contains(saved) { throw .EPERM }
    }
    if let real { groups.real = real }
    if let effective { groups.effective = effective }
    if let saved { groups.saved = saved }
    groups.fileSystem = groups.effective
  }

  /// setfsgid(2): never fails, and is without effect where it may not.
  ///
  /// - Returns: what it was before.
  public mutating func setFileSystemGroup(_ group: GroupID) -> GroupID {
    let old = groups.fileSystem
    guard group.rawValue != Self.unchanged, groups.contains(group) || group == old || has(.CAP_SETGID) else {
      return old
    }
    groups.fileSystem = group
    return old
  }

  /// setgroups(2).
  ///
  /// - Throws: `EPERM`.
  public mutating func setSupplementaryGroups(_ list: GroupList?) throws(Errno) {
    try require(.CAP_SETGID)
    supplementary = list
  }

  /// What a change of users does to capabilities. Source: capabilities(7), "Effect of user ID changes on capabilities".
  private mutating func fixCapabilities(from old: Identities<UserID>) {
    guard !secureBits.contains(.noSetUserFixup) else { return }
    let wasRoot = old.real == .root || old.effective == .root || old.saved == .root
    let isRoot = users.real == .root || users.effective == .root || users.saved == .root
    if wasRoot && !isRoot {
      if !secureBits.contains(.keepCapabilities) {
        permitted = []
        effective = []
      }
      ambient = []
    }
    if old.effective == .root && users.effective != .root { effective = [] }
    if old.effective != .root && users.effective == .root { effective = permitted }
    if old.fileSystem == .root && users.fileSystem != .root { effective.subtract(.forFiles) }
    if old.fileSystem != .root && users.fileSystem == .root {
      effective.formUnion(permitted.intersection(.forFiles))
    }
  }
}
