import Foundations
import LinuxABI
import Machine
import Security
import Signals
import Testing

@testable import Processes

@Suite("Who may be sent signals", .serialized)
struct SignalSendingTests {
  private func user(_ number: UInt32) -> Credentials {
    Credentials(user: UserID(rawValue: number), group: GroupID(rawValue: number))
  }

  @Test("a process's own user and who has CAP_KILL may; SIGCONT also within the session")
  func permissions() throws {
    try SignalWorld.run { world in
      let (own, same, other) = (
        try world.makeProcess(user(1)), try world.makeProcess(user(1)), try world.makeProcess(user(2))
      )
      let root = try world.makeProcess()
      let sender = try #require(own.leader)
      func send(_ signal: Signal?, _ receiver: Process, by task: Task? = nil) throws(Errno) {
        try world.tree.send(signal, .bare(.SIGUSR1), to: .process(receiver.number), by: task ?? sender)
      }
      try send(.SIGUSR1, same)
      try send(nil, same)
      #expect(same.isEnding)
      #expect(throws: Errno.EPERM) { try send(.SIGUSR1, other) }
      #expect(throws: Errno.EPERM) { try send(nil, other) }
      try send(.SIGCONT, other)
      _ = try world.tree.makeSession(for: other)
      #expect(throws: Errno.EPERM) { try send(.SIGCONT, other) }
      #expect(!other.isEnding)
      try send(.SIGTERM, other, by: root.leader)
      #expect(other.isEnding)
      #expect(throws: Errno.ESRCH) {
        try world.tree.send(nil, .bare(.SIGUSR1), to: .process(9_999), by: sender)
      }
    }
  }

  @Test("a group gets a signal if any of it may; everybody is all but the first and oneself")
  func groups() throws {
    try SignalWorld.run { world in
      let sender = try world.makeProcess(user(1))
      let task = try #require(sender.leader)
      let members = [try world.makeProcess(user(1)), try world.makeProcess(user(2))]
      for member in members {
        try world.tree.setGroup(of: 0, to: 0, by: member)
        _ = try? world.tree.setGroup(of: 0, to: members[0].number, by: member)
      }
      let group = try world.tree.group(of: members[1].number, by: sender)
      #expect(group == members[0].number)
      try world.tree.send(.SIGTERM, .bare(.SIGTERM), to: .group(group), by: task)
      #expect(members[0].isEnding && !members[1].isEnding)
      #expect(throws: Errno.ESRCH) { try world.tree.send(.SIGTERM, .bare(.SIGTERM), to: .group(777), by: task) }
      let stranger = try world.makeProcess(user(2))
      try world.tree.setGroup(of: 0, to: 0, by: stranger)
      #expect(throws: Errno.EPERM) {
        try world.tree.send(.SIGTERM, .bare(.SIGTERM), to: .group(stranger.number), by: task)
      }
      let mine = try world.makeProcess(user(1))
      try world.tree.send(.SIGKILL, .bare(.SIGKILL), to: .all, by: task)
      #expect(mine.isEnding && !sender.isEnding && !stranger.isEnding && !world.first.isEnding)
    }
  }

  @Test("until it is waited for, one that has ended can be sent signals by whoever might before, also in its group")
  func zombies() throws {
    try SignalWorld.run { world in
      let (sender, stranger) = (try #require(try world.makeProcess(user(1)).leader), try world.makeProcess(user(2)))
      let zombie = try world.makeProcess(user(1))
      try world.tree.setGroup(of: 0, to: 0, by: zombie)
      let task = try #require(zombie.leader)
      #expect(zombie.remove(task, usage: ResourceUsage()))
      world.tree.remove(task)
      world.tree.end(zombie, ExitStatus(code: 0))
      let number = zombie.number
      func send(_ signal: Signal?, _ receivers: SignalReceivers, by task: Task? = nil) throws(Errno) {
        try world.tree.send(signal, .bare(.SIGTERM), to: receivers, by: task ?? sender)
      }
      func sendTask(_ signal: Signal?, of process: Int32?, by task: Task? = nil) throws(Errno) {
        try world.tree.send(signal, .bare(.SIGTERM), toTask: number, of: process, by: task ?? sender)
      }
      for signal in [nil, .SIGTERM, .SIGKILL] as [Signal?] {
        try send(signal, .process(number))
        try send(signal, .group(number))
        try sendTask(signal, of: nil)
        try sendTask(signal, of: number)
        #expect(throws: Errno.ESRCH) { try sendTask(signal, of: number + 1) }
        #expect(throws: Errno.EPERM) { try send(signal, .process(number), by: stranger.leader) }
        #expect(throws: Errno.EPERM) { try send(signal, .group(number), by: stranger.leader) }
        #expect(throws: Errno.EPERM) { try sendTask(signal, of: nil, by: stranger.leader) }
      }
      #expect(zombie.life == .zombie)
      _ = try world.tree.takeReport(for: world.first, WaitRequest(.node(zombie), [.WEXITED]))
      for receivers in [.process(number), .group(number)] as [SignalReceivers] {
        #expect(throws: Errno.ESRCH) { try send(nil, receivers) }
      }
      #expect(throws: Errno.ESRCH) { try sendTask(nil, of: nil) }
    }
  }

  @Test("kill finds a process by the number of any of its tasks")
  func taskNumbers() throws {
    try SignalWorld.run { world in
      let (sender, receiver) = (try world.makeProcess(user(1)), try world.makeProcess(user(1)))
      let (own, task) = (try #require(sender.leader), try world.addTask(to: receiver, user(1)))
      #expect(task.threadIdentifier != receiver.number)
      try world.tree.send(.SIGTERM, .bare(.SIGTERM), to: .process(task.threadIdentifier), by: own)
      #expect(receiver.isEnding)
    }
  }

  @Test("a task is found by its number, and only in the process that was named")
  func tasks() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let sender = try #require(process.leader)
      let task = try world.addTask(to: process)
      try task.catchSignal(.SIGUSR1)
      let number = task.threadIdentifier
      try world.tree.send(.SIGUSR1, .bare(.SIGUSR1), toTask: number, of: process.number, by: sender)
      #expect(task.deliver().signal == .SIGUSR1 && sender.pendingSignals.isEmpty)
      #expect(throws: Errno.ESRCH) {
        try world.tree.send(.SIGUSR1, .bare(.SIGUSR1), toTask: number, of: number, by: sender)
      }
      #expect(throws: Errno.ESRCH) {
        try world.tree.send(nil, .bare(.SIGUSR1), toTask: 9_999, of: nil, by: sender)
      }
    }
  }

  @Test("what the parent wants decides whether it is told of children, and whether they stay")
  func children() throws {
    try SignalWorld.run { world in
      let parent = try world.makeProcess()
      let task = try #require(parent.leader)
      func end(_ child: Process) { world.tree.end(child, ExitStatus(code: 3)) }
      try task.catchSignal(.SIGCHLD, .SA_NOCLDSTOP)
      var child = try world.makeProcess(parent: parent)
      world.tree.note(.stopped(.SIGSTOP), of: child)
      #expect(!task.hasDeliverableSignal)
      end(child)
      let told = task.deliver()
      #expect(told.information?.code.rawValue == 1 && told.information?.status == 3)
      #expect(world.tree.process(child.number) != nil)
      task.setBlockedSignals([])
      try task.catchSignal(.SIGCHLD, .SA_NOCLDWAIT)
      child = try world.makeProcess(parent: parent)
      let number = child.number
      end(child)
      #expect(task.deliver().signal == .SIGCHLD)
      #expect((world.tree.process(number) as? Process) !== child)
      _ = try task.exchangeDisposition(.SIGCHLD, .ignored)
      end(try world.makeProcess(parent: parent))
      #expect(!task.hasDeliverableSignal && task.pendingSignals.isEmpty)
    }
  }

  @Test("a copy has the handlers and the mask of its parent, a new program neither handlers nor stack")
  func inheritance() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      try task.catchSignal(.SIGINT)
      _ = try task.exchangeDisposition(.SIGHUP, .ignored)
      task.setBlockedSignals(SignalSet(.SIGINT))
      try process.kill(.SIGINT)
      try task.setAlternateStack(AlternateStack(base: 1, byteCount: 4096, flags: []), stackPointer: 0)
      let copy = try task.dispositions(for: CloneRequest([], exitSignal: .SIGCHLD))
      #expect(copy !== task.dispositions && copy[.SIGINT].isCaught && copy[.SIGHUP].isIgnored)
      var clearing = CloneRequest([], exitSignal: nil)
      clearing.clearsHandlers = true
      #expect(try task.dispositions(for: clearing)[.SIGINT].isStandard)
      let child = try #require(try world.makeProcess().leader)
      task.prepareSignals(of: child, [])
      #expect(child.blockedSignals == SignalSet(.SIGINT) && child.pendingSignals.isEmpty)
      #expect(child.alternateStack(stackPointer: 0).byteCount == 4096)
      let thread = try #require(try world.makeProcess().leader)
      task.prepareSignals(of: thread, [.CLONE_VM, .CLONE_THREAD, .CLONE_SIGHAND])
      #expect(thread.alternateStack(stackPointer: 0).flags == .SS_DISABLE)
      // A table that is shared is left to the others.
      #expect(try task.dispositionsForExecution() === task.dispositions)
      let shared = try task.dispositions(for: CloneRequest([.CLONE_SIGHAND, .CLONE_VM], exitSignal: nil))
      #expect(shared === task.dispositions)
      task.resetSignalsForExecution(try task.dispositionsForExecution())
      #expect(shared !== task.dispositions && shared[.SIGINT].isCaught)
      #expect(task.dispositions[.SIGINT].isStandard && task.dispositions[.SIGHUP].isIgnored)
      #expect(task.blockedSignals == SignalSet(.SIGINT) && task.pendingSignals == SignalSet(.SIGINT))
      #expect(task.alternateStack(stackPointer: 0).flags == .SS_DISABLE)
    }
  }
}
