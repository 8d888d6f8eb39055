import Foundations
import Interrupts
import KernelTests
import Machine

/// What the kernel does about a fatal fault: every console gets the report, a test that expected it gets its verdict, and
/// then the machine stops.
final class KernelFaultPolicy: FaultPolicy {
  override func end(_ vector: InterruptVector) -> Never {
    KernelTests.faultWasReported(vector)
    Machine.halt()
  }
}
