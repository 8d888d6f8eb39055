import Foundation

/// Types at the prompt of a guest's login shell, as a session says.
struct SessionDriver {
  let console: GuestConsole
  let send: @Sendable ([UInt8]) async throws -> Void
  /// How the login shell's prompt ends.
  let prompt: String

  /// What a step came to.
  struct Outcome {
    /// Why it failed; nil when it passed.
    var problem: String?
    /// Whether the guest can go on.
    var guestAnswers = true
  }

  /// Waits for the first prompt.
  func begin(seconds: Double) async throws { _ = try await console.wait(seconds: seconds, for: prompt) }

  /// - Parameter seconds: how long to wait for whatever is to be seen.
  func run(_ actions: [Session.Action], seconds: Double) async throws -> Outcome {
    await console.skip()
    var forbidden: [String] = []
    for action in actions {
      switch action {
      case .type(let bytes): try await send(bytes)
      case .wait(let wanted): try await Task.sleep(for: .milliseconds(Int(wanted * 1000)))
      case .never(let text): forbidden.append(text)
      case .see(let text):
        do {
          let said = try await console.wait(seconds: seconds, for: text)
          if let found = forbidden.first(where: { said.contains($0) }) {
            return await failure("\"\(found)\" was seen in:\n\(said)")
          }
          forbidden = []
        } catch is GuestConsole.Failure {
          return await failure("\"\(text)\" did not come; what came was:\n\(await console.unread)")
        }
      case .end:
        guard await console.waitForEnd(seconds: seconds) else { return await failure("the guest goes on") }
        return Outcome(guestAnswers: false)
      }
    }
    return Outcome()
  }

  private func failure(_ problem: String) async -> Outcome {
    Outcome(problem: problem, guestAnswers: await recover())
  }

  /// Gets back to the login shell's prompt, whatever runs.
  private func recover() async -> Bool {
    for keys in ["\u{3}", "\u{1c}", "\u{3}\u{4}", "q\u{3}"] {
      await console.skip()
      do {
        try await send(Array((keys + "\r").utf8))
        _ = try await console.wait(seconds: 5, for: prompt)
        // What was typed ahead is answered, too.
        try await Task.sleep(for: .milliseconds(500))
        await console.skip()
        return true
      } catch {}
    }
    return false
  }
}
