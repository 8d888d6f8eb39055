import Foundations
import LinuxABI
import Machine
import Security
import Testing
import VFS
import Waiting

@testable import Processes
@testable import SystemCalls

@Suite("Calls that control processes", .serialized)
struct ControlCallTests {
  // MARK: prctl

  @Test("a name has at most 15 bytes, and is read no further than it goes")
  func names() throws {
    try CallWorld.run { world throws in
      try world.store(Array("a name that is much too long\0".utf8))
      #expect(world.call(.prctl, 15, CallWorld.base) == 0)
      #expect(world.call(.prctl, 16, CallWorld.base + 64) == 0)
      #expect(try world.text(at: CallWorld.base + 64) == "a name that is ")
      let end = CallWorld.base + CallWorld.pageCount << 12
      try world.store(Array("end\0".utf8), at: end - 4)
      #expect(world.call(.prctl, 15, end - 4) == 0)
      #expect(world.error(.prctl, 15, end - 3 + 3) == .EFAULT)
      #expect(world.error(.prctl, 16, end - 15) == .EFAULT)
    }
  }

  @Test("options of prctl are refused, or kept and told")
  func options() throws {
    try CallWorld.run { world throws in
      #expect(world.error(.prctl, 1, 65) == .EINVAL)
      #expect(world.call(.prctl, 1, 9) == 0)
      #expect(world.call(.prctl, 2, CallWorld.base) == 0)
      #expect(try world.number(Int32.self) == 9)
      #expect(world.error(.prctl, 4, 2) == .EINVAL)
      #expect(world.call(.prctl, 4, 0) == 0 && world.call(.prctl, 3) == 0)
      #expect(world.call(.prctl, 36, 1) == 0)
      #expect(world.call(.prctl, 37, CallWorld.base) == 0)
      #expect(try world.number(Int32.self) == 1)
      #expect(world.process.isSubreaper)
      #expect(world.error(.prctl, 38, 0) == .EINVAL)
      #expect(world.error(.prctl, 38, 1, 1) == .EINVAL)
      #expect(world.call(.prctl, 39) == 0)
      #expect(world.call(.prctl, 38, 1) == 0 && world.call(.prctl, 39) == 1)
      #expect(world.call(.prctl, 30) == 50_000)
      #expect(world.call(.prctl, 29, 7) == 0 && world.call(.prctl, 30) == 7)
      #expect(world.call(.prctl, 29, 0) == 0 && world.call(.prctl, 30) == 50_000)
      #expect(world.call(.prctl, 42) == 0)
      #expect(world.call(.prctl, 41, 1) == 0 && world.call(.prctl, 42) == 1)
      #expect(world.error(.prctl, 41, 1, 1) == .EINVAL)
      #expect(world.error(.prctl, 14, 1) == .EINVAL)
      #expect(world.error(.prctl, 26, 2) == .EINVAL)
      #expect(world.error(.prctl, 99_999) == .EINVAL)
      world.task.clearedAddress = 0x1234
      #expect(world.call(.prctl, 40, CallWorld.base) == 0)
      #expect(try world.number(UInt64.self) == 0x1234)
    }
  }

  @Test("a personality is told, and only asked for by all ones")
  func personality() throws {
    try CallWorld.run { world throws in
      let all = UInt64(UInt32.max)
      #expect(world.call(.personality, all) == 0)
      #expect(world.call(.personality, 0x40000) == 0)
      #expect(world.call(.personality, all) == 0x40000)
    }
  }

  // MARK: Handles

