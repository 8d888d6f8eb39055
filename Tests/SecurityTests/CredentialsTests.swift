import Foundations
import LinuxABI
import Security
import Testing

private func user(_ number: UInt32) -> UserID { UserID(rawValue: number) }
private func group(_ number: UInt32) -> GroupID { GroupID(rawValue: number) }

@Suite("Credentials")
struct CredentialsTests {
  @Test("A set-user-ID program goes down and up again by its saved user, and no further")
  func savedUser() throws {
    var isSecure = false
    var caller = Credentials(user: user(1000), group: group(100))
    caller = caller.executing(FilePrivileges(user: user(7)), isSecure: &isSecure)
    #expect(isSecure)
    #expect(caller.users.real == user(1000) && caller.users.effective == user(7) && caller.users.saved == user(7))
    try caller.setUser(user(1000))
    #expect(caller.users.effective == user(1000) && caller.users.saved == user(7))
    try caller.setUser(user(7))
    #expect(caller.users.effective == user(7) && caller.users.real == user(1000))
    #expect(throws: Errno.EPERM) { try caller.setUser(user(8)) }
    #expect(throws: Errno.EINVAL) { try caller.setUser(user(.max)) }
  }

  @Test("A superuser that becomes somebody by setuid cannot come back, and loses every capability")
  func dropsForGood() throws {
    var caller = Credentials.root
    try caller.setUser(user(5))
    #expect(caller.permitted.isEmpty && caller.effective.isEmpty)
    #expect(throws: Errno.EPERM) { try caller.setUser(.root) }
  }

  @Test("Keeping capabilities keeps those permitted, but none effective")
  func keeps() throws {
    var caller = Credentials.root
    try caller.setKeepsCapabilities(true)
    try caller.setUsers(real: user(5), effective: user(5), saved: user(5))
    #expect(caller.permitted == .all && caller.effective.isEmpty)
    var isSecure = false
    #expect(!caller.executing(FilePrivileges(), isSecure: &isSecure).secureBits.contains(.keepCapabilities))
  }

  @Test("Only the effective user decides about effective capabilities, and only the file-system user about files'")
  func effectiveAndFiles() throws {
    var caller = Credentials.root
    try caller.setUsers(real: nil, effective: user(5))
    #expect(caller.effective.isEmpty && caller.permitted == .all)
    try caller.setUsers(real: nil, effective: .root)
    #expect(caller.effective == .all)
    #expect(caller.setFileSystemUser(user(5)) == .root)
    #expect(!caller.has(.CAP_DAC_OVERRIDE) && caller.has(.CAP_SYS_ADMIN))
    #expect(caller.setFileSystemUser(.root) == user(5))
    #expect(caller.effective == .all)
  }

  @Test("setreuid saves the effective user when the real one is set, and not when nothing changes")
  func reuid() throws {
    var caller = Credentials(user: user(1), group: group(1), capabilities: CapabilitySet(.CAP_SETUID))
    try caller.setUsers(real: nil, effective: user(2))
    #expect(caller.users.saved == user(2))
    try caller.setUsers(real: nil, effective: user(1))
    #expect(caller.users.saved == user(2), "the effective user became the real one")
    try caller.setUsers(real: user(3), effective: nil)
    #expect(caller.users.saved == user(1))
  }

