import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Synchronization
import SystemCalls

/// The calls of real programs: from SYSCALL through the generated switch and back, and their traces.
enum SystemCallTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("calls.are-served-by-number", areServed)
    registrar.test("calls.are-traced", areTraced)
  }

  /// A task that keeps the last line of its trace.
  private final class TestTask: Task {
    private(set) var line = Message()

    override func trace(_ line: Span<UInt8>) {
      self.line = Message()
      self.line.write(line)
    }
  }

  /// A task of a process of its own, which is in no tree.
  private static func makeTask() throws(TestFailure) -> TestTask {
    do throws(Errno) {
      let tree = ProcessTree()
      for _ in 0..<41 { _ = try tree.makeIdentifier() }
      let process = try Process(try tree.makeIdentifier(), in: tree, exitSignal: nil)
      return TestTask(process, try tree.makeIdentifier(), try FileTests.makeResources())
    } catch {
      throw TestFailure(reason: "no task: error \(error.rawValue)")
    }
  }

  /// A program whose calls are served; 60 ends it.
  private final class Served: ProgramBody {
    let task: TestTask
    var arguments: (UInt64, UInt64, UInt64) = (0, 0, 0)
    /// What the calls gave, in their order.
    private(set) var results = InlineArray<8, Int64>(repeating: .min)
    private var count = 0

    init(_ program: ProgramCode, _ task: TestTask) {
      self.task = task
      super.init(program)
    }

    override func prepare(_ registers: inout UserRegisters) {
      (registers.rdi, registers.rsi, registers.rdx) = arguments
    }

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      if number == 60 { leave() }
      let result = SystemCallDispatch.serve(number, registers, SystemCallContext(task))
      if count < 8 { results[count] = result }
      count += 1
      return result
    }
  }

  private static func run(_ body: Served) throws(TestFailure) {
    do throws(Errno) {
      let thread = try Thread(body, hasProgram: true)
      thread.start()
      try thread.join()
    } catch {
      throw TestFailure(reason: "the program could not run: error \(error.rawValue)")
    }
  }

  private static func areServed() throws(TestFailure) {
    let program = try ProgramCode()
    for number in [39, 186, 110, 400, 0x4000_0027, 184] as [UInt32] { try program.call(number) }
    try program.call(60)
    try program.finish()
    let body = Served(program, try makeTask())
    let before = UnimplementedCalls.count(of: 184)
    try run(body)
    try expect(body.results[0] == 42, "getpid gave \(body.results[0])")
    try expect(body.results[1] == 43, "gettid gave \(body.results[1])")
    try expect(body.results[2] == 0, "getppid gave \(body.results[2])")
    for index in 3..<6 { try expect(body.results[index] == -38, "a call of none gave \(body.results[index])") }
    try expect(UnimplementedCalls.count(of: 184) == before + 1, "the call was not counted")
  }

  private static func areTraced() throws(TestFailure) {
    let program = try ProgramCode()
    try program.call(UInt32(SystemCallNumber.afs_syscall.rawValue))
    try program.call(UInt32(SystemCallNumber.symlink.rawValue))
    try program.call(60)
    // The text lies behind the code.
    let text = ProgramCode.code + 21
    for byte in "a\n\u{1}b".utf8 { try program.append(byte) }
    try program.append(0)
    try program.finish()
    let body = Served(program, try makeTask())
    body.task.callWork.store(SystemCallWork.trace.rawValue, ordering: .relaxed)
    // The second text is at an address of the kernel's.
    body.arguments = (text, UserSpace.kernelWindow.lowerBound, 0)
    try run(body)
    let expected = #"symlink("a\n\1b", 0x600000000000)"#
    let isThere = body.task.line.bytes.starts(with: expected)
    try expect(isThere, "the trace says \(body.task.line)")
  }
}
