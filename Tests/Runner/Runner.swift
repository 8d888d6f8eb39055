import ArgumentParser
import Foundation

/// Drives Apus in QEMU: its in-kernel tests, the machines that it must boot on, programs on it, and its benchmarks.
@main
struct Runner: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "TestRunner", abstract: "Boots Apus in QEMU and judges what it prints.",
    subcommands: [
      KernelTests.self, Matrix.self, PCICommand.self, FirmwareCommand.self, DriversCommand.self, PlatformCommand.self,
      SystemCommand.self,
      FuzzCommand.self,
      BenchmarkCommand.self, ComparisonCommand.self, ProfileCommand.self,
    ])

  struct Options: ParsableArguments {
    @Option(help: "The kernel to boot.") var kernel = "build/apus.elf"
    @Option(help: "Guests at a time.") var jobs = ProcessInfo.processInfo.activeProcessorCount
    @Option(help: "A file to append the totals to.") var counts: String?
    @Option(help: "Run only what contains this text.") var filter: String?
  }

  struct KernelTests: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "kernel", abstract: "Runs the tests that are built into the kernel.")
    /// What is loaded beside the kernel where a test wants a module: this program, which begins as the kernel does.
    private static var module: String { Bundle.main.executablePath ?? CommandLine.arguments[0] }
    @OptionGroup var options: Options

    func run() async throws {
      let scratch = FileManager.default.temporaryDirectory
      let board = Scoreboard()
      let kernel = options.kernel
      let listing = try await Guest(image: .kernel(path: kernel, commandLine: "test=list quiet")).run(scratch: scratch)
      var plan = KernelTestPlan(listing: listing.log)
      if plan.tests.isEmpty || listing.ending != .exited(status: 0x10) {
        await board.record(
          "the kernel lists its tests",
          .failed(reason: "no list; the guest ended as \(listing.ending)", log: listing.log))
      }
      if let filter = options.filter { plan.tests.removeAll { !$0.name.contains(filter) } }
      try await forEachInParallel(plan.boots, width: options.jobs) { boot in
        let names = boot.map(\.name).joined(separator: ",")
        let guest = boot[0].machine.guest(.kernel(path: kernel, commandLine: "test=\(names)"), module: Self.module)
        let outcome = try await guest.run(scratch: scratch)
        for (test, verdict) in KernelTestPlan.judge(boot, outcome) { await board.record(test.name, verdict) }
      }
      try await board.finish("kernel tests", countsFile: options.counts)
      if await board.failed > 0 { throw ExitCode.failure }
    }
  }

  struct Matrix: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "matrix", abstract: "Boots every machine of the matrix to the last boot step.")
    @OptionGroup var options: Options
    @Option(help: "The ISO to boot; its command line must be test=boot.") var iso = "build/test/boot.iso"

    func run() async throws {
      let scratch = FileManager.default.temporaryDirectory
      let board = Scoreboard()
      var machines = BootMatrix.machines(iso: iso, kernel: options.kernel, commandLine: "test=boot")
      if let filter = options.filter { machines.removeAll { !$0.name.contains(filter) } }
      try await forEachInParallel(machines, width: options.jobs) { machine in
        let outcome = try await machine.guest.run(scratch: scratch)
        var verdict =
          machine.refusal.map { BootVerdict.judge(outcome, refusal: $0) } ?? BootVerdict.judge(outcome, machine.guest)
        if case .passed = verdict, let remark = machine.remark, !outcome.log.contains(remark) {
          verdict = .failed(reason: "the log lacks \"\(remark)\"", log: outcome.log)
        }
        await board.record(machine.name, verdict)
      }
      try await board.finish("boot matrix", countsFile: options.counts)
      if await board.failed > 0 { throw ExitCode.failure }
    }
  }
}
