import Foundations
import LinuxABI
import Machine
import Signals
import Testing

@testable import Processes
@testable import Time

@Suite("Timers that send signals", .serialized)
struct TimerTests {
  private typealias Setting = ProcessTimer.Setting
  private static let millisecond: UInt64 = 1_000_000

  /// Runs `body` with a process that catches the signals of timers, and its task.
  private func withTask(_ body: (Process, Task) throws -> Void) throws {
    try SignalWorld.run { world in
      Timers.startOnHost()
      let process = try world.makeProcess()
      let task = try #require(process.leader)
      for signal in [.SIGALRM, .SIGPROF, .SIGUSR1] as [Signal] { try task.catchSignal(signal) }
      try body(process, task)
      process.timers.close()
    }
  }

  /// Lets `nanoseconds` pass, and then what has come happen.
  private func pass(_ nanoseconds: UInt64) {
    let end = Clock.nanoseconds + nanoseconds
    while Clock.nanoseconds < end { HostThread.yield() }
    Timers.serveHere()
  }

  private func make(
    _ process: Process, _ measure: ProcessTimer.Measure, _ signal: Signal?, limit: UInt64 = 10
  ) throws(Errno) -> Int32 {
    try process.timers.make(process, measure, ProcessTimer.Notification(signal), limit: limit) { notification, number in
      notification.identity = (number, 77)
    }
  }

  @Test("One signal at a time tells how often its timer has expired until it is taken")
  func overruns() throws {
    try withTask { process, task in
      let number = try make(process, .clock(.monotonic), .SIGUSR1)
      let timer = try process.timers.timer(number)
      #expect(timer.set(Setting(value: Self.millisecond, interval: Self.millisecond)) == Setting(value: 0, interval: 0))
      #expect(task.deliver().signal == nil)
      pass(3 * Self.millisecond)
      #expect(process.isPending(.SIGUSR1, for: nil))
      pass(3 * Self.millisecond)
      let view = task.deliver()
      let information = try #require(view.information)
      #expect(view.signal == .SIGUSR1 && information.code == .timer)
      #expect(information.timer == number && information.value == 77)
      #expect(information.overrun >= 5 && information.overrun == timer.lastOverrun)
      task.setBlockedSignals([])
      #expect(task.deliver().signal == nil)
      #expect(timer.setting.value <= Self.millisecond && timer.setting.interval == Self.millisecond)
      timer.set(Setting(value: 0, interval: 0))
      pass(2 * Self.millisecond)
      #expect(task.deliver().signal == nil)
      #expect(timer.setting == Setting(value: 0, interval: 0))
    }
  }

  @Test("ITIMER_REAL's next signal comes at its time when the last one was taken")
  func intervals() throws {
    try withTask { process, task in
      #expect(process.timers.interval(.real) == nil)
      let timer = try process.timers.makeInterval(.real, of: process)
      #expect(try process.timers.makeInterval(.real, of: process) === timer)
      timer.set(Setting(value: Self.millisecond, interval: Self.millisecond))
      for _ in 0..<3 {
        pass(Self.millisecond + 100_000)
        let view = task.deliver()
        #expect(view.signal == .SIGALRM && view.information?.code == .kernel)
        task.setBlockedSignals([])
      }
      // What it executes next has the timer, too; of those of timer_create(2) it has none.
      let number = try make(process, .clock(.realTime), nil)
      process.timers.removeAll()
      #expect(process.timers.interval(.real) === timer && timer.setting.interval == Self.millisecond)
      #expect(throws: Errno.EINVAL) { try process.timers.timer(number) }
    }
  }

  @Test("A timer by the time that a process runs does not expire while it does not run")
  func runTime() throws {
    try withTask { process, task in
      let timer = try process.timers.makeInterval(.profiling, of: process)
      timer.set(Setting(value: Self.millisecond, interval: 0))
      pass(10 * Self.millisecond)
      #expect(task.deliver().signal == nil)
      #expect(timer.setting.value == Self.millisecond)
    }
  }

