import ArgumentParser
import Foundation

/// Runs the benchmarks that are built into the kernel, and prints what an operation costs.
struct BenchmarkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures operations of the kernel in instructions, or in time.",
    discussion: """
      Instructions are counted by QEMU and repeat. A missed target is shown and fails nothing; a benchmark that does not \
      run, or a calibration that is off, does.
      """)

  @Option(help: "The kernel to boot.") var kernel = "build/apus.elf"
  @Option(help: "What to measure: names or groups, with commas.") var select = "all"
  @Option(help: "The machine's memory.") var memory = "512M"
  @Flag(help: "Measure nanoseconds instead of instructions.") var wallClock = false

  func run() async throws {
    let guest = Guest(
      image: .kernel(path: kernel, commandLine: "quiet bench=\(select)"), memory: memory,
      acceleration: wallClock ? .fast : .counted, timeoutSeconds: 300)
    let outcome = try await guest.run(scratch: FileManager.default.temporaryDirectory)
    let table = BenchmarkTable(log: outcome.log)
    guard outcome.ending == .exited(status: 0x10), !table.rows.isEmpty else {
      print(outcome.log)
      print("no result: the guest ended as \(outcome.ending)")
      throw ExitCode.failure
    }
    print(wallClock ? table.inNanoseconds : table.inInstructions)
    if !wallClock, let complaint = table.calibrationComplaint {
      print(complaint)
      throw ExitCode.failure
    }
  }
}
