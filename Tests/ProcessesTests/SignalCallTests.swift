import Foundations
import LinuxABI
import Machine
import Security
import Signals
import Testing

@testable import Processes

@Suite("Signals and calls", .serialized)
struct SignalCallTests {
  private static let interrupted = Int64(Errno.EINTR.systemCallResult)

  @Test("an interrupted call is made again, or fails, as its entry and the handler say")
  func restarts() throws {
    try SignalWorld.run { world in
      let failed = [ProgramView.call + 2, UInt64(bitPattern: Self.interrupted)]
      func again(_ call: SystemCallNumber) -> [UInt64] { [ProgramView.call, UInt64(call.rawValue)] }
      // The kinds of restart in turn; the last two know better than their entries.
      for (call, flags, override, expected) in [
        (.read, .SA_RESTART, nil, again(.read)), (.read, [], nil, failed), (.read, nil, nil, again(.read)),
        (.pause, .SA_RESTART, nil, failed), (.pause, nil, nil, again(.pause)),
        (.nanosleep, .SA_RESTART, nil, failed), (.nanosleep, nil, nil, again(.restart_syscall)),
        (.rt_sigtimedwait, .SA_RESTART, nil, failed), (.rt_sigtimedwait, nil, nil, failed),
        (.futex, .SA_RESTART, .afterSignal, again(.futex)), (.nanosleep, nil, .unlessHandled, again(.nanosleep)),
      ] as [(SystemCallNumber, SignalActionFlags?, SystemCallRestart?, [UInt64])] {
        let task = try #require(try world.makeProcess().leader)
        if let override { task.setRestart(override) }
        let place = try goOn(task, call, flags)
        #expect(place == expected, "\(call.name)")
      }
    }
  }

  /// Where a program goes on after a call that a signal interrupted, with what result. Without flags there is no handler.
  private func goOn(_ task: Task, _ call: SystemCallNumber, _ flags: SignalActionFlags?) throws -> [UInt64] {
    if let flags {
      try task.catchSignal(.SIGUSR1, flags)
      try task.process.kill(.SIGUSR1)
    } else {
      // Blocked when it is sent, and ignored when it is delivered.
      task.setBlockedSignals(.all)
      try task.process.kill(.SIGUSR1)
      _ = try task.dispositions.set(.SIGUSR1, to: .ignored)
      task.setBlockedSignals([])
    }
    let view = task.deliver(after: call, result: Self.interrupted)
    guard flags != nil else { return [view.registers.rip, view.registers.rax] }
    #expect(view.signal == .SIGUSR1)
    let frame = view.registers.rsp + 48
    return [try UserPointer<UInt64>(frame + 128).load(), try UserPointer<UInt64>(frame + 104).load()]
  }

