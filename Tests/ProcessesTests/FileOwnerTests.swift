import Foundations
import LinuxABI
import Machine
import Security
import Signals
import Testing
import VFS

@testable import Processes

@Suite("Owners of files that are told by signals", .serialized)
struct FileOwnerTests {
  private func user(_ number: UInt32) -> Credentials {
    Credentials(user: UserID(rawValue: number), group: GroupID(rawValue: number))
  }

  private func tell(_ owner: ProcessFileOwner, _ event: FileEvent = .input, _ signal: Signal? = nil) {
    owner.tell(event, signal: Int32(signal?.rawValue ?? 0), descriptor: Descriptor(rawValue: 9))
  }

  @Test("SIGIO says nothing more; a signal that was asked for says of which descriptor, and what it is ready for")
  func information() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      let realTime = try #require(Signal(rawValue: 40))
      for signal in [.SIGIO, .SIGCHLD, realTime] as [Signal] { try task.catchSignal(signal) }
      let owner = try ProcessFileOwner(.process, process.number, by: task)
      #expect(owner.number == process.number)
      func told(_ event: FileEvent, _ signal: Signal?) throws -> SignalInformation {
        tell(owner, event, signal)
        let view = task.deliver()
        task.setBlockedSignals([])
        return try #require(view.information)
      }
      let plain = try told(.input, nil)
      #expect(plain.signal == .SIGIO && plain.code == .kernel)
      for signal in [Signal.SIGIO, realTime] {
        #expect(try told(.input, signal) == .poll(signal, SignalCode(rawValue: 1), band: 0x41, descriptor: 9))
        #expect(try told(.output, signal) == .poll(signal, SignalCode(rawValue: 2), band: 0x304, descriptor: 9))
        #expect(try told(.hangUp, signal) == .poll(signal, SignalCode(rawValue: 6), band: 0x18, descriptor: 9))
      }
      // 1 would be CLD_EXITED.
      #expect(try told(.input, .SIGCHLD) == .poll(.SIGCHLD, .queuedIO, band: 0x41, descriptor: 9))
    }
  }

  @Test("A real-time signal that cannot be queued becomes SIGIO")
  func fullQueue() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      let realTime = try #require(Signal(rawValue: 40))
      for signal in [.SIGIO, realTime] as [Signal] { try task.catchSignal(signal) }
      try process.setLimit(.RLIMIT_SIGPENDING, ResourceLimits.Limit(1, maximum: 1))
      let owner = try ProcessFileOwner(.process, process.number, by: task)
      tell(owner, .input, realTime)
      #expect(!task.pendingSignals.contains(.SIGIO))
      tell(owner, .input, realTime)
      #expect(task.hasDeliverableSignal)
      #expect(process.isPending(.SIGIO, for: nil) && process.isPending(realTime, for: nil))
    }
  }

  @Test("A task alone, a process or all of a group are told, as far as whoever named them might send them a signal")
  func receivers() throws {
    try SignalWorld.run { world in
      let (namer, same, other) = (
        try #require(try world.makeProcess(user(1)).leader), try world.makeProcess(user(1)),
        try world.makeProcess(user(2))
      )
      let (first, second) = (try #require(same.leader), try world.addTask(to: same, user(1)))
      for task in [first, try #require(other.leader)] { try task.catchSignal(.SIGIO) }
      tell(try ProcessFileOwner(.task, second.threadIdentifier, by: namer))
      #expect(second.hasDeliverableSignal && !same.isPending(.SIGIO, for: nil) && same.isPending(.SIGIO, for: second))
      tell(try ProcessFileOwner(.process, same.number, by: namer))
      #expect(same.isPending(.SIGIO, for: nil))
      tell(try ProcessFileOwner(.process, other.number, by: namer))
      #expect(!other.isPending(.SIGIO, for: nil))
      for member in [same, other] {
        try world.tree.setGroup(of: 0, to: 0, by: member)
        _ = try? world.tree.setGroup(of: 0, to: same.number, by: member)
      }
      let group = try ProcessFileOwner(.group, same.number, by: namer)
      #expect(first.deliver().signal == .SIGIO)
      tell(group)
      #expect(same.isPending(.SIGIO, for: nil) && !other.isPending(.SIGIO, for: nil))
      // What counts is who named the owner.
      tell(try ProcessFileOwner(.group, same.number, by: try #require(world.first.leader)))
      #expect(other.isPending(.SIGIO, for: nil))
    }
  }

  @Test("An owner that is gone is nobody, whoever gets its number")
  func gone() throws {
    try SignalWorld.run { world in
      let caller = try #require(world.first.leader)
      #expect(throws: Errno.ESRCH) { try ProcessFileOwner(.process, 9_999, by: caller) }
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      let owners = [
        try ProcessFileOwner(.process, process.number, by: caller),
        try ProcessFileOwner(.task, process.number, by: caller),
      ]
      #expect(process.remove(task, usage: ResourceUsage()))
      world.tree.remove(task)
      #expect(owners[1].number == 0)
      world.tree.end(process, ExitStatus(code: 0))
      #expect(owners[0].number == process.number)
      // A zombie takes it, and does nothing about it.
      for owner in owners { tell(owner) }
      _ = try world.tree.takeReport(for: world.first, WaitRequest(.node(process), [.WEXITED]))
      #expect(owners[0].number == 0)
      for owner in owners { tell(owner) }
    }
  }
}