  @Test("A process that runs for too long is told each second, and ended in the end")
  func timeLimit() throws {
    try withTask { process, task in
      try task.catchSignal(.SIGXCPU)
      func run(milliseconds: UInt64) {
        process.state.withLock { $0.endedUsage.userNanoseconds = milliseconds * Self.millisecond }
        pass(5 * Self.millisecond)
        // Looked at as late as so much can have been run, which here no time passes for.
        if milliseconds > 1_000 { process.timers.timeLimit?.check() }
      }
      #expect(process.timers.timeLimit == nil)
      run(milliseconds: 999)
      try process.setLimit(.RLIMIT_CPU, .init(1, maximum: 3))
      #expect(task.deliver().signal == nil)
      run(milliseconds: 1_000)
      #expect(task.deliver().signal == .SIGXCPU)
      task.setBlockedSignals([])
      // The program sees what it has until the next.
      #expect(process.limits[.RLIMIT_CPU] == .init(2, maximum: 3))
      run(milliseconds: 1_999)
      #expect(task.deliver().signal == nil)
      run(milliseconds: 2_000)
      #expect(task.deliver().signal == .SIGXCPU && process.limit(.RLIMIT_CPU) == 3)
      task.setBlockedSignals([])
      run(milliseconds: 2_999)
      #expect(task.deliver().signal == nil && !task.isEnding)
      run(milliseconds: 3_000)
      #expect(task.isEnding && process.state.withLock { $0.ending == ExitStatus(signal: .SIGKILL, isDumped: false) })
    }
  }

  @Test("A limit of run time can be taken back, and what has passed is told at once")
  func changedTimeLimit() throws {
    try withTask { process, task in
      try task.catchSignal(.SIGXCPU)
      process.state.withLock { $0.endedUsage.systemNanoseconds = 7_500 * Self.millisecond }
      try process.setLimit(.RLIMIT_CPU, .init(8, maximum: .max))
      try process.setLimit(.RLIMIT_CPU, .init(.max, maximum: .max))
      process.state.withLock { $0.endedUsage.systemNanoseconds = 9_000 * Self.millisecond }
      pass(5 * Self.millisecond)
      #expect(task.deliver().signal == nil)
      try process.setLimit(.RLIMIT_CPU, .init(9, maximum: .max - 1))
      #expect(task.deliver().signal == .SIGXCPU && process.limit(.RLIMIT_CPU) == 10)
      // Nothing is made for a process that has ended.
      process.timers.close()
      try process.setLimit(.RLIMIT_CPU, .init(1, maximum: 1))
      #expect(process.timers.timeLimit == nil)
    }
  }

  @Test("Numbers are the lowest that are free, as many as there may be")
  func numbers() throws {
    try withTask { process, _ in
      let timers = process.timers
      for number in 0..<3 as Range<Int32> { #expect(try make(process, .processTime, nil, limit: 3) == number) }
      #expect(throws: Errno.EAGAIN) { try make(process, .processTime, nil, limit: 3) }
      try timers.remove(1)
      #expect(throws: Errno.EINVAL) { try timers.remove(1) }
      #expect(throws: Errno.EINVAL) { try timers.timer(-1) }
      #expect(try make(process, .processTime, nil, limit: 3) == 1)
    }
  }

  @Test("What a program says of a timer is told as it said it")
  func pretence() throws {
    try withTask { process, task in
      let number = try make(process, .clock(.monotonic), .SIGUSR1)
      let told = SignalInformation.timer(.SIGALRM, timer: number, overrun: 9, value: 5)
      try process.send(.SIGALRM, told)
      let view = task.deliver()
      #expect(view.signal == .SIGALRM && view.information == told)
    }
  }

  @Test("A wait that programs do not know of goes on after any handler, once")
  func restartsAlways() throws {
    try withTask { process, task in
      let interrupted = Int64(Errno.EINTR.systemCallResult)
      for (isHidden, place) in [(true, ProgramView.call), (false, ProgramView.call + 2)] {
        if isHidden { task.setRestartAlways() }
        try process.kill(.SIGUSR1)
        let view = task.deliver(after: .futex, result: interrupted)
        #expect(view.signal == .SIGUSR1)
        #expect(try UserPointer<UInt64>(view.registers.rsp + 48 + 128).load() == place)
        task.setBlockedSignals([])
      }
    }
  }
}
