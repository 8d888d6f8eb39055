import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VFS

/// chmod(2), chown(2), utimensat(2), and their relatives.
extension SystemCallContext {
  // MARK: Permissions

  /// chmod(2)
  func chmod(_ path: UserPath, _ mode: UInt16) throws(Errno) { try task.actor.setPermissions(find(path), mode) }

  /// fchmod(2)
  func fchmod(_ descriptor: Int32, _ mode: UInt16) throws(Errno) {
    try task.actor.setPermissions(usableFile(descriptor).path, mode)
  }

  /// fchmodat(2)
  func fchmodat(_ directory: Int32, _ path: UserPath, _ mode: UInt16) throws(Errno) {
    try fchmodat2(directory, path, mode, [])
  }

  /// fchmodat2
  func fchmodat2(_ directory: Int32, _ path: UserPath, _ mode: UInt16, _ flags: AtFlags) throws(Errno) {
    try flags.require(only: [.AT_SYMLINK_NOFOLLOW, .AT_EMPTY_PATH])
    try task.actor.setPermissions(find(directory, path, flags), mode)
  }

  // MARK: Owners

  /// chown(2)
  func chown(_ path: UserPath, _ user: UInt32, _ group: UInt32) throws(Errno) {
    try setOwner(find(path), user, group)
  }

  /// lchown(2)
  func lchown(_ path: UserPath, _ user: UInt32, _ group: UInt32) throws(Errno) {
    try setOwner(findLink(path), user, group)
  }

  /// fchown(2)
  func fchown(_ descriptor: Int32, _ user: UInt32, _ group: UInt32) throws(Errno) {
    try setOwner(usableFile(descriptor).path, user, group)
  }

  /// fchownat(2)
  func fchownat(
    _ directory: Int32, _ path: UserPath, _ user: UInt32, _ group: UInt32, _ flags: AtFlags
  ) throws(Errno) {
    try flags.require(only: [.AT_SYMLINK_NOFOLLOW, .AT_EMPTY_PATH])
    try setOwner(find(directory, path, flags), user, group)
  }

  /// All ones leave a number as it is.
  private func setOwner(_ path: Path, _ user: UInt32, _ group: UInt32) throws(Errno) {
    try task.actor.setOwner(
      path, user: user == .max ? nil : UserID(rawValue: user), group: group == .max ? nil : GroupID(rawValue: group))
  }

  // MARK: Times

  /// utime(2)
  func utime(_ path: UserPath, _ times: UserPointer<Utimbuf>) throws(Errno) {
    guard !times.isNull else { return try task.actor.setTimes(find(path), access: .now, modification: .now) }
    let times = try times.load()
    try task.actor.setTimes(
      find(path), access: .at(FileTime(seconds: times.access, nanoseconds: 0)),
      modification: .at(FileTime(seconds: times.modification, nanoseconds: 0)))
  }

  /// utimes(2)
  func utimes(_ path: UserPath, _ times: UserPointer<Timeval>) throws(Errno) {
    let (access, modification) = try Self.changes(times)
    try task.actor.setTimes(find(path), access: access, modification: modification)
  }

  /// futimesat(2)
  func futimesat(_ directory: Int32, _ path: UserPath, _ times: UserPointer<Timeval>) throws(Errno) {
    let (access, modification) = try Self.changes(times)
    try task.actor.setTimes(findOrSelf(directory, path, []), access: access, modification: modification)
  }

  /// utimensat(2)
  func utimensat(
    _ directory: Int32, _ path: UserPath, _ times: UserPointer<Timespec>, _ flags: AtFlags
  ) throws(Errno) {
    let (access, modification) = try Self.changes(times)
    // Nothing is to change, so not even the path is looked at.
    if access == nil && modification == nil { return }
    try flags.require(only: [.AT_SYMLINK_NOFOLLOW, .AT_EMPTY_PATH])
    try task.actor.setTimes(findOrSelf(directory, path, flags), access: access, modification: modification)
  }

  /// What a path names, or without one the file of the descriptor.
  private func findOrSelf(_ directory: Int32, _ path: UserPath, _ flags: AtFlags) throws(Errno) -> Path {
    guard path.isNull && directory != Self.workingDirectory else { return try find(directory, path, flags) }
    guard flags.isEmpty else { throw .EINVAL }
    return try usableFile(directory).path
  }

  private static func changes(
    _ times: UserPointer<Timeval>
  ) throws(Errno) -> (AttributeChange.Time?, AttributeChange.Time?) {
    guard !times.isNull else { return (.now, .now) }
    let (access, modification) = (try times.load(), try times.load(at: 1))
    let second: Range<Int64> = 0..<1_000_000
    guard second.contains(access.microseconds), second.contains(modification.microseconds) else { throw .EINVAL }
    return (
      .at(FileTime(seconds: access.seconds, nanoseconds: UInt32(access.microseconds) * 1_000)),
      .at(FileTime(seconds: modification.seconds, nanoseconds: UInt32(modification.microseconds) * 1_000))
    )
  }

  private static func changes(
    _ times: UserPointer<Timespec>
  ) throws(Errno) -> (AttributeChange.Time?, AttributeChange.Time?) {
    guard !times.isNull else { return (.now, .now) }
    return (try change(times.load()), try change(times.load(at: 1)))
  }

  private static func change(_ time: Timespec) throws(Errno) -> AttributeChange.Time? {
    switch time.nanoseconds {
    // UTIME_NOW and UTIME_OMIT of utimensat(2).
    case 0x3fff_ffff: return .now
    case 0x3fff_fffe: return nil
    case 0..<1_000_000_000:
      return .at(FileTime(seconds: time.seconds, nanoseconds: UInt32(time.nanoseconds)))
    default: throw .EINVAL
    }
  }
}
