import ArgumentParser
import Foundation

/// Boots guests with a file system of real programs and judges what these print.
struct SystemCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "system", abstract: "Runs the sessions of Tests/SystemTests in guests.")
  @OptionGroup var options: Runner.Options
  @Option(help: "Run only the sessions of this folder.") var suite: String?
  @Option(help: "What the kernel is told.") var append = "console=ttyS0 quiet panic=1"
  @Option(help: "By how much longer to wait than the sessions say.") var patience = 2.0
  @Flag(help: "Boot Debian's Linux instead, which all expectations must hold on.") var linux = false
  @Flag(help: "Write what commands print into the session files, as what is expected from now on.") var record = false
  @Flag(help: "Print the console of every guest.") var verbose = false

  /// A guest and the sessions that run in it: the folder of its name.
  struct Suite: Sendable {
    /// How a session reaches the guest.
    enum Manner: Sendable {
      /// In files, which the first program reads.
      case commands
      /// Typed at the console.
      case conversation
    }
    var name: String
    var manner: Manner
    var initramfs: String
    var memory: String
    var bootSeconds: Double
    /// What else QEMU is told: the devices that sessions look at.
    var devices: [String] = []
  }

  /// A slot that may be filled while the system runs with a card in it, a serial port and a virtio device: with what the machine has
  /// itself, a function of each kind that programs show in their own ways.
  private static let pciDevices = [
    "-device", "pcie-root-port,id=slot4,bus=pcie.0,addr=4,chassis=1,slot=4",
    "-device", "virtio-rng-pci,bus=slot4", "-device", "pci-serial,addr=5", "-device", "edu,addr=6",
  ]

  private static let prompt = "root@apus:~# "
  static let suites = [
    Suite(
      name: "busybox", manner: .commands, initramfs: "build/test/busybox.cpio.gz", memory: "256M", bootSeconds: 60),
    Suite(
      name: "console", manner: .conversation, initramfs: "build/test/busybox.cpio.gz", memory: "256M", bootSeconds: 60),
    Suite(
      name: "debian", manner: .commands, initramfs: "build/test/debian.cpio", memory: "512M", bootSeconds: 90,
      devices: pciDevices),
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
    if !linux { try await Self.leaveOutPlanned(&sessions, suite, board) }
    guard !sessions.isEmpty else { return }
    guard FileManager.default.fileExists(atPath: suite.initramfs) else {
      let reason = "\(suite.initramfs) is missing; Tools/make-test-initramfs.sh makes it"
      await board.record("\(suite.name): boot", .failed(reason: reason, log: ""))
      return
    }
    var guest = Guest(image: .kernel(path: linux ? "build/linux/vmlinuz" : options.kernel, commandLine: append))
    guest.memory = suite.memory
    guest.processors = 2
    guest.initramfs = suite.initramfs
    guest.extraArguments += suite.devices
    guest.timeoutSeconds = 1800
    switch suite.manner {
    case .commands:
      guest.image = .kernel(
        path: linux ? "build/linux/vmlinuz" : options.kernel, commandLine: "\(append) rdinit=/tests/run")
      let commands = CommandRun(suite, sessions.map(\.session), board, patience: patience)
      let log = try await commands.run(guest)
      if verbose { show(log, of: suite) }
      guard record else { return }
      for (number, file) in sessions.enumerated() {
        try file.session.write(await commands.outputs(ofSession: number), to: file.file)
      }
    case .conversation:
      let sessions = sessions.map(\.session)
      let log = try await guest.converse { console, send in
        let driver = SessionDriver(console: console, send: send, prompt: Self.prompt)
        try await converse(suite, sessions, driver, board)
      }
      if verbose { show(log, of: suite) }
    }
  }

  private func show(_ log: String, of suite: Suite) {
    print("the consoles of the \(suite.name) guests:")
    print(log.split(separator: "\n").map { "  | \($0)" }.joined(separator: "\n"))
  }

  private func converse(
    _ suite: Suite, _ sessions: [Session], _ driver: SessionDriver, _ board: Scoreboard
  ) async throws {
    do {
      try await driver.begin(seconds: suite.bootSeconds * patience)
    } catch is GuestConsole.Failure {
      let log = await driver.console.log
      await board.record("\(suite.name): boot", .failed(reason: "there is no prompt", log: log))
      return
    }
    var guestIsLost = false
    for session in sessions {
      for step in session.steps {
        guard case .conversation(let actions) = step.kind else { continue }
        let name = "\(suite.name)/\(session.name): \(step.name)"
        guard !guestIsLost else {
          await board.record(name, .failed(reason: "the guest no longer answers", log: ""))
          continue
        }
        let outcome = try await driver.run(actions, seconds: step.limitSeconds * patience)
        await board.record(name, outcome.problem.map { .failed(reason: "", log: $0) } ?? .passed)
        guestIsLost = !outcome.guestAnswers
      }
    }
  }

  /// Leaves out steps that need a call which the spec has not as done yet.
  private static func leaveOutPlanned(
    _ sessions: inout [(session: Session, file: URL)], _ suite: Suite, _ board: Scoreboard
  ) async throws {
    struct Specification: Decodable {
      struct Call: Decodable {
        var name: String
        var status: String
      }
      var calls: [Call]
    }
    let specification = try JSONDecoder().decode(
      Specification.self, from: Data(contentsOf: URL(filePath: "Specs/syscalls.json")))
    let done = Set(specification.calls.filter { $0.status == "done" }.map(\.name))
    for index in sessions.indices {
      for step in sessions[index].session.steps {
        guard let needed = step.needs, !done.contains(needed) else { continue }
        let name = "\(suite.name)/\(sessions[index].session.name): \(step.name)"
        await board.record(name, .skipped(reason: "there is no \(needed) yet"))
      }
      sessions[index].session.steps.removeAll { step in step.needs.map { !done.contains($0) } ?? false }
    }
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
