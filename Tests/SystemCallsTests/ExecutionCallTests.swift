import Executables
import Foundations
import LinuxABI
import Machine
import Security
import Testing
import VFS
import VirtualMemory

@testable import Processes
@testable import SystemCalls

@Suite("execve", .serialized)
struct ExecutionCallTests {
  /// A program for x86-64 that is loaded at one place: a header, a part to load, and nothing that could run.
  private static var program: [UInt8] {
    func number(_ value: UInt64, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    let base: UInt64 = 0x1000_0000
    var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    bytes += number(2, 2) + number(62, 2) + number(1, 4) + number(base + 120, 8) + number(64, 8) + number(0, 8)
    bytes += number(0, 4) + number(64, 2) + number(56, 2) + number(1, 2) + number(0, 2) + number(0, 2) + number(0, 2)
    bytes += number(1, 4) + number(5, 4) + number(0, 8) + number(base, 8) + number(base, 8)
    bytes += number(128, 8) + number(128, 8) + number(4_096, 8)
    return bytes + [UInt8](repeating: 0x90, count: 8)
  }

  private func make(_ path: String, _ content: [UInt8], _ permissions: UInt16, _ world: CallWorld) throws {
    let name = Array(path.utf8)
    let file = try world.task.actor.open(name.span, OpenFlags.O_RDWR.union(.O_CREAT), permissions: 0o700)
    _ = try IOBuffer.withBuffer(draining: content.span) { buffer throws(Errno) in try file.write(&buffer) }
    try world.task.actor.setPermissions(file.path, permissions)
  }

  /// Executes the file at `path` with the arguments "a" and "b", relative to `directory` if there is one.
  private func execute(_ path: String, from directory: UInt64? = nil, _ world: CallWorld) throws -> Int64 {
    let (place, base) = (CallWorld.base + 1_024, CallWorld.base)
    try world.store(Array("a\0b\0".utf8), at: base)
    try world.store([base, base + 2, 0] as [UInt64], at: base + 8)
    try world.store(Array(path.utf8) + [0], at: place)
    if let directory { return world.call(.execveat, directory, place, base + 8, 0, 0) }
    return world.call(.execve, place, base + 8, 0)
  }

  /// Makes room for arguments in a program that was executed.
  private func mapRoom(_ world: CallWorld) throws {
    let flags: UInt64 = 0x32
    #expect(world.call(.mmap, CallWorld.base, 16_384, 3, flags, .max) == Int64(CallWorld.base))
  }

  /// What the program was told.
  private func arguments(_ world: CallWorld) throws -> [String] {
    let memory = try #require(world.task.memory)
    let range = memory.program.loaded.arguments
    var bytes = [UInt8](repeating: 0, count: Int(range.upperBound - range.lowerBound))
    var span = bytes.mutableSpan
    try memory.space.read(range.lowerBound, into: &span)
    let texts = bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
    return texts.map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("an interpreter that is a script is told to its own interpreter by its own name")
  func nestedScripts() throws {
    try CallWorld.run { world throws in
      try make("/program", Self.program, 0o755, world)
      try make("/inner", Array("#!/program x\n".utf8), 0o755, world)
      try make("/outer", Array("#!/inner y\n".utf8), 0o755, world)
      #expect(try execute("/outer", world) == 0)
      #expect(try arguments(world) == ["/program", "x", "/inner", "y", "/outer", "b"])
    }
  }

  @Test("a script that is executed by a descriptor is told all of its path")
  func longPath() throws {
    try CallWorld.run { world throws in
      try make("/program", Self.program, 0o755, world)
      var path = ""
      for letter in ["p", "q"] {
        path += (path.isEmpty ? "" : "/") + String(repeating: letter, count: 200)
        let name = Array(("/" + path).utf8)
        try world.task.actor.makeDirectory(name.span, permissions: 0o755)
      }
      try make("/" + path + "/s", Array("#!/program\n".utf8), 0o755, world)
      let root = try world.task.actor.open(Array("/".utf8).span, [])
      let number = UInt64(try world.task.files.add(root, limit: 64, closesOnExecution: false).rawValue)
      #expect(try execute(path + "/s", from: number, world) == 0)
      #expect(try arguments(world) == ["/program", "/dev/fd/\(number)/\(path)/s", "b"])
    }
  }

  @Test("memory may be locked with the rights that the program has, not with those that were lost to it")
  func lockLimit() throws {
    try CallWorld.run { world throws in
      try make("/program", Self.program, 0o755, world)
      let user = UserID(rawValue: 1_000)
      world.task.become(
        Credentials(user: user, group: GroupID(rawValue: 1_000), capabilities: CapabilitySet(.CAP_IPC_LOCK)))
      #expect(world.task.memory?.space.limits.ignoresLockLimit == true)
      #expect(try execute("/program", world) == 0)
      #expect(!world.task.credentials.has(.CAP_IPC_LOCK))
      #expect(world.task.memory?.space.limits.ignoresLockLimit == false)
    }
  }

  @Test("a program that gains rights shares neither directories nor descriptors with whoever executed it")
  func sharing() throws {
    try CallWorld.run { world throws in
      try make("/program", Self.program, 0o755, world)
      try make("/privileged", Self.program, 0o4755, world)
      world.task.become(CallWorld.ordinary)
      let other = try world.addProcess(CallWorld.ordinary)
      other.setFiles(world.task.files)
      #expect(world.task.context === other.context && world.task.files === other.files)
      #expect(try execute("/program", world) == 0)
      #expect(world.task.context === other.context && world.task.files !== other.files)
      try mapRoom(world)
      #expect(try execute("/privileged", world) == 0)
      #expect(world.task.credentials.users.effective == .root && world.task.context !== other.context)
      #expect(world.task.memory?.isDumpable.load(ordering: .relaxed) == false)
      other.memory?.endUse()
    }
  }

  @Test("a program that may only be executed is not looked into")
  func unreadable() throws {
    try CallWorld.run { world throws in
      try make("/program", Self.program, 0o711, world)
      world.task.become(CallWorld.ordinary)
      #expect(try execute("/program", world) == 0)
      #expect(world.task.memory?.isDumpable.load(ordering: .relaxed) == false)
    }
  }

  @Test("who has become a user with too many tasks executes nothing until there are less")
  func taskLimit() throws {
    try CallWorld.run { world throws in
      try make("/program", Self.program, 0o755, world)
      let user = UserID(rawValue: 1_000)
      try UserAccounts.charge(user, limit: .max)
      defer { UserAccounts.release(user) }
      try world.process.setLimit(.RLIMIT_NPROC, ResourceLimits.Limit(1, maximum: 1))
      world.task.become(CallWorld.ordinary)
      #expect(try execute("/program", world) == .error(.EAGAIN))
      UserAccounts.release(user)
      #expect(try execute("/program", world) == 0)
      try UserAccounts.charge(user, limit: .max)
    }
  }
}
