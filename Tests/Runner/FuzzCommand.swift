import ArgumentParser
import Foundation

/// Makes random system calls in a guest for a time, and judges whether the kernel lives and has its memory back.
struct FuzzCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz", abstract: "Makes random system calls, by Tests/Fuzz, in a guest.")

  @OptionGroup var options: Runner.Options
  @Option(help: "The initramfs with the fuzzer.") var initramfs = "build/test/busybox.cpio.gz"
  @Option(help: "For how many of the guest's seconds.") var seconds = 60
  @Option(help: "Where the random numbers begin.") var seed = 1
  @Option(help: "Memory of the machine.") var memory = "512M"
  @Option(help: "How much memory may be gone at the end, in KiB, for tables and caches.") var slack = 4096
  @Flag(help: "Boot Debian's Linux instead.") var linux = false
  @Flag(help: "Print the guest's console.") var verbose = false

  func run() async throws {
    let board = Scoreboard()
    let lines = try await lines()
    if verbose { print(lines.map { "  | \($0)" }.joined(separator: "\n")) }
    let report = Report(lines)
    let name = "fuzz: seed \(seed), \(seconds) s"
    if report.isDone {
      await board.record("\(name): the kernel lives", .passed)
      await board.record("\(name): memory", memoryVerdict(report))
      await board.record("\(name): processes", processVerdict(report))
    } else {
      let place = report.lastRound.map { "after \($0)" } ?? "before the first round"
      await board.record(
        "\(name): the kernel lives",
        .failed(reason: "it ended or hung \(place); it said last:", log: lines.suffix(60).joined(separator: "\n")))
    }
    for line in report.summaries { print("  \(line)") }
    try await board.finish("fuzzing", countsFile: options.counts)
    if await board.failed > 0 { throw ExitCode.failure }
  }

  private func lines() async throws -> [String] {
    var archive = CpioArchive()
    archive.add("tests/steps", [], mode: 0o040_755)
    archive.add("tests/steps/fuzz", Array("\(seed) \(seconds)\n".utf8))
    archive.add("tests/loop", Array("#!/bin/sh\nexec /tests/fuzz \"$1\"\n".utf8), mode: 0o100_755)
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).cpio")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(archive.appended(to: [UInt8](Data(contentsOf: URL(filePath: initramfs))))).write(to: file)

    let path = linux ? "build/linux/vmlinuz" : options.kernel
    var guest = Guest(image: .kernel(path: path, commandLine: "console=ttyS0 quiet panic=1 rdinit=/tests/run"))
    guest.memory = memory
    guest.processors = 2
    guest.initramfs = file.path
    guest.timeoutSeconds = 600 + seconds * 10
    // 64 rounds may each have to be ended after a second.
    return try await guest.lines(patience: .seconds(240)) { $0.contains("fuzz: done") }
  }

  private func memoryVerdict(_ report: Report) -> Scoreboard.Verdict {
    guard let before = report.freeBefore, let after = report.freeAfter else {
      return .failed(reason: "the guest does not say how much is free", log: "")
    }
    let text = "\(before) KiB were free, then \(after)"
    return before - after <= slack ? .passed : .failed(reason: text, log: "")
  }

  /// What the first programs are, and the kernel's own threads on Linux, leaves room for; what rounds leave does not.
  private func processVerdict(_ report: Report) -> Scoreboard.Verdict {
    let count = report.processCount ?? 0
    return linux || (1...10).contains(count) ? .passed : .failed(reason: "\(count) processes are left", log: "")
  }

  /// What `Tests/SystemTests/fuzz` and the fuzzer say.
  private struct Report {
    var isDone = false
    var lastRound: String?
    var freeBefore: Int?
    var freeAfter: Int?
    var processCount: Int?
    /// What the fuzzer counts.
    var summaries: [String] = []

    init(_ lines: [String]) {
      for line in lines {
        guard let start = line.range(of: "fuzz: ") else { continue }
        let text = line[start.lowerBound...].filter { $0 != "\r" }
        let words = text.split(separator: " ")
        switch words.dropFirst().first {
        case "seed": lastRound = String(text)
        case "free" where text.hasSuffix("at the beginning"): freeBefore = Int(words[2])
        case "free" where text.hasSuffix("at the end"): freeAfter = Int(words[2])
        case "processes": processCount = words.count > 2 ? Int(words[2]) : nil
        case "done": isDone = true
        case "ready", "status": break
        default: summaries.append(String(text))
        }
      }
    }
  }
}
