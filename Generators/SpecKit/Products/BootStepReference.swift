extension BootStepSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Boot steps" }

  /// The steps in order with what they promise.
  public func reference(_ document: SpecDocument) -> String {
    var table = MarkdownTable("Number", "Step", "What it does", "Afterwards", "Status")
    for step in steps {
      let status = step.part.map { "planned for part \($0)" } ?? step.handler.map { "`\($0.value)`" } ?? ""
      table.row("\(step.number.value)", step.title.value, step.summary, step.postcondition, status)
    }
    return "\(table.markdown)\nSource: \(source).\n"
  }
}
