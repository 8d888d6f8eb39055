import Foundations
import Interrupts
import Machine
import Scheduler

/// The tests that are built into the kernel.
public enum KernelTests {
  static let passedStatus: UInt8 = 0x10
  static let failedStatus: UInt8 = 0x11

  /// What boot measured, for `test=boot`.
  public struct BootSummary {
    var steps: Int
    var failed: Int
    var memoryByteCount: UInt64
    var nanoseconds: UInt64
    /// Where the loader's modules lie.
    var modules: [Range<UInt64>]
    /// How many times as long as usual tests of endurance shall take: `test.rounds=`.
    var rounds: Int

    /// Creates a summary.
    public init(
      steps: Int, failed: Int, memoryByteCount: UInt64, nanoseconds: UInt64, modules: [Range<UInt64>],
      rounds: Int
    ) {
      self.steps = steps
      self.failed = failed
      self.memoryByteCount = memoryByteCount
      self.nanoseconds = nanoseconds
      self.modules = modules
      self.rounds = max(1, min(rounds, 1_000))
    }
  }

  /// Does what `test=` asks, and ends the machine.
  ///
  /// - Parameter selection: the value of `test=`.
  /// - Context: boot is complete; interrupts as boot left them.
  public static func run(_ selection: Span<UInt8>, summary: BootSummary) -> Never {
    stayOnBootProcessor()
    let selection = NameSelection(selection)
    var serial = EarlyTextSink()
    var status = passedStatus
    if selection.isOnly("boot") {
      report(summary, to: &serial)
      status = summary.failed == 0 ? passedStatus : failedStatus
    } else if selection.isOnly("list") {
      var registrar = TestRegistrar(.list, selection)
      register(&registrar, summary)
    } else {
      var registrar = TestRegistrar(.run, selection)
      register(&registrar, summary)
      serial.write("test: done, ")
      serial.write(decimal: registrar.passed)
      serial.write(" passed, ")
      serial.write(decimal: registrar.failed)
      serial.write(" failed\n")
      if registrar.failed > 0 || registrar.passed == 0 { status = failedStatus }
    }
    Machine.exitToEmulator(status: status)
    Machine.halt()
  }

  /// Keeps the tests' own thread on CPU 0: many count what the others do.
  private static func stayOnBootProcessor() {
    guard let thread = Thread.running else { return }
    thread.bind(to: 1)
    while Processor.current != 0 {
      // It moves when it is made ready anew. Nothing interrupts this thread.
      do throws(Errno) { try Scheduler.sleep(nanoseconds: 1_000_000) } catch {}
    }
  }

  /// Tells a test that expected it that a fault has been reported. Returns when none did.
  public static func faultWasReported(_ vector: InterruptVector) {
    ExpectedFault.judge(vector)
  }

  private static func register(_ registrar: inout TestRegistrar, _ summary: BootSummary) {
    ProcessorTests.register(&registrar)
    ProcessorRecordTests.register(&registrar)
    DeviceInterruptTests.register(&registrar)
    MemoryTests.register(&registrar)
    DeviceMemoryTests.register(&registrar)
    FrameTests.register(&registrar, summary)
    PressureTests.register(&registrar, rounds: summary.rounds)
    ThreadTests.register(&registrar, rounds: summary.rounds)
    DriverTests.register(&registrar)
    DevicePowerTests.register(&registrar)
    SchedulerTests.register(&registrar)
    ProgramTests.register(&registrar)
    SuspendTests.register(&registrar)
    FileTests.register(&registrar)
    SystemCallTests.register(&registrar)
    LockTests.register(&registrar)
    RuntimeTests.register(&registrar)
    MemoryFunctionTests.register(&registrar)
    UserMemoryTests.register(&registrar)
    AddressSpaceTests.register(&registrar)
    PagingTests.register(&registrar)
    PCITests.register(&registrar)
    MultiprocessorTests.register(&registrar)
    InterruptTests.register(&registrar)
    TimeTests.register(&registrar)
    TimerTests.register(&registrar)
    FaultTests.register(&registrar)
    MultiprocessorTests.registerFaults(&registrar)
  }

  private static func report(_ summary: BootSummary, to serial: inout EarlyTextSink) {
    serial.write("test: boot steps=")
    serial.write(decimal: summary.steps)
    serial.write(" failed=")
    serial.write(decimal: summary.failed)
    serial.write(" memory=")
    serial.write(decimal: summary.memoryByteCount >> 10)
    serial.write(" cpus=")
    serial.write(decimal: Processor.onlineCount)
    serial.write(" nanoseconds=")
    serial.write(decimal: summary.nanoseconds)
    serial.write("\n")
  }
}
