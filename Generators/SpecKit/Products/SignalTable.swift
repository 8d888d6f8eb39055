/// The signals as a Swift type with names and default actions.
enum SignalTable: SpecProduct {
  static let name = "signals"

  static func generate(_ model: SignalSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    actions(&writer)
    writer.line()
    writer.documentation(
      """
      A signal: a number from 1 to \(model.realTime.last.value).

      Source: \(model.sources.joined(separator: "; ")).
      """)
    writer.block("public struct Signal: RawRepresentable, Hashable, Sendable") { writer in
      writer.documentation("The number, 1 to \(model.realTime.last.value).")
      writer.line("public let rawValue: UInt8")
      writer.line()
      writer.line("@inlinable")
      writer.line("init(number: UInt8) { rawValue = number }")
      writer.line()
      writer.documentation("The signal with the number `rawValue`; nil outside 1 to \(model.realTime.last.value).")
      writer.line("@inlinable")
      writer.block("public init?(rawValue: UInt8)") { writer in
        writer.line("guard rawValue >= 1 && rawValue <= \(model.realTime.last.value) else { return nil }")
        writer.line("self.rawValue = rawValue")
      }
      writer.line()
      writer.documentation("The highest number; real-time signals are `firstRealTime` to `last`.")
      writer.line("public static var last: UInt8 { \(model.realTime.last.value) }")
      writer.line()
      writer.documentation("The lowest number of a real-time signal.")
      writer.line("public static var firstRealTime: UInt8 { \(model.realTime.first.value) }")
      writer.line()
      writer.documentation("How many real-time signals, from the first on, the C library keeps for itself.")
      writer.line("public static var reservedByLibrary: UInt8 { \(model.realTime.reservedByLibrary.value) }")
      for entry in model.signals {
        writer.line()
        writer.documentation("\(entry.description.prefix(1).uppercased() + entry.description.dropFirst()).")
        member(entry.name.value, entry.number.value, &writer)
        for alias in entry.aliases ?? [] {
          writer.line()
          writer.documentation("Another name of `\(entry.name.value)`.")
          member(alias.value, entry.number.value, &writer)
        }
      }
      lookups(model, &writer)
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func member(_ name: String, _ number: Int, _ writer: inout CodeWriter) {
    writer.line("@inlinable")
    writer.line("public static var \(name): Signal { Signal(number: \(number)) }")
  }

  private static func actions(_ writer: inout CodeWriter) {
    writer.documentation("What a signal does to a process that does not handle it.")
    writer.block("public enum SignalAction: UInt8, Sendable") { writer in
      let texts: [SignalSpec.Action: String] = [
        .terminate: "The process ends.", .dump: "The process ends and leaves a memory image.", .ignore: "Nothing.",
        .stop: "The process stops.", .continue: "The process goes on if it was stopped.",
      ]
      for action in SignalSpec.Action.allCases {
        writer.documentation(texts[action] ?? "")
        writer.line("case \(SwiftName.escaped(action.rawValue))")
      }
    }
  }

  private static func lookups(_ model: SignalSpec, _ writer: inout CodeWriter) {
    func numbers(_ entries: [SignalSpec.Entry]) -> String {
      entries.map { "\($0.number.value)" }.joined(separator: ", ")
    }
    writer.line()
    writer.documentation("The C name, or nil for a real-time signal.")
    writer.block("public var name: String?") { writer in
      writer.line("switch rawValue {")
      for entry in model.signals { writer.line("case \(entry.number.value): \(CodeWriter.literal(entry.name.value))") }
      writer.line("default: nil")
      writer.line("}")
    }
    writer.line()
    writer.documentation("What happens when nobody handles it.")
    writer.block("public var defaultAction: SignalAction") { writer in
      writer.line("switch rawValue {")
      for action in SignalSpec.Action.allCases where action != model.realTime.action {
        let entries = model.signals.filter { $0.action.value == action }
        if !entries.isEmpty { writer.line("case \(numbers(entries)): .\(action.rawValue)") }
      }
      writer.line("default: .\(model.realTime.action.rawValue)")
      writer.line("}")
    }
    writer.line()
    writer.documentation("Whether a fault of the running thread raises it.")
    writer.block("public var isSynchronous: Bool") { writer in
      writer.line("switch rawValue {")
      writer.line("case \(numbers(model.signals.filter { $0.synchronous == true })): true")
      writer.line("default: false")
      writer.line("}")
    }
    writer.line()
    writer.documentation("Whether it can be caught, blocked or ignored.")
    writer.block("public var isCatchable: Bool") { writer in
      writer.line("switch rawValue {")
      writer.line("case \(numbers(model.signals.filter { $0.catchable == false })): false")
      writer.line("default: true")
      writer.line("}")
    }
    writer.line()
    writer.documentation("Whether it is a real-time signal, which queues.")
    writer.line("public var isRealTime: Bool { rawValue >= Self.firstRealTime }")
  }
}
