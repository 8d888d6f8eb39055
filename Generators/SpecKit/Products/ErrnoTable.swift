/// The error numbers as a Swift error with names and descriptions.
enum ErrnoTable: SpecProduct {
  static let name = "errno"

  static func generate(_ model: ErrnoSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    writer.documentation(
      """
      Why a system call failed: a number from 1 to 4095, which the call returns negated.

      Source: \(model.sources.joined(separator: "; ")).
      """)
    writer.block("public struct Errno: Error, RawRepresentable, Hashable, Sendable") { writer in
      writer.documentation("The number, 1 to 4095.")
      writer.line("public let rawValue: Int32")
      writer.line()
      writer.line("@inlinable")
      writer.line("init(number: Int32) { rawValue = number }")
      writer.line()
      writer.documentation("The error with the number `rawValue`; nil outside 1 to 4095.")
      writer.line("@inlinable")
      writer.block("public init?(rawValue: Int32)") { writer in
        writer.line("guard rawValue >= 1 && rawValue <= 4095 else { return nil }")
        writer.line("self.rawValue = rawValue")
      }
      writer.line()
      writer.documentation("What a system call that fails so returns: the number, negated.")
      writer.line("@inlinable")
      writer.line("public var systemCallResult: Int { -Int(rawValue) }")
      for entry in model.errors {
        writer.line()
        writer.documentation("\(entry.description.prefix(1).uppercased() + entry.description.dropFirst()).")
        member(entry.name.value, entry.number.value, &writer)
        for alias in entry.aliases ?? [] {
          writer.line()
          writer.documentation("Another name of `\(entry.name.value)`.")
          member(alias.value, entry.number.value, &writer)
        }
      }
      text("name", "The C name, or nil for a number that none has.", model, &writer) { $0.name.value }
      text("description", "A few words on what happened, or nil for a number without a name.", model, &writer) {
        $0.description
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func member(_ name: String, _ number: Int, _ writer: inout CodeWriter) {
    writer.line("@inlinable")
    writer.line("public static var \(name): Errno { Errno(number: \(number)) }")
  }

  private static func text(
    _ name: String, _ documentation: String, _ model: ErrnoSpec, _ writer: inout CodeWriter,
    value: (ErrnoSpec.Entry) -> String
  ) {
    writer.line()
    writer.documentation(documentation)
    writer.block("public var \(name): String?") { writer in
      writer.line("switch rawValue {")
      for entry in model.errors {
        writer.line("case \(entry.number.value): \(CodeWriter.literal(value(entry)))")
      }
      writer.line("default: nil")
      writer.line("}")
    }
  }
}
