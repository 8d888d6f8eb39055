import ArgumentParser
import Foundation

/// Turns machines off by all ways, and boots them with tables that lie.
struct FirmwareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "firmware", abstract: "Tests power off, restart and power button, and boots on malformed ACPI tables.")
  @OptionGroup var options: Runner.Options

  /// One boot, and what is to come of it.
  struct Case: Sendable {
    var name: String
    var judge: @Sendable (_ kernel: String, _ scratch: URL) async throws -> Scoreboard.Verdict
  }

  func run() async throws {
    let board = Scoreboard()
    let (kernel, scratch) = (options.kernel, FileManager.default.temporaryDirectory)
    var cases = Self.endings + HostileTables.all.map(Self.boot)
    if let filter = options.filter { cases.removeAll { !$0.name.contains(filter) } }
    try await forEachInParallel(cases, width: options.jobs) { test in
      await board.record(test.name, try await test.judge(kernel, scratch))
    }
    try await board.finish("firmware", countsFile: options.counts)
    if await board.failed > 0 { throw ExitCode.failure }
  }

  // MARK: Endings

  /// Power off, restart and the power button, on both chip sets and on several CPUs.
  private static var endings: [Case] {
    var cases: [Case] = []
    for (machine, processors) in [("pc", 1), ("q35", 4)] {
      func add(_ name: String, _ commandLine: String, command: String? = nil, reason: String, saying: String? = nil) {
        cases.append(
          Case(name: "\(name) on \(machine)") { kernel, _ in
            var guest = Guest(image: .kernel(path: kernel, commandLine: commandLine))
            guest.machine = machine
            guest.processors = processors
            let (log, found) = try await guest.ending(after: command, once: "kernel memory")
            func failure(_ reason: String) -> Scoreboard.Verdict { .failed(reason: reason, log: log) }
            guard found == reason else { return failure("QEMU ended by \(found ?? "our patience"), not \(reason)") }
            if let saying, !log.contains(saying) { return failure("the log lacks \"\(saying)\"") }
            return .passed
          })
      }
      add("power off", "test=power-off", reason: "guest-shutdown")
      add("restart", "test=restart", reason: "guest-reset")
      add(
        "power button", "", command: "system_powerdown", reason: "guest-shutdown",
        saying: "the power button was pressed")
    }
    return cases
  }

  // MARK: Tables

  /// A boot with a table that lies: all steps succeed, and the log says what was wrong with it.
  private static func boot(_ table: HostileTables) -> Case {
    Case(name: "boot on \(table.name)") { kernel, scratch in
      let file = scratch.appending(path: "\(UUID().uuidString).aml")
      try Data(table.bytes).write(to: file)
      defer { try? FileManager.default.removeItem(at: file) }
      var guest = Guest(image: .kernel(path: kernel, commandLine: "test=boot loglevel=8"))
      guest.machine = table.machine
      guest.timeoutSeconds = 120
      guest.extraArguments = ["-acpitable", "file=\(file.path)"] + table.arguments
      let outcome = try await guest.run(scratch: scratch)
      let verdict = BootVerdict.judge(outcome, guest)
      guard case .passed = verdict else { return verdict }
      guard outcome.log.contains(table.complaint) else {
        return .failed(reason: "the log lacks \"\(table.complaint)\"", log: outcome.log)
      }
      return .passed
    }
  }
}