  @Test("a handle of a process says when it has ended, and lets its files be taken")
  func handles() throws {
    try CallWorld.run { world throws in
      if world.error(.pidfd_open, 1, 0) == .ENODEV {
        try ProcessHandles.start(names: try DentryCache(bucketCount: 4), clock: FileClock())
      }
      let other = try world.addProcess(.root)
      defer { other.memory?.endUse() }
      let number = UInt64(other.processIdentifier)
      #expect(world.error(.pidfd_open, 0, 0) == .EINVAL)
      #expect(world.error(.pidfd_open, 99, 0) == .ESRCH)
      #expect(world.error(.pidfd_open, number, 0x80) == .EINVAL)
      let handle = world.call(.pidfd_open, number, 0x800)
      #expect(handle >= 0)
      let file = try world.task.files.file(Descriptor(rawValue: Int32(handle)))
      #expect(file.canPoll && file.isNonblocking && file.poll().isEmpty)
      #expect(try world.task.files.closesOnExecution(Descriptor(rawValue: Int32(handle))))

      let theirs = try world.task.actor.open(Array("/".utf8).span, [])
      let target = try other.files.add(theirs, limit: 64, closesOnExecution: false)
      #expect(world.error(.pidfd_getfd, UInt64(handle), UInt64(target.rawValue), 1) == .EINVAL)
      #expect(world.error(.pidfd_getfd, UInt64(handle), 77, 0) == .EBADF)
      let taken = world.call(.pidfd_getfd, UInt64(handle), UInt64(target.rawValue), 0)
      #expect(try world.task.files.file(Descriptor(rawValue: Int32(taken))) === theirs)
      #expect(world.error(.pidfd_getfd, UInt64(taken), UInt64(target.rawValue), 0) == .EBADF)

      #expect(world.call(.pidfd_send_signal, UInt64(handle), 0, 0, 0) == 0)
      // Handled by the caller, whom no signal ends.
      try world.store([0x40_1000, 0x400_0000, 0x40_1000, 0] as [UInt64])
      #expect(world.call(.rt_sigaction, 10, CallWorld.base, 0, 8) == 0)
      let own = world.call(.pidfd_open, 1, 0)
      #expect(world.call(.pidfd_send_signal, UInt64(own), 10, 0, 0) == 0)
      #expect(world.task.signalSummary.processPending.rawValue == 1 << 9)
      #expect(world.error(.pidfd_send_signal, UInt64(handle), 10, 0, 1) == .EINVAL)
      #expect(world.error(.pidfd_send_signal, UInt64(handle), 99, 0, 0) == .EINVAL)
      #expect(world.error(.pidfd_send_signal, UInt64(handle), 10, 8, 0) == .EFAULT)
      #expect(world.error(.pidfd_send_signal, UInt64(taken), 10, 0, 0) == .EBADF)
      #expect(!other.process.isEnding)

      // waitid with P_PIDFD and WEXITED.
      #expect(world.error(.waitid, 3, UInt64(handle), CallWorld.base, 4, 0) == .EAGAIN)
      #expect(world.error(.waitid, 3, UInt64(taken), CallWorld.base, 4, 0) == .EBADF)
      #expect(other.process.remove(other, usage: ResourceUsage()))
      other.process.end(ExitStatus(code: 3))
      other.process.finish()
      #expect(file.poll().contains(.input))
      #expect(world.error(.pidfd_getfd, UInt64(handle), UInt64(target.rawValue), 0) == .ESRCH)
      #expect(world.call(.waitid, 3, UInt64(handle), CallWorld.base, 4, 0) == 0)
      #expect(try world.number(Int32.self, at: CallWorld.base + 24) == 3)
      #expect(world.error(.waitid, 3, UInt64(handle), CallWorld.base, 4, 0) == .ECHILD)
      #expect(world.error(.pidfd_send_signal, UInt64(handle), 0, 0, 0) == .ESRCH)
      #expect(file.poll().contains(.input))
    }
  }

  @Test("who may not control a process does not take its files, compare it, or move its memory")
  func control() throws {
    try CallWorld.run(as: CallWorld.ordinary) { world throws in
      let other = try world.addProcess(.root)
      let same = try world.addProcess(CallWorld.ordinary)
      defer {
        other.memory?.endUse()
        same.memory?.endUse()
      }
      let (own, others, sames) = (
        UInt64(world.task.threadIdentifier), UInt64(other.threadIdentifier), UInt64(same.threadIdentifier)
      )
      #expect(world.error(.kcmp, own, others, 1) == .EPERM)
      #expect(world.error(.kcmp, own, 99, 1) == .ESRCH)
      #expect(world.call(.kcmp, own, own, 1) == 0)
      let order = world.call(.kcmp, own, sames, 1)
      #expect(order == 1 || order == 2)
      #expect(world.call(.kcmp, sames, own, 1) == 3 - order)
      // The root directory is the same context for all in this test.
      #expect(world.call(.kcmp, own, sames, 3) == 0)
      #expect(world.error(.kcmp, own, sames, 0, 0, 0) == .EBADF)
      same.memory?.isDumpable.store(false, ordering: .relaxed)
      #expect(world.error(.kcmp, own, sames, 1) == .EPERM)
      try world.store([CallWorld.base, 8], at: CallWorld.base + 64)
      let vector = CallWorld.base + 64
      #expect(world.error(.process_vm_readv, others, vector, 1, vector, 1, 0) == .EPERM)
    }
  }

  @Test("memory of another process is read and written, as far as it goes")
  func memoryOfOthers() throws {
    try CallWorld.run { world throws in
      try world.store(Array("theirs".utf8), at: CallWorld.base + 4_090)
      let other = try world.addProcess(.root)
      defer { other.memory?.endUse() }
      let number = UInt64(other.threadIdentifier)
      try world.store(Array("ours!!".utf8), at: CallWorld.base + 4_090)
      let (local, remote, data) = (CallWorld.base + 8_192, CallWorld.base + 8_256, CallWorld.base + 12_288)
      try world.store([data, 4, data + 100, 1_000] as [UInt64], at: local)
      try world.store(
        [CallWorld.base + 4_090, 6, CallWorld.base + CallWorld.pageCount << 12 - 3, 9] as [UInt64], at: remote)
      #expect(world.error(.process_vm_readv, number, local, 2, remote, 2, 1) == .EINVAL)
      #expect(world.error(.process_vm_readv, number, local, 1_025, remote, 2, 0) == .EINVAL)
      #expect(world.call(.process_vm_readv, number, local, 0, remote, 2, 0) == 0)
      #expect(world.error(.process_vm_readv, 99, local, 2, remote, 2, 0) == .ESRCH)
      // Six bytes, and the three of the second piece that are there are of a page whose rest is not.
      #expect(world.call(.process_vm_readv, number, local, 2, remote, 1, 0) == 6)
      #expect(try world.bytes(4, at: data) + world.bytes(2, at: data + 100) == Array("theirs".utf8))
      #expect(world.call(.process_vm_readv, number, local, 2, remote, 2, 0) == 9)
      try world.store([data, 6] as [UInt64], at: local)
      try world.store(Array("WRITTEN".utf8), at: data)
      #expect(world.call(.process_vm_writev, number, local, 1, remote, 1, 0) == 6)
      #expect(world.call(.process_vm_readv, number, local, 1, remote, 1, 0) == 6)
      #expect(try world.bytes(6, at: data) == Array("WRITTE".utf8))
      #expect(try world.bytes(6, at: CallWorld.base + 4_090) == Array("ours!!".utf8))
      try world.store([8, 6] as [UInt64], at: remote)
      #expect(world.error(.process_vm_readv, number, local, 1, remote, 1, 0) == .EFAULT)
    }
  }

