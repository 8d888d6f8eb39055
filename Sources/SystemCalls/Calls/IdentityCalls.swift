import Foundations
import LinuxABI
import Machine
import Processes
import Security

/// Users and groups of the caller.
extension SystemCallContext {
  /// What stands for "leave as it is".
  private static let unchanged: UInt32 = .max

  private func user(_ number: UInt32) -> UserID? { number == Self.unchanged ? nil : UserID(rawValue: number) }
  private func group(_ number: UInt32) -> GroupID? { number == Self.unchanged ? nil : GroupID(rawValue: number) }

  /// Changes the caller's credentials by `body`; if it throws they stay as they are.
  private func change<Result>(_ body: (inout Credentials) throws(Errno) -> Result) throws(Errno) -> Result {
    var credentials = task.credentials
    let result = try body(&credentials)
    task.become(credentials)
    return result
  }

  // MARK: Users

  /// getuid(2)
  @inline(__always)
  func getuid() throws(Errno) -> UInt32 { task.credentials.users.real.rawValue }

  /// geteuid(2)
  @inline(__always)
  func geteuid() throws(Errno) -> UInt32 { task.credentials.users.effective.rawValue }

  /// getresuid(2)
  func getresuid(
    _ real: UserPointer<UInt32>, _ effective: UserPointer<UInt32>, _ saved: UserPointer<UInt32>
  ) throws(Errno) {
    let users = task.credentials.users
    try real.store(users.real.rawValue)
    try effective.store(users.effective.rawValue)
    try saved.store(users.saved.rawValue)
  }

  /// setuid(2)
  func setuid(_ user: UInt32) throws(Errno) {
    try change { credentials throws(Errno) in try credentials.setUser(UserID(rawValue: user)) }
  }

  /// setreuid(2)
  func setreuid(_ real: UInt32, _ effective: UInt32) throws(Errno) {
    try change { credentials throws(Errno) in
      try credentials.setUsers(real: user(real), effective: user(effective))
    }
  }

  /// setresuid(2)
  func setresuid(_ real: UInt32, _ effective: UInt32, _ saved: UInt32) throws(Errno) {
    try change { credentials throws(Errno) in
      try credentials.setUsers(real: user(real), effective: user(effective), saved: user(saved))
    }
  }

  /// setfsuid(2)
  func setfsuid(_ user: UInt32) throws(Errno) -> UInt32 {
    try change { credentials throws(Errno) in credentials.setFileSystemUser(UserID(rawValue: user)).rawValue }
  }

  // MARK: Groups

  /// getgid(2)
  @inline(__always)
  func getgid() throws(Errno) -> UInt32 { task.credentials.groups.real.rawValue }

  /// getegid(2)
  @inline(__always)
  func getegid() throws(Errno) -> UInt32 { task.credentials.groups.effective.rawValue }

  /// getresgid(2)
  func getresgid(
    _ real: UserPointer<UInt32>, _ effective: UserPointer<UInt32>, _ saved: UserPointer<UInt32>
  ) throws(Errno) {
    let groups = task.credentials.groups
    try real.store(groups.real.rawValue)
    try effective.store(groups.effective.rawValue)
    try saved.store(groups.saved.rawValue)
  }

  /// setgid(2)
  func setgid(_ group: UInt32) throws(Errno) {
    try change { credentials throws(Errno) in try credentials.setGroup(GroupID(rawValue: group)) }
  }

  /// setregid(2)
  func setregid(_ real: UInt32, _ effective: UInt32) throws(Errno) {
    try change { credentials throws(Errno) in
      try credentials.setGroups(real: group(real), effective: group(effective))
    }
  }

  /// setresgid(2)
  func setresgid(_ real: UInt32, _ effective: UInt32, _ saved: UInt32) throws(Errno) {
    try change { credentials throws(Errno) in
      try credentials.setGroups(real: group(real), effective: group(effective), saved: group(saved))
    }
  }

  /// setfsgid(2)
  func setfsgid(_ group: UInt32) throws(Errno) -> UInt32 {
    try change { credentials throws(Errno) in credentials.setFileSystemGroup(GroupID(rawValue: group)).rawValue }
  }

  /// getgroups(2)
  func getgroups(_ count: Int32, _ groups: UserPointer<UInt32>) throws(Errno) -> Int {
    guard count >= 0 else { throw .EINVAL }
    guard let list = task.credentials.supplementary else { return 0 }
    if count == 0 { return list.count }
    guard list.count <= Int(count) else { throw .EINVAL }
    for index in 0..<list.count { try groups.store(list[index].rawValue, at: index) }
    return list.count
  }

  /// setgroups(2)
  func setgroups(_ count: Int32, _ groups: UserPointer<UInt32>) throws(Errno) {
    try task.credentials.require(.CAP_SETGID)
    guard count >= 0, Int(count) <= GroupList.limit else { throw .EINVAL }
    var numbers = GrowableArray<UInt32>()
    try numbers.reserveCapacity(Int(count))
    for index in 0..<Int(count) {
      let number = try groups.load(at: index)
      guard number != Self.unchanged else { throw .EINVAL }
      try numbers.append(number)
    }
    let list = numbers.isEmpty ? nil : try GroupList(numbers.span)
    try change { credentials throws(Errno) in try credentials.setSupplementaryGroups(list) }
  }
}