  @Test("a wait that goes on ends when it was to end at first; a handler ends that, too")
  func deadlines() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      #expect(task.beginRestart() == nil)
      let deadline = task.deadline(after: 1_000_000)
      #expect(task.deadline(after: .max) == .max)
      let last = task.deadline(after: 5_000)
      #expect(last < deadline)
      task.deliver(after: .nanosleep, result: Self.interrupted)
      for _ in 0..<3 {
        #expect(task.beginRestart() == UInt32(SystemCallNumber.nanosleep.rawValue))
        #expect(task.deadline(after: 99_999_999) == last)
        task.endRestart()
        task.deliver(after: .restart_syscall, result: Self.interrupted)
      }
      #expect(task.deadline(after: 1 << 40) > last)
      try task.catchSignal(.SIGUSR1)
      try process.kill(.SIGUSR1)
      var inHandler = task.deliver().registers
      inHandler.rsp += 8
      _ = UserContext.simulateCall(inHandler) { task.returnFromHandler($0) }
      #expect(task.beginRestart() == nil)
    }
  }

  @Test("a mask for the time of a call stays for the handler, and comes back with it")
  func masks() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      let (own, temporary) = (SignalSet(.SIGUSR1), SignalSet(.SIGUSR2))
      task.setBlockedSignals(own)
      #expect(try task.withBlockedSignals(temporary) { () throws(Errno) in task.blockedSignals } == temporary)
      #expect(task.blockedSignals == own)
      #expect(throws: Errno.EBADF) {
        try task.withBlockedSignals(temporary) { () throws(Errno) -> Void in throw .EBADF }
      }
      #expect(task.blockedSignals == own)
      try task.catchSignal(.SIGUSR1)
      try process.kill(.SIGUSR1)
      #expect(throws: Errno.EINTR) {
        try task.withBlockedSignals(temporary) { () throws(Errno) -> Void in throw .EINTR }
      }
      #expect(task.blockedSignals == temporary)
      let view = task.deliver(after: .ppoll, result: Self.interrupted)
      #expect(view.signal == .SIGUSR1 && view.maskAfterwards == own)
      // Without a handler it comes back at once.
      task.setBlockedSignals(own)
      #expect(throws: Errno.EINTR) {
        try task.withBlockedSignals(temporary) { () throws(Errno) -> Void in throw .EINTR }
      }
      task.deliver(after: .ppoll, result: Self.interrupted)
      #expect(task.blockedSignals == own)
    }
  }

  @Test("signals can be taken instead of delivered, and waited for")
  func taking() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      let wanted = SignalSet(.SIGUSR1).union(SignalSet(.SIGCHLD))
      task.setBlockedSignals(wanted)
      #expect(task.takeSignal(wanted) == nil)
      try process.kill(.SIGCHLD)
      try task.send(.SIGUSR1, .queued(.SIGHUP, process: 1, user: 2, value: 3))
      // The task's own comes first; what it says of its number does not count.
      #expect(task.takeSignal(wanted) == .queued(.SIGUSR1, process: 1, user: 2, value: 3))
      #expect(try task.waitForSignal(wanted, deadline: nil) == .sent(.SIGCHLD, process: 77, user: 5))
      #expect(throws: Errno.EAGAIN) { try task.waitForSignal(wanted, deadline: 1) }
      #expect(task.blockedSignals == wanted)
      let sender = Companion(task) { task in
        // Once the task waits, the signals are not blocked.
        while !task.process.state.withLock({ _ in task.blockedSignals.isEmpty }) { HostThread.yield() }
        try? task.process.kill(.SIGUSR1)
      }
      #expect(try task.waitForSignal(wanted, deadline: nil).signal == .SIGUSR1)
      while !sender.isFinished { HostThread.yield() }
      #expect(task.blockedSignals == wanted && task.pendingSignals.isEmpty && !task.hasDeliverableSignal)
    }
  }

  @Test("a stop stops all tasks, tells the parent once, and lasts until SIGCONT")
  func stops() throws {
    try SignalWorld.run { world in
      let parent = try world.makeProcess()
      let parentTask = try #require(parent.leader)
      try parentTask.catchSignal(.SIGCHLD)
      let process = try world.makeProcess(parent: parent)
      let tasks = [try #require(process.leader), try world.addTask(to: process)]
      try process.kill(.SIGSTOP)
      let threads = tasks.map { task in
        Companion(task) { task in
          while !task.hasDeliverableSignal { HostThread.yield() }
          task.deliver()
        }
      }
      while !process.isStopped { HostThread.yield() }
      // It is told a moment later.
      while !parent.isPending(.SIGCHLD, for: nil) { HostThread.yield() }
      #expect(!threads.contains { $0.isFinished })
      let told = parentTask.deliver()
      #expect(told.signal == .SIGCHLD)
      #expect(told.information?.code.rawValue == 5 && told.information?.status == 19)
      #expect(told.information?.process == process.number)
      #expect(try world.tree.takeReport(for: parent, WaitRequest(.any, .WSTOPPED))?.status == 0x137f)
      // What comes meanwhile waits.
      try tasks[0].catchSignal(.SIGUSR1)
      try process.kill(.SIGUSR1)
      #expect(!threads.contains { $0.isFinished })
      try process.kill(.SIGCONT)
      while !threads.allSatisfy({ $0.isFinished }) { HostThread.yield() }
      #expect(!process.isStopped)
      #expect(try world.tree.takeReport(for: parent, WaitRequest(.any, .WCONTINUED))?.status == 0xffff)
      parentTask.setBlockedSignals([])
      #expect(parentTask.deliver().information?.code.rawValue == 6)
    }
  }

  @Test(
    "SIGCONT takes back stops that are pending, and a stop takes back SIGCONT; job control needs somebody who continues"
  )
  func jobControl() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      task.setBlockedSignals(.all)
      try process.kill(.SIGTSTP)
      try task.send(.SIGTTIN, .bare(.SIGTTIN))
      #expect(task.pendingSignals == SignalSet(.SIGTSTP).union(SignalSet(.SIGTTIN)))
      try process.kill(.SIGCONT)
      #expect(task.pendingSignals == SignalSet(.SIGCONT))
      try process.kill(.SIGTTOU)
      #expect(task.pendingSignals == SignalSet(.SIGTTOU))
      // Its group is orphaned: the first process is nobody who would continue it.
      task.setBlockedSignals([])
      task.deliver()
      #expect(!process.isStopped && task.pendingSignals.isEmpty)
    }
  }

  @Test("a process that is stopped can still be ended")
  func killingStopped() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      try process.kill(.SIGSTOP)
      let thread = Companion(task) { $0.deliver() }
      while !process.isStopped { HostThread.yield() }
      try process.kill(.SIGKILL)
      #expect(process.isEnding && task.isInterrupted(.kill))
      // On the machine the wait ends by itself; here somebody has to continue.
      process.state.withLock { _ in task.goOn() }
      while !thread.isFinished { HostThread.yield() }
    }
  }
}
