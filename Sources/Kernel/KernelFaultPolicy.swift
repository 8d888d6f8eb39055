import Foundations
import Interrupts
import KernelTests
import Logging
import Machine
import PlatformDrivers

/// What the kernel does about a fatal fault: every console gets the report, a test that expected it gets its verdict, and
/// then the machine stops, or restarts if `panic=` asks for it.
final class KernelFaultPolicy: FaultPolicy {
  private let restarts: Bool

  /// Reads `panic=`: as on Linux, 0 halts and anything else restarts; the delay before restarting is not waited.
  init(_ commandLine: borrowing CommandLine) {
    restarts = commandLine.contains("panic") && commandLine.integer("panic") != 0
    super.init()
  }

  override func write(_ bytes: Span<UInt8>) {
    Consoles.writeInReport(bytes)
  }

  override func note(_ line: Message) { KernelLog.add(.error, .drivers, line) }

  override func end(_ vector: InterruptVector) -> Never {
    KernelTests.faultWasReported(vector)
    _ = PanicReports.send(.panicked)
    if restarts { Machine.reset() }
    Machine.halt()
  }
}
