import ArgumentParser
import Foundation

/// Boots guests with a file system of real programs and drives them over the serial port.
struct SystemCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "system", abstract: "Runs the sessions of Tests/SystemTests in guests.")
  @OptionGroup var options: Runner.Options
  @Option(help: "Run only the sessions of this folder.") var suite: String?
  @Option(help: "What the kernel is told.") var append = "console=ttyS0 quiet"
  @Flag(help: "Boot Debian's Linux instead, which all expectations must hold on.") var linux = false
  @Flag(help: "Write what commands print into the session files, as what is expected from now on.") var record = false
  @Flag(help: "Print the console of every guest.") var verbose = false

  /// A guest and the sessions that run in it.
  struct Suite: Sendable {
    var name: String
    var initramfs: String
    var memory: String
    var prompt: String
    var bootSeconds: Double
  }

  static let suites = [
    Suite(
      name: "busybox", initramfs: "build/test/busybox.cpio.gz", memory: "256M", prompt: "root@apus:~# ",
      bootSeconds: 120),
    Suite(
      name: "debian", initramfs: "build/test/debian.cpio.gz", memory: "1G", prompt: "root@apus:~# ", bootSeconds: 180),
  ]

  func run() async throws {
    let board = Scoreboard()
    let chosen = Self.suites.filter { suite.map($0.name.contains) ?? true }
    try await forEachInParallel(chosen, width: options.jobs) { suite in try await run(suite, board) }
    try await board.finish("system tests", countsFile: options.counts)
    if await board.failed > 0 { throw ExitCode.failure }
  }

  private func run(_ suite: Suite, _ board: Scoreboard) async throws {
    var sessions = try Self.sessions(of: suite)
    if let filter = options.filter { sessions.removeAll { !$0.session.name.contains(filter) } }
    guard !sessions.isEmpty else { return }
    var guest = Guest(image: .kernel(path: linux ? "build/linux/vmlinuz" : options.kernel, commandLine: append))
    guest.memory = suite.memory
    guest.processors = 2
    guest.initramfs = suite.initramfs
    guest.timeoutSeconds = 900
    let (all, failures) = (sessions, Failures())
    let log = try await guest.converse { console, send in
      var driver = SessionDriver(console, prompt: suite.prompt, send: send)
      do {
        try await driver.begin(seconds: suite.bootSeconds)
      } catch {
        await failures.add()
        await board.record("\(suite.name): boot", .failed(reason: "there is no prompt", log: ""))
        return
      }
      await board.record("\(suite.name): boot", .passed)
      for (session, file) in all { try await run(session, file, suite, &driver, board, failures) }
    }
    let failed = await failures.count
    if verbose || failed > 0 {
      print("the console of the \(suite.name) guest:")
      print(log.split(separator: "\n").map { "  | \($0)" }.joined(separator: "\n"))
    }
  }

  /// How many steps of a guest failed, and whether it still answers.
  private actor Failures {
    var count = 0
    var guestIsLost = false
    func add() { count += 1 }
    func loseGuest() { guestIsLost = true }
  }

  private func run(
    _ session: Session, _ file: URL, _ suite: Suite, _ driver: inout SessionDriver, _ board: Scoreboard,
    _ failures: Failures
  ) async throws {
    var outputs: [String?] = []
    for step in session.steps {
      let first = step.name.split(separator: "\n").first ?? ""
      let name = "\(suite.name)/\(session.name): \(first.prefix(70))"
      guard await !failures.guestIsLost else {
        await board.record(name, .failed(reason: "the guest no longer answers", log: ""))
        continue
      }
      let outcome = try await driver.run(step)
      if record, case .command = step.kind { outputs.append(outcome.output) } else { outputs.append(nil) }
      if let problem = outcome.problem {
        await failures.add()
        await board.record(name, .failed(reason: "", log: problem))
      } else {
        await board.record(name, .passed)
      }
      if !outcome.guestAnswers { await failures.loseGuest() }
    }
    if record, await !failures.guestIsLost { try session.write(outputs, to: file) }
  }

  /// The files of the suite's folder, in the order of their names.
  private static func sessions(of suite: Suite) throws -> [(session: Session, file: URL)] {
    let folder = URL(filePath: "Tests/SystemTests/\(suite.name)")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "session" }.sorted { $0.path < $1.path }
    return try files.map { (try Session(contentsOf: $0), $0) }
  }
}

extension Session {
  /// Puts what commands printed into the file, in place of what was expected; nil leaves it, and so do patterns.
  func write(_ outputs: [String?], to file: URL) throws {
    var lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
    for (step, output) in zip(steps, outputs).reversed() {
      guard let output, case .command(_, let expected, _) = step.kind else { continue }
      let isExact = expected.allSatisfy { if case .line = $0 { true } else { false } }
      guard isExact else { continue }
      // Statuses and limits stay behind the output.
      let kept = lines[step.expectedLines].filter { !$0.hasPrefix("  ") }
      let printed = output.isEmpty ? [] : output.split(separator: "\n", omittingEmptySubsequences: false)
      lines.replaceSubrange(step.expectedLines, with: printed.map { "  \($0)" } + kept)
    }
    try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
  }
}
