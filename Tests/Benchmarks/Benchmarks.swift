import Foundations
import Machine

/// The benchmarks that are built into the kernel.
public enum Benchmarks {
  private static let doneStatus: UInt8 = 0x10
  private static let failedStatus: UInt8 = 0x11

  /// Does what `bench=` asks, and ends the machine.
  ///
  /// - Parameter selection: the value of `bench=`.
  /// - Context: boot is complete; interrupts as boot left them.
  public static func run(_ selection: Span<UInt8>) -> Never {
    let selection = NameSelection(selection)
    var registrar = BenchmarkRegistrar(selection.isOnly("list") ? .list : .run, selection)
    CalibrationBenchmarks.register(&registrar)
    FrameBenchmarks.register(&registrar)
    HeapBenchmarks.register(&registrar)
    FaultBenchmarks.register(&registrar)
    PagingBenchmarks.register(&registrar)
    InterruptBenchmarks.register(&registrar)
    TimeBenchmarks.register(&registrar)
    var serial = EarlyTextSink()
    serial.write("bench: done, \(registrar.measured) measured, \(registrar.failed) failed\n" as Message)
    let isDone = registrar.failed == 0 && (registrar.measured > 0 || selection.isOnly("list"))
    Machine.exitToEmulator(status: isDone ? doneStatus : failedStatus)
    Machine.halt()
  }
}
