import Foundation

/// Runs sessions in a guest whose console shows a shell's prompt.
///
/// Commands go to `/tests/loop` there, a shell that reads from the console without echo and says how each command ended.
/// Conversations go to the login shell itself.
struct SessionDriver {
  /// What `/tests/loop` writes behind a command's output, with its status and the end of the line.
  private static let mark = "\u{1e}"
  /// How long a shell may take to answer when it has nothing to do.
  private static let answerSeconds = 20.0

  let console: GuestConsole
  let send: @Sendable ([UInt8]) async throws -> Void
  /// How the login shell's prompt ends.
  let prompt: String

  private var isInLoop = false

  init(_ console: GuestConsole, prompt: String, send: @escaping @Sendable ([UInt8]) async throws -> Void) {
    (self.console, self.prompt, self.send) = (console, prompt, send)
  }

  /// What a step came to.
  struct Outcome {
    /// Why it failed; nil when it passed.
    var problem: String?
    /// A command's output.
    var output = ""
    /// Whether the guest can go on.
    var guestAnswers = true
  }

  /// Waits for the first prompt.
  mutating func begin(seconds: Double) async throws { _ = try await console.wait(seconds: seconds, for: prompt) }

  mutating func run(_ step: Session.Step) async throws -> Outcome {
    do {
      switch step.kind {
      case .command(let script, let expected, let status):
        try await enterLoop()
        return try await run(script, expected, status, seconds: step.limitSeconds)
      case .conversation(let actions):
        try await leaveLoop()
        return try await converse(actions, seconds: step.limitSeconds)
      }
    } catch is GuestConsole.Failure {
      let said = await console.unread
      var outcome = Outcome(problem: "no answer; what came was:\n\(said)")
      outcome.guestAnswers = await recover()
      isInLoop = false
      return outcome
    }
  }

  // MARK: Commands

  private mutating func enterLoop() async throws {
    guard !isInLoop else { return }
    try await send(Array("/tests/loop\r".utf8))
    _ = try await console.wait(seconds: Self.answerSeconds, for: Self.mark + "ready\n")
    isInLoop = true
  }

  private mutating func leaveLoop() async throws {
    guard isInLoop else { return }
    try await send(Array(".\n".utf8))
    _ = try await console.wait(seconds: Self.answerSeconds, for: prompt)
    isInLoop = false
  }

  private func run(
    _ script: String, _ expected: [Session.Expectation], _ status: Int, seconds: Double
  ) async throws -> Outcome {
    await console.skip()
    try await send(Array((script + "\n@\n").utf8))
    let mark = UInt8(ascii: "\u{1e}")
    let answer = try await console.wait(seconds: seconds) { bytes in
      guard let start = bytes.firstIndex(of: mark) else { return nil }
      return bytes[start...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
    }
    let parts = answer.split(separator: Self.mark, maxSplits: 1, omittingEmptySubsequences: false)
    let found = Int(parts[1].dropLast()) ?? -1
    var output = parts[0]
    if output.hasSuffix("\n") { output = output.dropLast() }
    let lines = output.isEmpty ? [] : output.split(separator: "\n", omittingEmptySubsequences: false)
    var problem = ""
    if !expected.describe(lines[...]) { problem = "expected:\n\(expected.text)\nfound:\n\(output)\n" }
    if found != status { problem += "its status is \(found), not \(status)\n" }
    return Outcome(problem: problem.isEmpty ? nil : problem, output: String(output))
  }

  // MARK: Conversations

  private func converse(_ actions: [Session.Action], seconds: Double) async throws -> Outcome {
    await console.skip()
    var forbidden: [String] = []
    for action in actions {
      switch action {
      case .type(let bytes): try await send(bytes)
      case .never(let text): forbidden.append(text)
      case .see(let text):
        do {
          let said = try await console.wait(seconds: seconds, for: text)
          if let found = forbidden.first(where: { said.contains($0) }) {
            _ = await recover()
            return Outcome(problem: "\"\(found)\" was seen in:\n\(said)")
          }
          forbidden = []
        } catch GuestConsole.Failure.timeout {
          let said = await console.unread
          var outcome = Outcome(problem: "\"\(text)\" did not come; what came was:\n\(said)")
          outcome.guestAnswers = await recover()
          return outcome
        }
      }
    }
    return Outcome()
  }

  // MARK: Recovery

  /// Gets back to the login shell's prompt, whatever runs.
  private func recover() async -> Bool {
    for keys in ["\u{3}", "\u{1c}", "\u{3}\u{4}", "q\u{3}"] {
      await console.skip()
      do {
        try await send(Array((keys + "\r").utf8))
        _ = try await console.wait(seconds: 3, for: prompt)
        // What was typed ahead is answered, too.
        try await Task.sleep(for: .milliseconds(300))
        await console.skip()
        return true
      } catch {}
    }
    return false
  }
}
