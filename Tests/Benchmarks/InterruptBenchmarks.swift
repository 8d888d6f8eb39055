import Foundations
import Interrupts
import Machine

/// Interrupts, from their cause to the instruction after the one they interrupted.
enum InterruptBenchmarks {
  static func register(_ registrar: inout BenchmarkRegistrar) {
    registrar.measure("interrupt.message-to-itself") { ProcessorMessages.reschedule(0) }
    registrar.measure("interrupt.timer-of-one-tick", on: Attention.init) { _ in
      LocalInterruptController.armTimer(ticks: 1)
    }
    registrar.measure("interrupt.breakpoint-round-trip", operations: 1_000) { () throws(Errno) in
      guard BreakpointProbe.roundTrip() else { throw .EIO }
    }
  }
}

/// The local timer with a handler for as long as the value lives.
private struct Attention: ~Copyable {
  init() { VectorHandlers.set(VectorHandler(), for: InterruptVector.localTimer.rawValue, on: 0) }
  deinit { VectorHandlers.set(nil, for: InterruptVector.localTimer.rawValue, on: 0) }
}
