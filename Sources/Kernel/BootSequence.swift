import BootInformation
import Foundations
import Interrupts
import KernelTests
import Machine

/// Runs the boot steps in order and shows each.
enum BootSequence {
  static func run() -> Never {
    InterruptTable.setDelegate(InterruptDispatcher())
    FatalFault.setPolicy(KernelFaultPolicy())
    do throws(BootInformationError) {
      var state = try BootState()
      runSteps(&state)
    } catch {
      EarlyConsole.write("bad boot information\n")
    }
    Machine.halt()
  }

  private static func runSteps(_ state: inout BootState) {
    var serial = EarlyTextSink()
    var count = 0
    for step in BootStep.inOrder {
      let outcome = BootStep.run(step, &state)
      count += 1
      serial.write(step.title)
      serial.write(" ")
      switch outcome {
      case .done(let text): serial.write(text)
      case .failed(let text):
        serial.write("FAILED ")
        serial.write(text)
      case .notYet(let part):
        serial.write("not yet, part ")
        serial.write(decimal: part)
      }
      serial.write("\n")
    }
    serial.write(state.information.commandLine.bytes)
    serial.write("\n")
    let memory = state.information.memoryMap.usableByteCount
    KernelTests.run(
      "all".utf8Span.span, summary: .init(steps: count, failed: 0, memoryByteCount: memory, nanoseconds: 0))
  }
}
