/// The types, codes, properties and buses of input devices as Swift constants by their C names.
enum EventCodeTable: SpecProduct {
  static let name = "event-codes"

  static func generate(_ model: EventCodeSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    types(model, &writer)
    writer.line()
    codes(model, &writer)
    writer.line()
    writer.documentation("What a device is like: numbers of bits in its set of properties.")
    writer.block("public enum InputProperty") { writer in
      for (index, property) in model.properties.enumerated() {
        if index > 0 { writer.line() }
        writer.documentation("\(property.description).")
        constant(property.name.value, "Int", property.number.value, &writer)
      }
    }
    writer.line()
    writer.documentation("Where a device is connected.")
    writer.block("public enum InputBus") { writer in
      for (index, bus) in model.buses.enumerated() {
        if index > 0 { writer.line() }
        writer.documentation("`\(bus.name.value)`.")
        constant(bus.name.value, "UInt16", Int(bus.number.value.value), &writer)
      }
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func types(_ model: EventCodeSpec, _ writer: inout CodeWriter) {
    writer.documentation(
      """
      A type of events, by the number that Linux gives it.

      Source: \(model.sources.joined(separator: "; ")).
      """)
    writer.block("public struct EventType: RawRepresentable, Hashable, Sendable") { writer in
      writer.documentation("The number, which need not be one of a type that is known.")
      writer.line("public let rawValue: UInt16")
      writer.line()
      writer.documentation("The type with the number `rawValue`.")
      writer.line("@inlinable")
      writer.line("public init(rawValue: UInt16) { self.rawValue = rawValue }")
      for type in model.types {
        writer.line()
        writer.documentation("\(type.description).")
        constant(type.name.value, "EventType", "EventType(rawValue: \(type.number.value))", &writer)
      }
      writer.line()
      writer.documentation("The highest code that events of the type can have; nil for a type without codes.")
      writer.block("public var lastCode: UInt16?") { writer in
        writer.line("switch rawValue {")
        for type in model.types {
          guard let last = type.last else { continue }
          writer.line("case \(type.number.value): \(last.value.value)")
        }
        writer.line("default: nil")
        writer.line("}")
      }
    }
  }

  private static func codes(_ model: EventCodeSpec, _ writer: inout CodeWriter) {
    writer.documentation("The codes of events, by their C names.")
    writer.block("public enum EventCode") { writer in
      var isFirst = true
      for type in model.types {
        for code in type.codes ?? [] {
          if !isFirst { writer.line() }
          isFirst = false
          writer.documentation("`\(code.name.value)` of `\(type.name.value)`.")
          constant(code.name.value, "UInt16", Int(code.code.value.value), &writer)
          for alias in code.aliases ?? [] {
            writer.line()
            writer.documentation("Another name of `\(code.name.value)`.")
            constant(alias.value, "UInt16", Int(code.code.value.value), &writer)
          }
        }
      }
    }
  }

  private static func constant(
    _ name: String, _ type: String, _ value: some CustomStringConvertible, _ writer: inout CodeWriter
  ) {
    writer.line("@inlinable")
    writer.line("public static var \(name): \(type) { \(value) }")
  }
}
