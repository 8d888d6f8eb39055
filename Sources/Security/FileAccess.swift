public import Foundations

import enum LinuxABI.Capability

/// What somebody wants to do with a file. The bits are those of one of the three groups in its mode.
public struct AccessWish: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt16
  /// The wish with the bits of `rawValue`.
  @inline(__always)
  public init(rawValue: UInt16) { self.rawValue = rawValue }
  /// To execute a file, or to look a name up in a directory.
  public static var execute: AccessWish { AccessWish(rawValue: 1) }
  /// To change it.
  public static var write: AccessWish { AccessWish(rawValue: 2) }
  /// To read it, or list a directory.
  public static var read: AccessWish { AccessWish(rawValue: 4) }
}

extension Credentials {
  /// Refuses `wish` when the permission bits and the capabilities do not allow it. Source: path_resolution(7),
  /// "Permissions".
  ///
  /// - Parameters:
  ///   - mode: the permission bits.
  ///   - owner: the file's user.
  ///   - group: the file's group.
  ///   - isDirectory: whether it is a directory, in which CAP_DAC_READ_SEARCH lets one search and CAP_DAC_OVERRIDE all.
  /// - Throws: `EACCES`.
  @inline(__always)
  public func check(
    _ wish: AccessWish, mode: UInt16, owner: UserID, group: GroupID, isDirectory: Bool
  ) throws(Errno) {
    let granted: UInt16
    if users.fileSystem == owner {
      granted = mode >> 6
    } else if (mode ^ (mode >> 3)) & wish.rawValue != 0, isMember(of: group) {
      // Membership is looked up only where the group's bits and the others' differ.
      granted = mode >> 3
    } else {
      granted = mode
    }
    if wish.rawValue & ~granted == 0 { return }
    try checkOverride(wish, mode: mode, isDirectory: isDirectory)
  }

  @inline(never)
  private func checkOverride(_ wish: AccessWish, mode: UInt16, isDirectory: Bool) throws(Errno) {
    if !wish.contains(.write) && (isDirectory || !wish.contains(.execute)) && has(.CAP_DAC_READ_SEARCH) { return }
    // Execution needs some execute bit, whoever one is.
    if (isDirectory || !wish.contains(.execute) || mode & 0o111 != 0) && has(.CAP_DAC_OVERRIDE) { return }
    throw .EACCES
  }

  /// The credentials that access(2) and faccessat(2) without AT_EACCESS check by: those of the real user and group,
  /// with the capabilities that an execve would give that user.
  public var forRealUser: Credentials {
    var result = self
    result.users.fileSystem = users.real
    result.groups.fileSystem = groups.real
    if !secureBits.contains(.noSetUserFixup) {
      result.effective = users.real == .root ? permitted : []
    }
    return result
  }
}
