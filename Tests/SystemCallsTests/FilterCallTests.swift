import Foundations
import LinuxABI
import Machine
import Security
import Testing

@testable import Processes
@testable import SystemCalls

@Suite("Filters of calls", .serialized)
struct FilterCallTests {
  /// Stores a program at 256 and its `struct sock_fprog` at the base.
  private func store(_ program: [(UInt16, UInt8, UInt8, UInt32)], _ world: CallWorld) throws {
    let place = CallWorld.base + 256
    try world.store([UInt16(program.count)])
    try world.store([place], at: CallWorld.base + 8)
    for (index, (code, yes, no, constant)) in program.enumerated() {
      let word = UInt64(code) | UInt64(yes) << 16 | UInt64(no) << 24 | UInt64(constant) << 32
      try world.store([word], at: place + UInt64(index) * 8)
    }
  }

  /// Refuses one call with an error.
  private func refusing(_ call: SystemCallNumber, _ error: UInt32) -> [(UInt16, UInt8, UInt8, UInt32)] {
    [(0x20, 0, 0, 0), (0x15, 0, 1, UInt32(call.rawValue)), (0x06, 0, 0, 0x5_0000 | error), (0x06, 0, 0, 0x7fff_0000)]
  }

  @Test("a filter needs rights or a renunciation, decides about calls, and is added to by others")
  func filters() throws {
    try CallWorld.run(as: CallWorld.ordinary) { world throws in
      try store(refusing(.getuid, 42), world)
      #expect(world.error(.seccomp, 1, 0, CallWorld.base) == .EACCES)
      #expect(world.call(.prctl, 21) == 0)
      #expect(world.call(.prctl, 38, 1) == 0)
      #expect(world.call(.seccomp, 1, 0, CallWorld.base) == 0)
      #expect(world.call(.prctl, 21) == 2)
      #expect(world.call(.getuid) == -42)
      #expect(world.call(.getgid) == 1_000)
      try store(refusing(.getgid, 43), world)
      #expect(world.call(.prctl, 22, 2, CallWorld.base) == 0)
      #expect(world.call(.getuid) == -42 && world.call(.getgid) == -43)
      #expect(world.call(.getpid) == 1)
      #expect(world.error(.seccomp, 0, 0, 0) == .EINVAL)
      #expect(world.error(.seccomp, 1, 8, CallWorld.base) == .EINVAL)
      #expect(world.error(.seccomp, 1, 0, 8) == .EFAULT)
    }
  }

  @Test("all tasks of a process get a filter at once, unless one has another")
  func synchronization() throws {
    try CallWorld.run { world throws in
      let other = Task(world.process, try world.tree.makeIdentifier(), world.task.resourcesForOthers)
      try world.process.add(other)
      try store(refusing(.getuid, 42), world)
      #expect(world.call(.seccomp, 1, 1, CallWorld.base) == 0)
      #expect(other.callFilter === world.task.callFilter && other.callFilter != nil)
      #expect(other.callWork.load(ordering: .relaxed) == 2)
      other.setCallFilter(
        try CallFilter([CallFilter.RawInstruction(code: 6, yes: 0, no: 0, constant: 0)].span, besides: nil))
      #expect(world.call(.seccomp, 1, 1, CallWorld.base) == Int64(other.threadIdentifier))
      #expect(world.error(.seccomp, 1, 0x11, CallWorld.base) == .ESRCH)
    }
  }

  @Test("a call that ends the process or the thread is not served")
  func ends() throws {
    try CallWorld.run { world throws in
      try store(
        [
          (0x20, 0, 0, 0), (0x15, 0, 1, UInt32(SystemCallNumber.sethostname.rawValue)), (0x06, 0, 0, 0x8000_0000),
          (0x06, 0, 0, 0x7fff_0000),
        ], world)
      #expect(world.call(.seccomp, 1, 0, CallWorld.base) == 0)
      #expect(!world.process.isEnding)
      #expect(world.error(.sethostname, CallWorld.base, 4) == .ENOSYS)
      #expect(world.process.isEnding)
    }
    try CallWorld.run { world throws in
      #expect(world.call(.prctl, 22, 1) == 0)
      #expect(!world.task.isEnding)
      _ = world.call(.getpid)
      #expect(world.task.isEnding)
    }
  }

  @Test("a call that a filter traps is not served, leaves its number, and is told by SIGSYS")
  func traps() throws {
    try CallWorld.run { world throws in
      try store(
        [
          (0x20, 0, 0, 0), (0x15, 0, 1, UInt32(SystemCallNumber.sethostname.rawValue)), (0x06, 0, 0, 0x3_0007),
          (0x06, 0, 0, 0x7fff_0000),
        ], world)
      #expect(world.call(.seccomp, 1, 0, CallWorld.base) == 0)
      try world.store([0x40_1000, 0x400_0000, 0x40_1000, 0] as [UInt64])
      #expect(world.call(.rt_sigaction, 31, CallWorld.base, 0, 8) == 0)
      #expect(world.call(.sethostname, CallWorld.base, 4) == Int64(SystemCallNumber.sethostname.rawValue))
      #expect(!world.process.isEnding)
      #expect(world.task.signalSummary.pending.rawValue == 1 << 30)
    }
  }

  @Test("what a filter may say is told")
  func actions() throws {
    try CallWorld.run { world throws in
      for action in [0x8000_0000, 0, 0x3_0000, 0x5_0000, 0x7ff0_0000, 0x7ffc_0000, 0x7fff_0000] as [UInt32] {
        try world.store([action])
        #expect(world.call(.seccomp, 2, 0, CallWorld.base) == 0)
      }
      for action in [0x7fc0_0000, 5] as [UInt32] {
        try world.store([action])
        #expect(world.error(.seccomp, 2, 0, CallWorld.base) == .EOPNOTSUPP)
      }
      #expect(world.error(.seccomp, 2, 1, CallWorld.base) == .EINVAL)
      #expect(world.error(.seccomp, 3, 0, CallWorld.base) == .EINVAL)
    }
  }
}
