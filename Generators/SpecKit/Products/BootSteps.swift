/// The boot steps as an enumeration with its texts, and the switch that runs them, as Swift.
enum BootSteps: SpecProduct {
  static let name = "boot-steps"
  static let scansSources = true

  static func generate(_ model: BootStepSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    try HandlerCheck.check(
      model.steps.compactMap(\.handler), arguments: "_ state: inout BootState) -> BootOutcome", context)
    var writer = CodeWriter(header: context)
    writer.documentation("A step of the boot. The raw value is its number; the steps run in the order of the cases.")
    writer.block("enum BootStep: UInt8") { writer in
      for step in model.steps {
        writer.documentation(step.summary)
        writer.line("case \(step.identifier.value) = \(step.number.value)")
      }
      writer.line()
      writer.documentation("How many steps there are.")
      writer.line("static var count: Int { \(model.steps.count) }")
      writer.line()
      order(&writer)
      text("title", "What the boot screen shows.", model, &writer) { $0.title.value }
      text("postcondition", "What is true after the step.", model, &writer) { $0.postcondition }
      writer.line()
      dispatch(model, &writer, context)
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func order(_ writer: inout CodeWriter) {
    writer.documentation("All steps in order, without an allocation.")
    writer.line("static var inOrder: InOrder { InOrder() }")
    writer.line()
    writer.documentation("Counts through the steps.")
    writer.block("struct InOrder: Sequence, IteratorProtocol") { writer in
      writer.line("private var number: UInt8 = 0")
      writer.line()
      writer.documentation("The next step, or nil behind the last.")
      writer.block("mutating func next() -> BootStep?") { writer in
        writer.line("guard let step = BootStep(rawValue: number) else { return nil }")
        writer.line("number += 1")
        writer.line("return step")
      }
    }
  }

  private static func text(
    _ name: String, _ documentation: String, _ model: BootStepSpec, _ writer: inout CodeWriter,
    value: (BootStepSpec.Step) -> String
  ) {
    writer.line()
    writer.documentation(documentation)
    writer.block("var \(name): String") { writer in
      writer.line("switch self {")
      for step in model.steps { writer.line("case .\(step.identifier.value): \(CodeWriter.literal(value(step)))") }
      writer.line("}")
    }
  }

  private static func dispatch(_ model: BootStepSpec, _ writer: inout CodeWriter, _ context: GenerationContext) {
    writer.documentation("Runs `step`; one that is planned does nothing and says which part of the plan brings it.")
    writer.block("static func run(_ step: BootStep, _ state: inout BootState) -> BootOutcome") { writer in
      writer.line("switch step {")
      for step in model.steps {
        writer.line("case .\(step.identifier.value):")
        if let handler = step.handler {
          writer.line("  return ", at: handler, in: context.document.file, code: "\(handler.value)(&state)")
        } else {
          writer.line("  return .notYet(part: \(step.part ?? 0))")
        }
      }
      writer.line("}")
    }
  }
}
