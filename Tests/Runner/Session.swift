import Foundation

/// A file of `Tests/SystemTests`: what is done in a guest, and what is to come of it. Its README has the format.
struct Session: Sendable {
  /// A line of the output that a command is to have.
  enum Expectation: Sendable {
    /// Exactly this.
    case line(String)
    /// Something that this regular expression describes.
    case pattern(String)
    /// Any number of any lines.
    case anything
  }

  /// What is done at a prompt, one after the other.
  enum Action: Sendable {
    /// Sends these bytes.
    case type([UInt8])
    /// Waits until this is said.
    case see(String)
    /// This is not said before what is waited for next.
    case never(String)
    /// Waits so many seconds: a program that has begun may not have said so.
    case wait(Double)
    /// Waits until the machine is off.
    case end
  }

  /// What is judged as one.
  struct Step: Sendable {
    enum Kind: Sendable {
      /// A script for the shell, its output and its status.
      case command(String, output: [Expectation], status: Int)
      /// A conversation with the shell's own prompt.
      case conversation([Action])
    }
    var name: String
    var kind: Kind
    var limitSeconds: Double
    /// A system call without which it makes no sense; nil for none.
    var needs: String?
    /// The lines of the file that say what is expected.
    var expectedLines: Range<Int>
  }

  var name: String
  var steps: [Step] = []

  /// A mistake in a file.
  struct Mistake: Error, CustomStringConvertible {
    var description: String
  }

  /// Reads the file.
  init(contentsOf file: URL) throws {
    name = file.deletingPathExtension().lastPathComponent
    let text = try String(contentsOf: file, encoding: .utf8)
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard let problem = take(String(line), number) else { continue }
      throw Mistake(description: "\(file.path):\(number + 1): \(problem)")
    }
  }

  /// - Returns: what is wrong with the line.
  private mutating func take(_ line: String, _ number: Int) -> String? {
    if line.isEmpty || line.hasPrefix("#") { return nil }
    func rest(_ count: Int) -> String { String(line.dropFirst(count)) }
    if line.hasPrefix("$ ") {
      let kind = Step.Kind.command(rest(2), output: [], status: 0)
      steps.append(
        Step(name: rest(2), kind: kind, limitSeconds: 20, expectedLines: number + 1..<number + 1))
      return nil
    }
    if line.hasPrefix("* ") {
      steps.append(
        Step(name: rest(2), kind: .conversation([]), limitSeconds: 20, expectedLines: number + 1..<number + 1))
      return nil
    }
    guard var step = steps.popLast() else { return "nothing is done yet that this could belong to" }
    defer { steps.append(step) }
    if line.hasPrefix("% ") {
      guard let seconds = Double(rest(2)) else { return "\(rest(2)) is no number of seconds" }
      step.limitSeconds = seconds
      return nil
    }
    if line.hasPrefix("& ") {
      step.needs = rest(2)
      return nil
    }
    switch step.kind {
    case .command(let script, var output, var status):
      if line.hasPrefix("> ") || line == ">" {
        guard output.isEmpty else { return "a command does not go on behind its output" }
        step.kind = .command(script + "\n" + rest(2), output: output, status: status)
        step.expectedLines = number + 1..<number + 1
        return nil
      }
      if line.hasPrefix("  ") {
        output.append(.line(rest(2)))
      } else if line.hasPrefix("~ ") {
        guard (try? Regex(rest(2))) != nil else { return "this is no regular expression" }
        output.append(.pattern(rest(2)))
      } else if line == "..." {
        output.append(.anything)
      } else if line.hasPrefix("= "), let number = Int(rest(2)) {
        status = number
      } else {
        return "a line begins with $, >, two spaces, ~, ..., =, %, &, * or #"
      }
      step.kind = .command(script, output: output, status: status)
      step.expectedLines = step.expectedLines.lowerBound..<number + 1
    case .conversation(let actions):
      let action: Action
      if line.hasPrefix("type ") {
        guard let bytes = Self.unescaped(rest(5)) else { return "there is no such escape" }
        action = .type(bytes)
      } else if line.hasPrefix("see ") {
        guard let bytes = Self.unescaped(rest(4)) else { return "there is no such escape" }
        action = .see(String(decoding: bytes, as: UTF8.self))
      } else if line.hasPrefix("never ") {
        action = .never(rest(6))
      } else if line.hasPrefix("wait "), let seconds = Double(rest(5)) {
        action = .wait(seconds)
      } else if line == "end" {
        action = .end
      } else {
        return "in a conversation lines begin with type, see, never, wait and end"
      }
      step.kind = .conversation(actions + [action])
    }
    return nil
  }

  /// The bytes that a text with `\r`, `\n`, `\t`, `\e`, `\s`, `\b`, `\\` and `^C` and its like stands for.
  private static func unescaped(_ text: String) -> [UInt8]? {
    let plain: [Character: UInt8] = [
      "r": 0x0d, "n": 0x0a, "t": 0x09, "e": 0x1b, "s": 0x20, "b": 0x7f, "\\": 0x5c, "^": 0x5e,
    ]
    var bytes: [UInt8] = []
    var characters = text.makeIterator()
    while let character = characters.next() {
      switch character {
      case "\\":
        guard let next = characters.next(), let byte = plain[next] else { return nil }
        bytes.append(byte)
      case "^":
        guard let next = characters.next(), let letter = next.asciiValue, (0x40..<0x60).contains(letter) else {
          return nil
        }
        bytes.append(letter - 0x40)
      default: bytes += Array(String(character).utf8)
      }
    }
    return bytes
  }
}

extension [Session.Expectation] {
  /// Whether `lines` are what is expected.
  func describe(_ lines: ArraySlice<Substring>) -> Bool {
    guard let first else { return lines.isEmpty }
    let rest = Array(dropFirst())
    switch first {
    case .line(let text): return lines.first.map { $0 == text } ?? false && rest.describe(lines.dropFirst())
    case .pattern(let pattern):
      guard let line = lines.first, let regex = try? Regex(pattern) else { return false }
      return line.wholeMatch(of: regex) != nil && rest.describe(lines.dropFirst())
    case .anything: return rest.describe(lines) || (!lines.isEmpty && describe(lines.dropFirst()))
    }
  }

  var text: String {
    map { expectation in
      switch expectation {
      case .line(let text): text
      case .pattern(let pattern): "~ " + pattern
      case .anything: "..."
      }
    }.joined(separator: "\n")
  }
}
