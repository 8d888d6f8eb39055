import Foundations
import LinuxABI
import Machine
import Signals
import Testing

@testable import Processes

@Suite("Delivering signals", .serialized)
struct SignalDeliveryTests {
  @Test("a handler is called with what the sender said, and blocks what it asked for until it returns")
  func handlers() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      task.setBlockedSignals(SignalSet(.SIGHUP).union(SignalSet(.SIGKILL)))
      #expect(task.blockedSignals == SignalSet(.SIGHUP))
      try task.catchSignal(.SIGUSR1, mask: SignalSet(.SIGINT).union(SignalSet(.SIGSTOP)))
      try process.kill(.SIGUSR1)
      #expect(task.hasDeliverableSignal && task.pendingSignals == SignalSet(.SIGUSR1))
      #expect(task.isInterrupted(.signals) && !task.isInterrupted(.kill) && !task.isInterrupted(.nothing))
      let view = task.deliver()
      #expect(view.signal == .SIGUSR1 && view.maskAfterwards == SignalSet(.SIGHUP))
      #expect(view.information == .sent(.SIGUSR1, process: 77, user: 5))
      #expect(task.blockedSignals == [SignalSet(.SIGHUP), SignalSet(.SIGINT), SignalSet(.SIGUSR1)])
      #expect(!task.hasDeliverableSignal && task.pendingSignals.isEmpty)
      // Meanwhile one more waits.
      try process.kill(.SIGUSR1)
      #expect(task.deliver().signal == nil && task.pendingSignals == SignalSet(.SIGUSR1))
      var inHandler = view.registers
      inHandler.rsp += 8
      _ = UserContext.simulateCall(inHandler) { task.returnFromHandler($0) }
      #expect(task.blockedSignals == SignalSet(.SIGHUP) && task.hasDeliverableSignal)
      #expect(task.deliver().signal == .SIGUSR1)
    }
  }

  @Test("flags of sigaction: a handler for once, one that may be interrupted by itself")
  func flags() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      try task.catchSignal(.SIGUSR1, [.SA_RESETHAND, .SA_NODEFER])
      try process.kill(.SIGUSR1)
      #expect(task.deliver().signal == .SIGUSR1 && task.blockedSignals.isEmpty)
      #expect(task.dispositions[.SIGUSR1].isStandard)
      try process.kill(.SIGUSR1)
      #expect(process.isEnding && task.isEnding)
    }
  }

  @Test("what has no effect is not even pending, unless it is blocked; what comes to be ignored is dropped")
  func ignoring() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      _ = try task.exchangeDisposition(.SIGTERM, .ignored)
      for signal in [Signal.SIGTERM, .SIGCHLD, .SIGURG, .SIGWINCH, .SIGCONT] {
        try process.kill(signal)
        #expect(task.pendingSignals.isEmpty && !task.hasDeliverableSignal)
      }
      task.setBlockedSignals(SignalSet(.SIGTERM).union(SignalSet(.SIGCHLD)).union(SignalSet(.SIGUSR1)))
      for signal in [Signal.SIGTERM, .SIGCHLD, .SIGUSR1] { try process.kill(signal) }
      try task.send(.SIGUSR1, .bare(.SIGUSR1))
      #expect(task.pendingSignals == task.blockedSignals)
      _ = try task.exchangeDisposition(.SIGUSR1, .ignored)
      #expect(task.pendingSignals == SignalSet(.SIGTERM).union(SignalSet(.SIGCHLD)))
      task.setBlockedSignals([])
      #expect(task.hasDeliverableSignal && task.deliver().signal == nil)
      #expect(task.pendingSignals.isEmpty && !task.hasDeliverableSignal && !process.isEnding)
    }
  }

  @Test("what ends a process ends it at once, whatever its tasks do; the first process is not ended")
  func ending() throws {
    try SignalWorld.run { world in
      for signal in [Signal.SIGKILL, .SIGTERM, .SIGSEGV] {
        let process = try world.makeProcess()
        let other = try world.addTask(to: process)
        other.setBlockedSignals(.all)
        try process.kill(signal)
        #expect(process.isEnding && other.isEnding && other.isInterrupted(.kill))
      }
      let blocking = try world.makeProcess()
      let task = try #require(blocking.leader)
      task.setBlockedSignals(.all)
      try blocking.kill(.SIGTERM)
      #expect(!blocking.isEnding)
      task.setBlockedSignals([])
      _ = task.deliver()
      #expect(blocking.isEnding)

      let first = try #require(world.first.leader)
      for signal in [Signal.SIGKILL, .SIGSTOP, .SIGTERM, .SIGTSTP] { try world.first.kill(signal) }
      #expect(!first.hasDeliverableSignal && !world.first.isEnding)
      first.setBlockedSignals(.all)
      try world.first.kill(.SIGTERM)
      first.setBlockedSignals([])
      #expect(first.deliver().signal == nil && !world.first.isEnding)
      try first.catchSignal(.SIGTERM)
      try world.first.kill(.SIGTERM)
      #expect(first.deliver().signal == .SIGTERM)
    }
  }

  @Test("a signal of a process goes to a task that does not block it, and on to another when that one will not take it")
  func choosing() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let leader = try #require(process.leader)
      let (second, third) = (try world.addTask(to: process), try world.addTask(to: process))
      try leader.catchSignal(.SIGUSR1)
      leader.setBlockedSignals(SignalSet(.SIGUSR1))
      try process.kill(.SIGUSR1)
      #expect(!leader.hasDeliverableSignal && second.hasDeliverableSignal && !third.hasDeliverableSignal)
      second.setBlockedSignals(SignalSet(.SIGUSR1))
      #expect(!second.hasDeliverableSignal && third.hasDeliverableSignal)
      third.leaveSignals()
      #expect(process.remove(third, usage: ResourceUsage()) == false)
      leader.setBlockedSignals([])
      #expect(leader.hasDeliverableSignal && leader.deliver().signal == .SIGUSR1)
      // One that is sent to a task is that task's.
      try second.send(.SIGUSR1, .bare(.SIGUSR1))
      #expect(second.pendingSignals == SignalSet(.SIGUSR1) && leader.pendingSignals.isEmpty)
    }
  }

  @Test(
    "several signals are delivered at once, each on top of the last, and none of them restarts a call of the others")
  func several() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      for signal in [Signal.SIGINT, .SIGUSR2] { try task.catchSignal(signal, .SA_RESTART) }
      try process.kill(.SIGUSR2)
      try process.kill(.SIGINT)
      var registers = UserRegisters()
      registers.rax = UInt64(SystemCallNumber.read.rawValue)
      (registers.rip, registers.rsp) = (ProgramView.call + 2, SignalWorld.stack)
      var handlers: [UInt64] = []
      _ = UserContext.simulateCall(registers) { context in
        context.result = -4
        while task.hasDeliverableSignal {
          task.deliverSignals(context)
          handlers.append(context.registers.rdi)
        }
        // The handler that runs first returns to the beginning of the other.
        let inner = (try? UserPointer<UInt64>(context.registers.rsp + 48 + 128).load()) ?? 0
        let outer = (try? UserPointer<UInt64>(context.registers.rsp + 48 + 120).load()) ?? 0
        #expect(inner == ProgramView.handler)
        #expect((try? UserPointer<UInt64>(outer + 48 + 128).load()) == ProgramView.call)
      }
      #expect(handlers == [UInt64(Signal.SIGINT.rawValue), UInt64(Signal.SIGUSR2.rawValue)])
    }
  }

  @Test("a handler that there is no stack for becomes SIGSEGV, and then the end")
  func noStack() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      try task.catchSignal(.SIGUSR1)
      try task.catchSignal(.SIGSEGV, .SA_ONSTACK)
      func deliver() -> ProgramView {
        var registers = UserRegisters()
        (registers.rip, registers.rsp) = (ProgramView.call, 0x1000)
        return ProgramView(registers: UserContext.simulateCall(registers) { task.deliverSignals($0) })
      }
      try process.kill(.SIGUSR1)
      #expect(deliver().signal == nil && task.hasDeliverableSignal)
      #expect(task.blockedSignals.isEmpty)
      try task.setAlternateStack(
        AlternateStack(base: SignalWorld.stack - 0x4000, byteCount: 0x4000, flags: []), stackPointer: 0x1000)
      #expect(deliver().signal == .SIGSEGV)
      try process.kill(.SIGUSR1)
      task.setBlockedSignals([])
      try task.setAlternateStack(AlternateStack(), stackPointer: 0x1000)
      _ = deliver()
      _ = deliver()
      #expect(process.isEnding)
    }
  }

  @Test("faults become signals that cannot be blocked or ignored")
  func faults() throws {
    try SignalWorld.run { world in
      func raise(_ fault: ProgramFault, _ signal: Signal) throws -> (Process, ProgramView) {
        let process = try world.makeProcess()
        let task = try #require(process.leader)
        try task.catchSignal(signal)
        task.programFault(fault)
        return (process, task.deliver())
      }
      let place = ProgramView.call + 2
      for (vector, signal, code, address) in [
        (0, .SIGFPE, .integerDivide, place), (6, .SIGILL, .illegalOperand, place), (3, .SIGTRAP, .kernel, 0),
        (13, .SIGSEGV, .kernel, 0), (12, .SIGBUS, .kernel, 0), (17, .SIGBUS, .notAligned, 0),
      ] as [(UInt8, Signal, SignalCode, UInt64)] {
        let (_, view) = try raise(ProgramFault(vector: vector, errorCode: 0, address: 1), signal)
        #expect(view.signal == signal && view.information == .fault(signal, code, address: address), "\(vector)")
      }
      let step = try raise(ProgramFault(vector: 1, errorCode: 0, address: 1 << 14), .SIGTRAP).1
      #expect(step.information == .fault(.SIGTRAP, .singleStep, address: place))
      // Without memory of its own a task has no page anywhere.
      let page = try raise(ProgramFault(vector: 14, errorCode: 6, address: 0x1234), .SIGSEGV).1
      #expect(page.information == .fault(.SIGSEGV, .notMapped, address: 0x1234))
      // err, trapno and cr2 of the frame.
      #expect(try UserPointer<UInt64>(page.registers.rsp + 48 + 152).load() == 7)
      #expect(try UserPointer<UInt64>(page.registers.rsp + 48 + 160).load() == 14)
      #expect(try UserPointer<UInt64>(page.registers.rsp + 48 + 176).load() == 0x1234)

      // What was said of it when it came counts: the space that there is not is not asked.
      for (answer, code) in [(.badAddress, .notMapped), (.badAccess, .notAllowed)] as [(PageFaultAnswer, SignalCode)] {
        let fault = ProgramFault(vector: 14, errorCode: 6, address: 0x1234, answer: answer)
        let view = try raise(fault, .SIGSEGV).1
        #expect(view.information == .fault(.SIGSEGV, code, address: 0x1234))
        #expect(try UserPointer<UInt64>(view.registers.rsp + 48 + 152).load() == 6)
      }

      for prepare in [
        { $0.setBlockedSignals(SignalSet(.SIGFPE)) }, { _ = try? $0.exchangeDisposition(.SIGFPE, .ignored) }, { _ in },
      ] as [(Task) -> Void] {
        let process = try world.makeProcess()
        let task = try #require(process.leader)
        prepare(task)
        task.programFault(ProgramFault(vector: 0, errorCode: 0, address: 0))
        task.deliver()
        #expect(process.isEnding)
      }
    }
  }

  @Test("a fault's handler is called at once as any other is called, unless something comes first")
  func faultsAtOnce() throws {
    try SignalWorld.run { world in
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      let before = SignalSet(.SIGUSR2)
      task.setBlockedSignals(before)
      let fault = ProgramFault(vector: 13, errorCode: 0, address: 1)
      try task.catchSignal(.SIGSEGV, .SA_RESETHAND, mask: SignalSet(.SIGHUP))
      task.programFault(fault)
      let first = task.deliver()
      #expect(first.signal == .SIGSEGV && first.maskAfterwards == before)
      #expect(task.blockedSignals == before.union(SignalSet(.SIGSEGV)).union(SignalSet(.SIGHUP)))
      #expect(task.pendingSignals.isEmpty && task.dispositions[.SIGSEGV].isStandard)

      // One that was sent stays for afterwards, as faults come before all others.
      task.setBlockedSignals([])
      try task.catchSignal(.SIGSEGV)
      try task.catchSignal(.SIGINT)
      try process.kill(.SIGINT)
      task.programFault(fault)
      #expect(task.deliver().signal == .SIGSEGV)
      #expect(task.deliver().signal == .SIGINT)

      // Of two faults' signals the lower number comes first.
      task.setBlockedSignals([])
      try task.catchSignal(.SIGILL)
      task.force(.kernel(.SIGILL))
      task.programFault(fault)
      #expect(task.deliver().signal == .SIGILL)
      #expect(task.deliver().signal == .SIGSEGV)

      process.end(ExitStatus(signal: .SIGTERM, isDumped: false))
      task.setBlockedSignals([])
      task.programFault(fault)
      #expect(task.deliver().signal == nil)
    }
  }
}
