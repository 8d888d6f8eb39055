import Foundations
import LinuxABI
import Machine
import Security
import Testing

@testable import Processes
@testable import SystemCalls

private let unchanged = UInt64(UInt32.max)

@Suite("Calls of identity", .serialized)
struct IdentityCallTests {
  private func users(_ world: CallWorld) throws -> [UInt32] {
    let base = CallWorld.base
    #expect(world.call(.getresuid, base, base + 4, base + 8) == 0)
    return try (0..<3).map { try world.number(UInt32.self, at: base + UInt64($0) * 4) }
  }

  @Test("the superuser becomes somebody for good, who becomes nobody else")
  func setuid() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.getuid) == 0 && world.call(.geteuid) == 0)
      #expect(world.error(.setuid, unchanged) == .EINVAL)
      #expect(UserAccounts.count(of: .root) == 1)
      #expect(world.call(.setuid, 1_000) == 0)
      #expect(UserAccounts.count(of: .root) == 0 && UserAccounts.count(of: UserID(rawValue: 1_000)) == 1)
      #expect(try users(world) == [1_000, 1_000, 1_000])
      #expect(world.error(.setuid, 0) == .EPERM)
      #expect(world.error(.setresuid, unchanged, 0, unchanged) == .EPERM)
      #expect(world.call(.setreuid, unchanged, 1_000) == 0)
    }
  }

  @Test("the effective user changes and comes back by the saved one")
  func setresuid() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.setresuid, 1, 2, 0) == 0)
      #expect(try users(world) == [1, 2, 0])
      #expect(world.call(.setresuid, unchanged, 0, unchanged) == 0)
      #expect(try users(world) == [1, 0, 0])
      #expect(world.call(.setfsuid, 7) == 0)
      #expect(world.call(.setfsuid, unchanged) == 7)
      #expect(world.call(.setfsgid, 8) == 0)
      #expect(world.call(.setfsgid, unchanged) == 8)
    }
  }

  @Test("whoever changes rights is not looked into, and not told of the end of its parent")
  func consequences() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.prctl, 1, 15) == 0)
      #expect(world.call(.prctl, 3) == 1)
      #expect(world.call(.setresgid, unchanged, unchanged, 5) == 0)
      #expect(world.call(.prctl, 3) == 1)
      #expect(world.call(.setresgid, unchanged, 5, unchanged) == 0)
      #expect(world.call(.prctl, 3) == 0)
      #expect(world.call(.prctl, 2, CallWorld.base) == 0)
      #expect(try world.number(Int32.self) == 0)
    }
  }

  @Test("groups are set by who may, sorted, and given back")
  func groups() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.getgroups, 0, 0) == 0)
      try world.store([30, 10, 20] as [UInt32])
      #expect(world.call(.setgroups, 3, CallWorld.base) == 0)
      #expect(world.call(.getgroups, 0, 0) == 3)
      #expect(world.error(.getgroups, 2, CallWorld.base) == .EINVAL)
      #expect(world.error(.getgroups, unchanged, CallWorld.base) == .EINVAL)
      #expect(world.call(.getgroups, 3, CallWorld.base + 64) == 3)
      #expect(try (0..<3).map { try world.number(UInt32.self, at: CallWorld.base + 64 + $0 * 4) } == [10, 20, 30])
      #expect(world.error(.setgroups, 65_537, CallWorld.base) == .EINVAL)
      #expect(world.error(.setgroups, 1, 8) == .EFAULT)
      #expect(world.call(.setgroups, 0, 0) == 0)
      #expect(world.call(.getgroups, 0, 0) == 0)
      #expect(world.call(.setgid, 7) == 0 && world.call(.getgid) == 7 && world.call(.getegid) == 7)
      #expect(world.call(.setuid, 1_000) == 0)
      #expect(world.error(.setgroups, 0, 0) == .EPERM)
      #expect(world.error(.setgid, 0) == .EPERM)
    }
  }

  // MARK: Capabilities

  private let first: UInt32 = 0x1998_0330
  private let second: UInt32 = 0x2007_1026
  private let third: UInt32 = 0x2008_0522

  @Test("capget has three versions, and tells the one it likes to who asks for another")
  func capget() throws {
    try CallWorld.run { world throws in
      let (header, data) = (CallWorld.base, CallWorld.base + 64)
      try world.store([0, 0] as [UInt32])
      #expect(world.call(.capget, header, 0) == 0)
      #expect(try world.number(UInt32.self) == third)
      try world.store([1, 0] as [UInt32])
      #expect(world.error(.capget, header, data) == .EINVAL)
      try world.store([first, 0] as [UInt32])
      try world.store([UInt8](repeating: 0xee, count: 24), at: data)
      #expect(world.call(.capget, header, data) == 0)
      #expect(try world.bytes(12, at: data).prefix(8) == [255, 255, 255, 255, 255, 255, 255, 255])
      #expect(try world.bytes(1, at: data + 12) == [0xee])
      try world.store([third, 0] as [UInt32])
      #expect(world.call(.capget, header, data) == 0)
      #expect(try world.number(UInt32.self, at: data + 12) == 0x1ff)
      try world.store([third, 99] as [UInt32])
      #expect(world.error(.capget, header, data) == .ESRCH)
      try world.store([third, .max] as [UInt32])
      #expect(world.error(.capget, header, data) == .EINVAL)
    }
  }

  @Test("capset lowers and does not raise again")
  func capset() throws {
    try CallWorld.run { world throws in
      let (header, data) = (CallWorld.base, CallWorld.base + 64)
      try world.store([second, 0] as [UInt32])
      // Effective, permitted, inheritable; low, then high: CAP_KILL and CAP_SETUID.
      let few: UInt32 = 1 << 5 | 1 << 7
      try world.store([1 << 5, few, 0, 0, 0, 0] as [UInt32], at: data)
      #expect(world.call(.capset, header, data) == 0)
      #expect(!world.task.credentials.has(.CAP_SETUID) && world.task.credentials.has(.CAP_KILL))
      #expect(world.error(.setresuid, 5, 6, 7) == .EPERM)
      try world.store([few, few, 0, 0, 0, 0] as [UInt32], at: data)
      #expect(world.call(.capset, header, data) == 0)
      #expect(world.call(.setresuid, 5, 6, 0) == 0)
      try world.store([0, .max, 0, 0, 0, 0] as [UInt32], at: data)
      #expect(world.error(.capset, header, data) == .EPERM)
      try world.store([second, 99] as [UInt32])
      #expect(world.error(.capset, header, data) == .EPERM)
    }
  }

  @Test("prctl controls the bounding and ambient sets, and what a change of users keeps")
  func capabilityControl() throws {
    try CallWorld.run { world throws in
      #expect(world.call(.prctl, 23, 5) == 1)
      #expect(world.call(.prctl, 24, 5) == 0)
      #expect(world.call(.prctl, 23, 5) == 0)
      #expect(world.error(.prctl, 23, 64) == .EINVAL)
      #expect(world.error(.prctl, 24, 64) == .EINVAL)
      // An ambient capability has to be inheritable.
      #expect(world.error(.prctl, 47, 2, 7) == .EPERM)
      try world.store([third, 0] as [UInt32])
      try world.store([.max, .max, 1 << 7, 0x1ff, 0x1ff, 0] as [UInt32], at: CallWorld.base + 64)
      #expect(world.call(.capset, CallWorld.base, CallWorld.base + 64) == 0)
      #expect(world.call(.prctl, 47, 2, 7) == 0)
      #expect(world.call(.prctl, 47, 1, 7) == 1)
      #expect(world.call(.prctl, 47, 3, 7) == 0)
      #expect(world.call(.prctl, 47, 1, 7) == 0)
      #expect(world.error(.prctl, 47, 4, 1) == .EINVAL)
      #expect(world.call(.prctl, 47, 4) == 0)
      #expect(world.error(.prctl, 47, 9, 7) == .EINVAL)
      #expect(world.call(.prctl, 8, 1) == 0)
      #expect(world.call(.prctl, 7) == 1)
      #expect(world.error(.prctl, 8, 2) == .EINVAL)
      #expect(world.call(.setuid, 1_000) == 0)
      #expect(world.task.credentials.permitted.contains(.CAP_CHOWN) && !world.task.credentials.has(.CAP_CHOWN))
      #expect(world.error(.prctl, 28, 1) == .EPERM)
      #expect(world.call(.prctl, 27) == 1 << 4)
      #expect(world.error(.prctl, 24, 6) == .EPERM)
    }
  }
}
