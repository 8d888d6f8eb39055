/// `input/event-codes.json`: the types and codes of input devices' events, by the numbers that Linux gives them.
public struct EventCodeSpec: SpecModel {
  /// One code of a type.
  public struct Code: Decodable {
    /// The number.
    public let code: Located<SpecInteger>
    /// The C name.
    public let name: Located<String>
    /// Other C names of it.
    public let aliases: [Located<String>]?
  }

  /// One type of events.
  public struct EventType: Decodable {
    /// The number.
    public let number: Located<Int>
    /// The C name.
    public let name: Located<String>
    /// A few words of our own.
    public let description: String
    /// What the names of its codes begin with.
    public let prefixes: [String]?
    /// The highest code that there can be; nil for a type without codes.
    public let last: Located<SpecInteger>?
    /// The codes, by number.
    public let codes: [Code]?
  }

  /// One property of devices.
  public struct Property: Decodable {
    /// The number.
    public let number: Located<Int>
    /// The C name.
    public let name: Located<String>
    /// A few words of our own.
    public let description: String
  }

  /// One bus that devices are at.
  public struct Bus: Decodable {
    /// The number.
    public let number: Located<SpecInteger>
    /// The C name.
    public let name: Located<String>
  }

  /// The types, by number.
  public let types: [EventType]
  /// The properties, by number.
  public let properties: [Property]
  /// The buses, by number.
  public let buses: [Bus]
  /// Where the numbers come from.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "event-codes.schema.json" }
  /// How many codes there are.
  public var entryCount: Int { types.reduce(0) { $0 + ($1.codes?.count ?? 0) } }

  /// Numbers ascend and fit, names are unique and begin as their type says.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "number", in: types.map(\.number))
    context.reportDuplicates(of: "name", in: types.map(\.name) + types.flatMap { ($0.codes ?? []).flatMap(\.names) })
    context.reportDuplicates(of: "number", in: properties.map(\.number))
    context.reportDuplicates(of: "name", in: properties.map(\.name))
    context.reportDuplicates(of: "number", in: buses.map(\.number))
    context.reportDuplicates(of: "name", in: buses.map(\.name))
    for type in types { check(type, &context) }
  }

  private func check(_ type: EventType, _ context: inout CheckContext) {
    let codes = type.codes ?? []
    context.reportDuplicates(of: "code", in: codes.map(\.code))
    for (before, code) in zip(codes, codes.dropFirst()) where code.code.value < before.code.value {
      context.report(
        code.code, "the code of \(code.name.value) is below that of \(before.name.value)",
        "keep the codes in the order of numbers")
    }
    for code in codes {
      if let last = type.last, code.code.value > last.value {
        context.report(code.code, "the code is above the last of \(type.name.value)", "write at most its \"last\"")
      }
      let prefixes = type.prefixes ?? []
      for name in code.names where !prefixes.contains(where: { name.value.hasPrefix($0) }) {
        context.report(
          name, "\(name.value) is no name of a code of \(type.name.value)",
          "begin it with \(prefixes.joined(separator: " or "))")
      }
    }
  }

  /// The number of the code with the C name `name`, also of an alias; nil when there is none.
  public func code(_ name: String) -> Int? {
    for type in types {
      for code in type.codes ?? [] where code.names.contains(where: { $0.value == name }) {
        return Int(code.code.value.value)
      }
    }
    return nil
  }
}

extension EventCodeSpec.Code {
  /// All its names.
  public var names: [Located<String>] { [name] + (aliases ?? []) }
}

extension EventCodeSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Events of input devices" }

  /// The types, each with its codes, then properties and buses.
  public func reference(_ document: SpecDocument) -> String {
    var types = MarkdownTable("Number", "Type", "For", "Last code")
    var pages = ""
    for type in self.types {
      types.row(
        "\(type.number.value)", "`\(type.name.value)`", type.description, type.last.map { Self.text($0.value) } ?? "")
      guard let codes = type.codes else { continue }
      var table = MarkdownTable("Code", "Name", "Also called")
      for code in codes {
        let aliases = (code.aliases ?? []).map { "`\($0.value)`" }.joined(separator: ", ")
        table.row(Self.text(code.code.value), "`\(code.name.value)`", aliases)
      }
      pages += "## \(type.name.value)\n\n\(table.markdown)\n"
    }
    var properties = MarkdownTable("Number", "Property", "Meaning")
    for entry in self.properties { properties.row("\(entry.number.value)", "`\(entry.name.value)`", entry.description) }
    var buses = MarkdownTable("Number", "Bus")
    for bus in self.buses { buses.row(Self.text(bus.number.value), "`\(bus.name.value)`") }
    return """
      \(types.markdown)
      \(pages)## Properties

      \(properties.markdown)
      ## Buses

      \(buses.markdown)
      Sources: \(sources.joined(separator: "; ")).

      """
  }

  private static func text(_ number: SpecInteger) -> String { "0x\(String(number.value, radix: 16))" }
}
