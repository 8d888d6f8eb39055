import Benchmarks
import BootInformation
import Foundations
import Interrupts
import KernelTests
import Logging
import Machine
import Time

/// Runs the boot steps in order, shows each, and hands over.
enum BootSequence {
  /// What the first measurement takes: 5 ms, enough for the times on the boot screen.
  private static let firstMeasurement: UInt64 = 5_000_000

  static func run() -> Never {
    InterruptTable.setDelegate(InterruptDispatcher())
    if let source = MachineSources.measureTimestamp(by: nil, nanoseconds: firstMeasurement, attempts: 1) {
      Clock.start(source)
    }
    do throws(BootInformationError) {
      var state = try BootState()
      start(state)
      let summary = runSteps(&state)
      handOver(state, summary)
      Power.idle()
    } catch {
      report(error)
    }
    Machine.halt()
  }

  /// What must exist before the first step can be shown.
  private static func start(_ state: borrowing BootState) {
    let commandLine = CommandLine(state.information.commandLine.bytes)
    KernelLog.start(commandLine)
    Consoles.start(state.information, plan: state.plan)
    FatalFault.setPolicy(KernelFaultPolicy(commandLine))
  }

  private static func runSteps(_ state: inout BootState) -> KernelTests.BootSummary {
    var steps = 0
    var failed = 0
    var screen = BootDisplay(isShown: KernelLog.shows(.info))
    screen.begin(state)
    for step in BootStep.inOrder {
      screen.start(step)
      let started = Clock.nanoseconds
      let outcome = BootStep.run(step, &state)
      let nanoseconds = Clock.nanoseconds &- started
      screen.show(step, outcome, nanoseconds: nanoseconds)
      BootHistory.note(step, outcome, nanoseconds: nanoseconds)
      steps += 1
      if case .failed = outcome { failed += 1 }
    }
    let nanoseconds = Clock.nanoseconds
    var modules: [Range<UInt64>] = []
    for index in 0..<state.information.moduleCount { modules.append(state.information.module(index)) }
    screen.end(failed: failed, nanoseconds: nanoseconds)
    let rounds = CommandLine(state.information.commandLine.bytes).integer("test.rounds") ?? 1
    return KernelTests.BootSummary(
      steps: steps, failed: failed, memoryByteCount: state.information.memoryMap.usableByteCount,
      nanoseconds: nanoseconds, modules: modules, rounds: Int(truncatingIfNeeded: min(rounds, 1_000)))
  }

  /// Boot is over: runs the tests or benchmarks that the command line asks for, or waits.
  private static func handOver(_ state: borrowing BootState, _ summary: KernelTests.BootSummary) {
    let commandLine = CommandLine(state.information.commandLine.bytes)
    BootHandlers.logUsage()
    KernelLog.flush()
    Consoles.drain()
    if let request = commandLine.value("test"), let ending = PowerTest(request) { ending.run() }
    if let request = commandLine.value("test"), let test = TerminalTest(request) { test.run() }
    if let selection = commandLine.value("test") { KernelTests.run(selection, summary: summary) }
    if let selection = commandLine.value("bench") { Benchmarks.run(selection) }
    FirstProgram.release()
  }

  private static func report(_ error: BootInformationError) {
    var text: Message
    switch error {
    case .unreadable(let address): text = "it cannot be read at physical address \(hex: address)"
    case .badSignature(let address): text = "what is at physical address \(hex: address) is not it"
    case .badSize(let address, let stated):
      text = "\(stated) is no size for what is at physical address \(hex: address)"
    case .pastEnd(let address): text = "it goes on past its end at physical address \(hex: address)"
    case .noMemory: text = "it names no usable memory"
    }
    text.write("\n")
    var serial = EarlyTextSink()
    serial.write("Apus cannot use the loader's information: ")
    serial.write(text)
  }
}