  @Test("capset takes away, gives nothing, and adds to what is inheritable only what is permitted")
  func capset() throws {
    let chown = CapabilitySet(.CAP_CHOWN)
    let kill = CapabilitySet(.CAP_KILL)
    var caller = Credentials(user: user(1), group: group(1), capabilities: [chown, kill])
    try caller.setCapabilities(effective: chown, permitted: [chown, kill], inheritable: kill)
    #expect(throws: Errno.EPERM) { try caller.setCapabilities(effective: [], permitted: .all, inheritable: []) }
    #expect(throws: Errno.EPERM) { try caller.setCapabilities(effective: kill, permitted: chown, inheritable: []) }
    #expect(throws: Errno.EPERM) {
      try caller.setCapabilities(effective: [], permitted: [], inheritable: CapabilitySet(.CAP_SYS_BOOT))
    }
    try caller.raiseAmbient(.CAP_KILL)
    #expect(throws: Errno.EPERM) { try caller.raiseAmbient(.CAP_CHOWN) }
    try caller.setCapabilities(effective: chown, permitted: chown, inheritable: kill)
    #expect(caller.ambient.isEmpty, "not permitted any more")
  }

  @Test("execve: root gets what the bounding set has, others keep what is ambient, files add theirs")
  func execution() throws {
    var isSecure = true
    var root = Credentials.root
    try root.dropFromBounding(.CAP_SYS_BOOT)
    let program = root.executing(FilePrivileges(), isSecure: &isSecure)
    #expect(program.permitted == CapabilitySet.all.subtracting(CapabilitySet(.CAP_SYS_BOOT)) && !isSecure)
    #expect(program.effective == program.permitted)

    let kill = CapabilitySet(.CAP_KILL)
    var ordinary = Credentials(user: user(1), group: group(1), capabilities: kill)
    try ordinary.setCapabilities(effective: kill, permitted: kill, inheritable: kill)
    #expect(ordinary.executing(FilePrivileges(), isSecure: &isSecure).permitted.isEmpty)
    try ordinary.raiseAmbient(.CAP_KILL)
    let kept = ordinary.executing(FilePrivileges(), isSecure: &isSecure)
    #expect(kept.effective == kill && !isSecure)
    let bind = CapabilitySet(.CAP_NET_BIND_SERVICE)
    let file = FileCapabilities(permitted: bind, inheritable: kill, isEffective: true)
    let given = ordinary.executing(FilePrivileges(capabilities: file), isSecure: &isSecure)
    #expect(given.effective == bind.union(kill) && given.ambient.isEmpty && isSecure)
  }

  @Test("Securebits that are locked stay, and locks stay locked")
  func securebits() throws {
    var root = Credentials.root
    let locked = SecureBits(rawValue: SecureBits.noRoot.rawValue * 3)
    try root.setSecureBits(locked)
    #expect(throws: Errno.EPERM) { try root.setSecureBits([]) }
    #expect(throws: Errno.EPERM) { try root.setSecureBits(SecureBits(rawValue: locked.rawValue - 1)) }
    #expect(throws: Errno.EPERM) { try root.setSecureBits(SecureBits(rawValue: locked.rawValue | 0x100)) }
    var isSecure = false
    #expect(root.executing(FilePrivileges(), isSecure: &isSecure).permitted.isEmpty)
  }

  @Test("An access is decided by the one class of permissions that applies")
  func access() throws {
    let groups: [UInt32] = [30, 10, 20]
    let list = try GroupList(groups.span)
    #expect((0..<3).map { list[$0].rawValue } == [10, 20, 30])
    for number: UInt32 in 0..<40 { #expect(list.contains(group(number)) == groups.contains(number)) }
    let caller = Credentials(user: user(1), group: group(2), supplementary: list)
    func can(_ wish: AccessWish, _ mode: UInt16, _ owner: UInt32, _ of: UInt32, _ who: Credentials) -> Bool {
      do throws(Errno) {
        try who.check(wish, mode: mode, owner: user(owner), group: group(of), isDirectory: false)
        return true
      } catch { return false }
    }
    #expect(can(.read, 0o400, 1, 9, caller) && !can(.read, 0o044, 1, 2, caller))
    #expect(can(.write, 0o020, 9, 20, caller) && !can(.read, 0o704, 9, 20, caller))
    #expect(can([.read, .execute], 0o005, 9, 9, caller) && !can([.read, .write], 0o005, 9, 9, caller))
    #expect(can([.read, .write], 0, 9, 9, .root) && !can(.execute, 0o666, 9, 9, .root))
    #expect(can(.execute, 0o001, 9, 9, .root))
  }

  @Test("Sorting does not depend on the order that a program gives")
  func sorting() throws {
    for count in 0..<40 {
      let numbers = (0..<count).map { UInt32(($0 * 7919) % 37) }
      let list = try GroupList(numbers.span)
      #expect((0..<list.count).map { list[$0].rawValue } == numbers.sorted())
    }
  }
}
