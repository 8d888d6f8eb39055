/// What is done about failures, as Swift enumerations with a lookup of the steps.
enum RecoveryTable: SpecProduct {
  static let name = "recovery"

  static func generate(_ model: RecoverySpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    writer.documentation("Something that can be done about a failure, the gentlest first.")
    writer.block("public enum RecoveryStrategy: UInt8, CaseIterable, Sendable") { writer in
      for strategy in model.strategies {
        writer.documentation("\(strategy.description)")
        writer.line("case \(SwiftName.escaped(strategy.name.value))")
      }
      names(model.strategies.map(\.name.value), &writer)
    }
    writer.line()
    step(&writer)
    writer.line()
    writer.documentation("A class of failure.\n\nSource: \(model.sources.joined(separator: "; ")).")
    writer.block("public enum Failure: UInt8, CaseIterable, Sendable") { writer in
      for failure in model.failures {
        writer.documentation("\(failure.description) Noticed by \(failure.detectedBy).")
        writer.line("case \(SwiftName.escaped(failure.name.value))")
      }
      names(model.failures.map(\.name.value), &writer)
      writer.line()
      writer.documentation("What is done at stage `index`, from 0, or nil when nothing is left to do.")
      writer.block("public func step(at index: Int) -> RecoveryStep?") { writer in
        writer.line("switch (self, index) {")
        for failure in model.failures {
          for (index, step) in failure.steps.enumerated() {
            let values = [
              "strategy: .\(step.strategy.value)", "attempts: \(step.attempts?.value ?? 1)",
              "delayMilliseconds: \(step.delayMilliseconds?.value ?? 0)", "backOff: \(step.backOff?.value ?? 1)",
              "longestMilliseconds: \(step.longestMilliseconds?.value ?? 0)",
              "windowSeconds: \(step.windowSeconds?.value ?? 0)",
            ]
            writer.line(
              "case (.\(SwiftName.escaped(failure.name.value)), \(index)): RecoveryStep(\(values.joined(separator: ", ")))"
            )
          }
        }
        writer.line("default: nil")
        writer.line("}")
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func names(_ names: [String], _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("The name in the spec.")
    writer.block("public var name: String") { writer in
      writer.line("switch self {")
      for name in names { writer.line("case .\(SwiftName.escaped(name)): \(CodeWriter.literal(name))") }
      writer.line("}")
    }
  }

  private static func step(_ writer: inout CodeWriter) {
    writer.documentation("One stage of a recovery.")
    writer.block("public struct RecoveryStep: Sendable, Equatable") { writer in
      writer.documentation("What is done.")
      writer.line("public let strategy: RecoveryStrategy")
      writer.documentation("How often it is tried.")
      writer.line("public let attempts: UInt8")
      writer.documentation("The wait before the second attempt.")
      writer.line("public let delayMilliseconds: UInt32")
      writer.documentation("What each further wait is multiplied with.")
      writer.line("public let backOff: UInt8")
      writer.documentation("What no wait is longer than; 0 is no limit.")
      writer.line("public let longestMilliseconds: UInt32")
      writer.documentation("The time after which attempts are counted anew; 0 is never.")
      writer.line("public let windowSeconds: UInt32")
    }
  }
}

extension RecoverySpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Recovery" }

  /// The failures with what is done about them, then the strategies.
  public func reference(_ document: SpecDocument) -> String {
    var table = MarkdownTable("Failure", "What happened", "Noticed by", "What is done", "Status")
    for failure in failures {
      let steps = failure.steps.map { step in
        var text = "`\(step.strategy.value)`"
        if let attempts = step.attempts?.value, attempts > 1 { text += " up to \(attempts) times" }
        if let window = step.windowSeconds?.value { text += " in \(window) s" }
        if let delay = step.delayMilliseconds?.value { text += ", \(delay) ms apart" }
        if let backOff = step.backOff?.value { text += " and \(backOff) times longer each" }
        if let longest = step.longestMilliseconds?.value { text += ", at most \(longest) ms" }
        return text
      }
      table.row(
        "`\(failure.name.value)`", failure.description, failure.detectedBy, steps.joined(separator: "; then "),
        failure.status)
    }
    var list = MarkdownTable("Strategy", "What it does", "Loses")
    for strategy in strategies { list.row("`\(strategy.name.value)`", strategy.description, strategy.loses) }
    return
      "\(table.markdown)\n## Strategies, the gentlest first\n\n\(list.markdown)\nSources: \(sources.joined(separator: "; ")).\n"
  }
}
