import Foundation

/// Runs the commands of a suite in guests that nobody types at: they are in files, which `/tests/run` reads.
///
/// A command that does not end costs its guest. The next one is given what is left of the session, from its beginning, without it.
actor CommandRun {
  /// What `/tests/loop` writes behind a command's output, with its status and the end of the line.
  private static let mark = "\u{1e}"
  /// A kernel that needs more is not ready to be tested.
  private static let mostBoots = 12

  /// A command, and what is known of it.
  private struct Item {
    var session: Int
    var step: Session.Step
    var isJudged = false
    var isLeftOut = false
    var output: String?
  }

  private let suite: SystemCommand.Suite
  private let sessions: [Session]
  private let board: Scoreboard
  private let patience: Double
  private var items: [Item]
  private(set) var failedCount = 0
  private var hasBooted = false

  init(_ suite: SystemCommand.Suite, _ sessions: [Session], _ board: Scoreboard, patience: Double) {
    (self.suite, self.sessions, self.board, self.patience) = (suite, sessions, board, patience)
    items = sessions.enumerated().flatMap { number, session in session.steps.map { Item(session: number, step: $0) } }
  }

  /// What the commands of `session` printed; nil where they did not end.
  func outputs(ofSession session: Int) -> [String?] { items.filter { $0.session == session }.map(\.output) }

  /// Boots `guest` until every command has its verdict.
  ///
  /// - Returns: what the guests' consoles said.
  func run(_ guest: Guest) async throws -> String {
    let base = try [UInt8](Data(contentsOf: URL(filePath: suite.initramfs)))
    var logs: [String] = []
    for _ in 0..<Self.mostBoots {
      guard let first = items.firstIndex(where: { !$0.isJudged }) else { break }
      let chosen = items.indices.filter { items[$0].session >= items[first].session && !items[$0].isLeftOut }
      let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).cpio")
      defer { try? FileManager.default.removeItem(at: file) }
      try Data(plan(chosen).appended(to: base)).write(to: file)
      var guest = guest
      guest.initramfs = file.path
      let log = try await guest.converse { console, _ in try await self.follow(console, chosen) }
      logs.append(log)
    }
    for index in items.indices where !items[index].isJudged {
      await judge(index, .failed(reason: "not tried: the guest has ended too often", log: ""))
    }
    return logs.joined(separator: "\n")
  }

  private func plan(_ chosen: [Int]) -> CpioArchive {
    var archive = CpioArchive()
    archive.add("tests/steps", [], mode: 0o040_755)
    for (number, index) in chosen.enumerated() {
      guard case .command(let script, _, _) = items[index].step.kind else { continue }
      archive.add("tests/steps/\(10000 + number)", Array(script.utf8))
    }
    return archive
  }

  /// Reads what the guest says of the commands `chosen`.
  private func follow(_ console: GuestConsole, _ chosen: [Int]) async throws {
    do {
      _ = try await console.wait(seconds: suite.bootSeconds * patience, for: Self.mark + "ready\n")
    } catch let failure as GuestConsole.Failure {
      let log = await console.log
      await board.record("\(suite.name): boot", .failed(reason: "no command runs: \(failure)", log: log))
      failedCount += 1
      // Another boot ends no better.
      for index in chosen { items[index].isJudged = true }
      return
    }
    if !hasBooted { await board.record("\(suite.name): boot", .passed) }
    hasBooted = true
    for index in chosen {
      let step = items[index].step
      do {
        let answer = try await console.wait(seconds: step.limitSeconds * patience) { bytes in
          guard let start = bytes.firstIndex(of: UInt8(ascii: "\u{1e}")) else { return nil }
          return bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        }
        await judge(index, verdict(step, answer, index))
      } catch let failure as GuestConsole.Failure {
        let said = await console.unread
        let reason = failure == .ended ? "the guest ended" : "it does not end"
        await judge(index, .failed(reason: "\(reason); it said:", log: said))
        items[index].isLeftOut = true
        return
      }
    }
    let isOff = await console.waitForEnd(seconds: 30 * patience)
    await board.record("\(suite.name): poweroff", isOff ? .passed : .failed(reason: "the machine stays on", log: ""))
    if !isOff { failedCount += 1 }
  }

  private func judge(_ index: Int, _ verdict: Scoreboard.Verdict) async {
    guard !items[index].isJudged else { return }
    items[index].isJudged = true
    if case .failed = verdict { failedCount += 1 }
    let name = items[index].step.name.split(separator: "\n").prefix(3).joined(separator: " ").prefix(90)
    await board.record("\(suite.name)/\(sessions[items[index].session].name): \(name)", verdict)
  }

  /// - Parameter answer: the output, the mark, the status and the end of the line.
  private func verdict(_ step: Session.Step, _ answer: String, _ index: Int) -> Scoreboard.Verdict {
    guard case .command(let script, let expected, let status) = step.kind else { return .passed }
    let parts = answer.split(separator: Self.mark, maxSplits: 1, omittingEmptySubsequences: false)
    let found = Int(parts[1].dropLast()) ?? -1
    var output = parts[0]
    if output.hasSuffix("\n") { output = output.dropLast() }
    items[index].output = String(output)
    let lines = output.isEmpty ? [] : output.split(separator: "\n", omittingEmptySubsequences: false)
    var problem = ""
    if !expected.describe(lines[...]) { problem = "expected:\n\(expected.text)\nfound:\n\(output)\n" }
    if found != status { problem += "its status is \(found), not \(status)\n" }
    return problem.isEmpty ? .passed : .failed(reason: "", log: "$ \(script)\n\(problem)")
  }
}