  @Test("what is shared can be had alone; namespaces cannot")
  func unshare() throws {
    try CallWorld.run { world throws in
      let (files, context) = (world.task.files, world.task.context)
      #expect(world.call(.unshare, 0x400 | 0x200 | 0x40000) == 0)
      #expect(world.task.files === files, "nobody shared them")
      #expect(world.task.context !== context)
      files.beginUse()
      #expect(world.call(.unshare, 0x400) == 0)
      #expect(world.task.files !== files)
      files.endUse()
      #expect(world.error(.unshare, 0x1000_0000) == .EINVAL)
      #expect(world.error(.unshare, 0x400_0000) == .EINVAL)
      #expect(world.error(.unshare, 1) == .EINVAL)
      #expect(world.call(.unshare, 0x100) == 0)
      #expect(world.error(.setns, 77, 0) == .EBADF)
      #expect(world.call(.setuid, 5) == 0)
      #expect(world.error(.unshare, 0x400_0000) == .EPERM)
    }
  }

  // MARK: Restartable sequences

  /// Interrupts a program at `address`; where it goes on.
  private func interrupt(_ world: CallWorld, at address: UInt64) throws -> UInt64 {
    var registers = UserRegisters()
    registers.rip = address
    return try UserContext.simulateCall(registers) { registers throws in try world.task.interruptSequence(registers) }
      .rip
  }

  @Test("an area is registered once, and the sequence in it that is interrupted begins again")
  func sequences() throws {
    try CallWorld.run { world throws in
      let (area, descriptor, code) = (CallWorld.base, CallWorld.base + 64, CallWorld.base + 4_096)
      let signature: UInt64 = 0x5305_3053
      #expect(world.error(.rseq, area + 8, 32, 0, signature) == .EINVAL)
      #expect(world.error(.rseq, area, 40, 0, signature) == .EINVAL)
      #expect(world.error(.rseq, area, 32, 2, signature) == .EINVAL)
      #expect(world.error(.rseq, area, 32, 1, signature) == .EINVAL)
      #expect(world.error(.rseq, 0x8000_0000_0000, 32, 0, signature) == .EFAULT)
      #expect(world.call(.rseq, area, 32, 0, signature) == 0)
      #expect(world.error(.rseq, area, 32, 0, signature) == .EBUSY)
      #expect(world.error(.rseq, area, 32, 0, 1) == .EPERM)
      #expect(world.error(.rseq, area + 32, 32, 0, signature) == .EINVAL)
      // The code: its signature, and where it goes on.
      try world.store([UInt32(signature)], at: code + 0x100 - 4)
      try world.store([0, code, 0x20, code + 0x100] as [UInt64], at: descriptor)
      #expect(try interrupt(world, at: code + 4) == code + 4)
      try world.store([descriptor], at: area + 8)
      #expect(try interrupt(world, at: code + 0x1f) == code + 0x100)
      #expect(try world.number(UInt64.self, at: area + 8) == 0)
      try world.store([descriptor], at: area + 8)
      #expect(try interrupt(world, at: code + 0x20) == code + 0x20)
      #expect(try world.number(UInt64.self, at: area + 8) == 0)
      for bad in [
        [1, code, 0x20, code + 0x100], [0, code, 0x20, code + 0x10], [0, code, 0x20, code + 0x104],
        [0, code, 0x20, UInt64.max], [0, UInt64.max, 0x20, code + 0x100], [0, code, UInt64.max, code + 0x100],
      ] {
        try world.store(bad, at: descriptor)
        try world.store([descriptor], at: area + 8)
        #expect(throws: Errno.EINVAL) { try interrupt(world, at: code) }
      }
      try world.store([UInt64(8)], at: area + 8)
      #expect(throws: Errno.EFAULT) { try interrupt(world, at: code) }
      #expect(world.error(.rseq, area, 32, 1, 1) == .EPERM)
      #expect(world.call(.rseq, area, 32, 1, signature) == 0)
      #expect(try world.number(UInt32.self, at: area + 4) == .max)
      #expect(try interrupt(world, at: code) == code)
    }
  }
}
