/// The vectors' names and properties, and the switch that calls their handlers, as Swift.
enum InterruptVectors: SpecProduct {
  static let name = "interrupt-vectors"
  static let scansSources = true

  static func generate(_ model: InterruptSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    try HandlerCheck.check(
      model.vectors.map(\.handler), arguments: "_ frame: borrowing TrapFrame, _ vector: InterruptVector", context)
    var writer = CodeWriter(header: context)
    writer.line("import Machine")
    writer.line()
    vector(model, &writer)
    writer.line()
    enumerations(&writer)
    writer.line()
    dispatch(model, &writer, context)
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func vector(_ model: InterruptSpec, _ writer: inout CodeWriter) {
    writer.documentation("A vector of the interrupt descriptor table, 0...255.\n\nSources:")
    for source in model.sources { writer.documentation("- \(source)") }
    writer.block("public struct InterruptVector: RawRepresentable, Equatable, Sendable") { writer in
      writer.documentation("The number.")
      writer.line("public var rawValue: UInt8")
      writer.line()
      writer.documentation("The vector `rawValue`; every number is one.")
      writer.line("public init(rawValue: UInt8) { self.rawValue = rawValue }")
      for entry in model.vectors {
        writer.line()
        let name = entry.mnemonic.map { "\($0.value), \(entry.name.value)" } ?? entry.name.value
        writer.documentation(name + ".")
        let identifier = entry.identifier.value
        if entry.isRange {
          writer.line(
            "public static var \(identifier): ClosedRange<UInt8> { \(entry.range.lowerBound)...\(entry.range.upperBound) }"
          )
        } else {
          writer.line(
            "public static var \(identifier): InterruptVector { InterruptVector(rawValue: \(entry.first.value)) }")
        }
      }
      properties(model, &writer)
    }
  }

  private static func properties(_ model: InterruptSpec, _ writer: inout CodeWriter) {
    property("name: String", "The name, in the words of the manual.", model, &writer) {
      CodeWriter.literal($0.name.value)
    }
    property("mnemonic: String?", "The manual's mnemonic, such as `#PF`, or nil.", model, &writer) {
      $0.mnemonic.map { CodeWriter.literal($0.value) } ?? "nil"
    }
    property(
      "interruptClass: InterruptClass", "What kind of exception it is; all others are interrupts.", model, &writer
    ) {
      ".\($0.interruptClass.rawValue)"
    }
    property("origin: InterruptOrigin", "Where it comes from.", model, &writer) { ".\($0.origin.value.rawValue)" }
    property("hasErrorCode: Bool", "Whether the processor pushes an error code.", model, &writer) {
      "\($0.hasErrorCode)"
    }
    property("line: UInt8?", "The ISA interrupt line, 0...15, or nil.", model, &writer) {
      $0.line.map { "\($0.value)" } ?? "nil"
    }
  }

  /// A property by a switch over the vectors; the value that most entries have is its `default`.
  private static func property(
    _ declaration: String, _ documentation: String, _ model: InterruptSpec, _ writer: inout CodeWriter,
    value: (InterruptSpec.Entry) -> String
  ) {
    var patterns: [String: [String]] = [:]
    var order: [String] = []
    for entry in model.vectors {
      let value = value(entry)
      if patterns[value] == nil { order.append(value) }
      patterns[value, default: []].append(pattern(entry))
    }
    // The first of equals wins, so that the output does not depend on a dictionary's order.
    let common = order.reduce(order[0]) { patterns[$1, default: []].count > patterns[$0, default: []].count ? $1 : $0 }
    writer.line()
    writer.documentation(documentation)
    writer.block("public var \(declaration)") { writer in
      writer.line("switch rawValue {")
      for value in order where value != common {
        writer.line("case \(patterns[value, default: []].joined(separator: ", ")): \(value)")
      }
      writer.line("default: \(common)")
      writer.line("}")
    }
  }

  private static func pattern(_ entry: InterruptSpec.Entry) -> String {
    entry.isRange ? "\(entry.range.lowerBound)...\(entry.range.upperBound)" : "\(entry.first.value)"
  }

  private static func enumerations(_ writer: inout CodeWriter) {
    writer.documentation("What kind of exception a vector is. Source: Intel SDM vol. 3A, 6.5.")
    writer.block("public enum InterruptClass: UInt8, Sendable") { writer in
      writer.line("case \(InterruptSpec.Class.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    writer.line()
    writer.documentation("Where an interrupt comes from.")
    writer.block("public enum InterruptOrigin: UInt8, Sendable") { writer in
      writer.line("case \(InterruptSpec.Origin.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  private static func dispatch(_ model: InterruptSpec, _ writer: inout CodeWriter, _ context: GenerationContext) {
    writer.documentation("Calls the handler that the spec names for the frame's vector.")
    writer.block("public func dispatchInterrupt(_ frame: borrowing TrapFrame)") { writer in
      writer.line("let vector = InterruptVector(rawValue: frame.vector)")
      writer.line("switch vector.rawValue {")
      for (index, entry) in model.vectors.enumerated() {
        // The entries cover all numbers, which the compiler cannot see: the last one takes the rest.
        let isLast = index == model.vectors.count - 1
        writer.line(isLast ? "default:" : "case \(pattern(entry)):")
        writer.line(
          at: entry.handler, in: context.document.file, code: "\(entry.handler.value)(frame, vector)")
      }
      writer.line("}")
    }
  }
}
