import ArgumentParser
import Foundation

/// Counts where in the kernel the instructions of one row of the benchmark programs are spent.
struct ProfileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Shows which functions of Apus a row's instructions are spent in.",
    discussion: "The counts are exact: QEMU counts every instruction of the row's last round.")

  @Argument(help: "The row.") var row: String
  @Option(help: "The kernel to boot, with its debugging information.") var kernel = "build/apus.elf"
  @Option(help: "The initramfs with the programs.") var initramfs = "build/bench/initramfs.cpio"
  @Option(help: "The plugin that counts.") var plugin = "build/bench/profile.so"
  @Option(help: "How many functions to show.") var functions = 40
  @Option(help: "How many parts of each function to show: what was inlined from where.") var parts = 0

  func run() async throws {
    let output = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).profile")
    defer { try? FileManager.default.removeItem(at: output) }
    let result = try await ProgramBenchmarks.run(
      on: .init(name: "Apus", image: kernel), initialMemory: initramfs, .instructions, selection: row, memory: "512M",
      arguments: ["-plugin", "\(plugin),output=\(output.path)"])
    guard let measured = result.row(row), let text = try? String(contentsOf: output, encoding: .utf8) else {
      print(result.failures.first.map { "\($0.name): \($0.reason)" } ?? "\(row) was not measured")
      throw ExitCode.failure
    }
    let profile = try await Profile(counts: text, operations: measured.operations, kernel: kernel)
    print(profile.text(functions: functions, parts: parts))
  }
}
