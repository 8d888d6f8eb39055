extension InterruptSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Interrupt vectors" }

  /// The exceptions with what the processor does, then all other vectors.
  public func reference(_ document: SpecDocument) -> String {
    var exceptions = MarkdownTable("Vector", "Mnemonic", "Name", "Class", "Error code", "IST", "DPL", "Handler")
    var interrupts = MarkdownTable("Vectors", "Name", "From", "Handler")
    for entry in vectors {
      let numbers = entry.isRange ? "\(entry.range.lowerBound)–\(entry.range.upperBound)" : "\(entry.first.value)"
      let handler = "`\(entry.handler.value)`"
      if entry.origin.value == .processor {
        exceptions.row(
          numbers, entry.mnemonic?.value ?? "", entry.name.value, entry.interruptClass.words,
          entry.hasErrorCode ? "yes" : "no",
          entry.stackIndex == 0 ? "" : "\(entry.stackIndex)", "\(entry.privilegeLevel)", handler)
      } else {
        let line = entry.line.map { " \($0.value)" } ?? ""
        interrupts.row(numbers, entry.name.value, entry.origin.value.words + line, handler)
      }
    }
    let list = sources.map { "- \($0)\n" }.joined()
    return
      "## Exceptions\n\n\(exceptions.markdown)\n## Interrupts\n\n\(interrupts.markdown)\n\(stackText)## Sources\n\n\(list)"
  }

  /// The interrupt stacks that no exception has for itself.
  private var stackText: String {
    guard let stacks else { return "" }
    var table = MarkdownTable("IST", "For")
    table.row("\(stacks.arrivals.value)", "all that is no exception, until it goes on where it has interrupted")
    table.row("\(stacks.exhausted.value)", "exceptions of work that can be ended and has used up its own stack")
    return "## Other interrupt stacks\n\n\(table.markdown)\n"
  }
}

extension InterruptSpec.Class {
  /// The class in words.
  fileprivate var words: String {
    switch self {
    case .faultOrTrap: "fault or trap"
    case .fault, .trap, .abort, .interrupt, .reserved: rawValue
    }
  }
}

extension InterruptSpec.Origin {
  /// The origin in words.
  fileprivate var words: String {
    switch self {
    case .processor: "the processor"
    case .line: "ISA line"
    case .message: "MSI or MSI-X"
    case .interprocessor: "another processor"
    case .localAPIC: "the local APIC"
    case .none: "nothing"
    }
  }
}
