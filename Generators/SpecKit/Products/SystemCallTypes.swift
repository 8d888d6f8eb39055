/// The flag sets and enumerations of system calls as Swift types, with their names for whoever prints them.
enum SystemCallTypes: SpecProduct {
  static let name = "system-call-types"

  static func generate(_ model: SystemCallTypesSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    var writer = CodeWriter(header: context)
    constant(&writer)
    flagSetList(model, &writer)
    enumerationList(model, &writer)
    structureList(model, &writer)
    for set in model.flagSets { flagSet(set, &writer) }
    for enumeration in model.enumerations { self.enumeration(enumeration, &writer) }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func hexadecimal(_ number: SpecInteger) -> String {
    "0x" + String(number.value, radix: 16, uppercase: true)
  }

  private static func literal(_ number: SpecInteger) -> String {
    number.isHexadecimal ? hexadecimal(number) : "\(number.value)"
  }

  private static func constant(_ writer: inout CodeWriter) {
    writer.documentation("A named value of a flag set or an enumeration.")
    writer.block("public struct SystemCallConstant: Sendable") { writer in
      writer.documentation("The C name.")
      writer.line("public let name: String")
      writer.documentation("The value or the bits.")
      writer.line("public let value: UInt64")
      writer.line()
      writer.block("init(_ name: String, _ value: UInt64)") { writer in
        writer.line("self.name = name")
        writer.line("self.value = value")
      }
    }
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

  private static func flagSetList(_ model: SystemCallTypesSpec, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("Which flag set an argument has.")
    writer.block("public enum SystemCallFlagSet: UInt8, CaseIterable, Sendable") { writer in
      for set in model.flagSets { writer.line("case \(SwiftName.escaped(set.name.value))") }
      names(model.flagSets.map(\.name.value), &writer)
      writer.line()
      writer.documentation("Every bit that some flag or field has.")
      writer.block("public var knownBits: UInt64") { writer in
        writer.line("switch self {")
        for set in model.flagSets {
          let bits = String(set.knownBits, radix: 16, uppercase: true)
          writer.line("case .\(SwiftName.escaped(set.name.value)): 0x\(bits)")
        }
        writer.line("}")
      }
      writer.line()
      writer.documentation("The C name of no flags at all, or nil when they are shown as 0.")
      writer.block("public var zeroName: String?") { writer in
        writer.line("switch self {")
        for set in model.flagSets {
          guard let zero = set.zero else { continue }
          writer.line("case .\(SwiftName.escaped(set.name.value)): \(CodeWriter.literal(zero.value))")
        }
        writer.line("default: nil")
        writer.line("}")
      }
      writer.line()
      writer.documentation(
        "The enumeration that names the values of the field at `index`, from 0, and the field's bits; nil behind the last."
      )
      writer.block("public func field(at index: Int) -> (values: SystemCallEnumeration, bits: UInt64)?") { writer in
        writer.line("switch (self, index) {")
        for set in model.flagSets {
          for (index, field) in (set.fields ?? []).filter({ $0.enumeration != nil }).enumerated() {
            guard let enumeration = field.enumeration else { continue }
            writer.line(
              "case (.\(SwiftName.escaped(set.name.value)), \(index)):"
                + " (.\(SwiftName.escaped(enumeration.value)), \(hexadecimal(field.mask.value)))")
          }
        }
        writer.line("default: nil")
        writer.line("}")
      }
      writer.line()
      writer.documentation(
        "The flag at `index`, from 0, or nil behind the last. Those that contain others come first, aliases not at all."
      )
      writer.block("public func flag(at index: Int) -> SystemCallConstant?") { writer in
        writer.line("switch self {")
        for set in model.flagSets {
          writer.line("case .\(SwiftName.escaped(set.name.value)): \(SwiftName.type(set.name.value)).flag(at: index)")
        }
        writer.line("}")
      }
    }
  }

  private static func enumerationList(_ model: SystemCallTypesSpec, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("Which enumeration an argument has.")
    writer.block("public enum SystemCallEnumeration: UInt8, CaseIterable, Sendable") { writer in
      for item in model.enumerations { writer.line("case \(SwiftName.escaped(item.name.value))") }
      names(model.enumerations.map(\.name.value), &writer)
      writer.line()
      writer.documentation("The C name of `value`, or nil when it has none.")
      writer.block("public func constantName(of value: Int64) -> String?") { writer in
        writer.line("switch self {")
        for item in model.enumerations {
          let type = SwiftName.type(item.name.value)
          writer.line("case .\(SwiftName.escaped(item.name.value)): \(type)(rawValue: value)?.constantName")
        }
        writer.line("}")
      }
    }
  }

  private static func structureList(_ model: SystemCallTypesSpec, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("What a pointer argument points to.")
    writer.block("public enum SystemCallStructure: UInt8, CaseIterable, Sendable") { writer in
      for structure in model.structures {
        writer.documentation("`\(structure.type)`.")
        writer.line("case \(SwiftName.escaped(structure.name.value))")
      }
      names(model.structures.map(\.name.value), &writer)
      writer.line()
      writer.documentation("The size in bytes, or nil when it varies.")
      writer.block("public var size: Int?") { writer in
        writer.line("switch self {")
        let sizes = Set(model.structures.compactMap(\.size)).sorted()
        for size in sizes {
          let cases = model.structures.filter { $0.size == size }.map { ".\(SwiftName.escaped($0.name.value))" }
          writer.line("case \(cases.joined(separator: ", ")): \(size)")
        }
        let varying = model.structures.filter { $0.size == nil }.map { ".\(SwiftName.escaped($0.name.value))" }
        if !varying.isEmpty { writer.line("case \(varying.joined(separator: ", ")): nil") }
        writer.line("}")
      }
      fields(model, &writer)
    }
  }

  /// Writes what traces show of structures.
  private static func fields(_ model: SystemCallTypesSpec, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("How a value is shown that is no structure, or nil.")
    writer.block("public var scalar: SystemCallField.Kind?") { writer in
      writer.line("switch self {")
      for structure in model.structures {
        guard let kind = structure.kind?.value else { continue }
        let width = (structure.size ?? 8) * 8
        let value =
          switch kind {
          case .signed, .unsigned: "\(kind.rawValue)(width: \(width))"
          case .address, .signalSet, .vector: kind.rawValue
          }
        writer.line("case .\(SwiftName.escaped(structure.name.value)): .\(value)")
      }
      writer.line("default: nil")
      writer.line("}")
    }
    writer.line()
    writer.documentation("Whether it has fields that are not shown.")
    writer.block("public var isAbbreviated: Bool") { writer in
      let names = model.structures.filter { $0.abbreviated == true }.map { ".\(SwiftName.escaped($0.name.value))" }
      writer.line("switch self {")
      if !names.isEmpty { writer.line("case \(names.joined(separator: ", ")): true") }
      writer.line("default: false")
      writer.line("}")
    }
    writer.line()
    writer.documentation("The field to show at `index`, from 0, or nil behind the last.")
    writer.block("public func field(at index: Int) -> SystemCallField?") { writer in
      writer.line("switch (self, index) {")
      for structure in model.structures {
        for (index, field) in (structure.fields ?? []).enumerated() {
          writer.line(
            "case (.\(SwiftName.escaped(structure.name.value)), \(index)):"
              + " SystemCallField(\"\(field.name.value)\", \(field.offset.value), \(kind(of: field, in: structure)))")
        }
      }
      writer.line("default: nil")
      writer.line("}")
    }
  }

  private static func kind(
    of field: SystemCallTypesSpec.StructureField, in structure: SystemCallTypesSpec.Structure
  ) -> String {
    let width = field.width?.value ?? 32
    switch field.kind.value {
    case .address, .signalSet, .descriptor: return ".\(field.kind.value.rawValue)"
    case .bytes:
      let index = (structure.fields ?? []).firstIndex { $0.name.value == field.length?.value } ?? 0
      return ".bytes(length: \(index))"
    case .enumeration: return ".enumeration(.\(field.enumeration?.value ?? ""), width: \(width))"
    case .flags: return ".flags(.\(field.flags?.value ?? ""), width: \(width))"
    case .mode, .signed, .unsigned: return ".\(field.kind.value.rawValue)(width: \(width))"
    case .structure: return ".structure(.\(field.structure?.value ?? ""))"
    case .text: return ".text(size: \(field.size?.value ?? 1))"
    }
  }

  private static func flagSet(_ set: SystemCallTypesSpec.FlagSet, _ writer: inout CodeWriter) {
    let type = SwiftName.type(set.name.value)
    writer.line()
    writer.documentation("\(set.description).")
    writer.block("public struct \(type): OptionSet, Sendable") { writer in
      writer.documentation("The bits.")
      writer.line("public let rawValue: UInt64")
      writer.line()
      writer.documentation("The flags whose bits are set in `rawValue`.")
      writer.line("@inlinable")
      writer.line("public init(rawValue: UInt64) { self.rawValue = rawValue }")
      writer.line()
      writer.documentation("The bits that no flag or field has; a call that takes the set refuses them.")
      writer.line("public var unknownBits: UInt64 { rawValue & ~SystemCallFlagSet.\(set.name.value).knownBits }")
      for field in set.fields ?? [] {
        writer.line()
        let mask = hexadecimal(field.mask.value)
        if let enumeration = field.enumeration {
          writer.documentation("What the bits \(mask) choose, or nil when they hold no known value.")
          writer.line(
            "public var \(field.name.value): \(SwiftName.type(enumeration.value))? {"
              + " \(SwiftName.type(enumeration.value))(rawValue: Int64(rawValue & \(mask))) }")
        } else {
          writer.documentation("The number in the bits \(mask).")
          writer.line("public var \(field.name.value): UInt64 { rawValue & \(mask) }")
        }
      }
      writer.line()
      for flag in set.flags {
        writer.documentation("`\(flag.name.value)`.")
        writer.line(
          "@inlinable public static var \(flag.name.value): \(type) { \(type)(rawValue: \(hexadecimal(flag.value.value))) }"
        )
      }
      writer.line()
      writer.block("static func flag(at index: Int) -> SystemCallConstant?") { writer in
        writer.line("switch index {")
        let own = set.flags.filter { $0.aliasOf == nil }
        for (index, flag) in (own.filter { $0.includes != nil } + own.filter { $0.includes == nil }).enumerated() {
          writer.line("case \(index): SystemCallConstant(\"\(flag.name.value)\", \(hexadecimal(flag.value.value)))")
        }
        writer.line("default: nil")
        writer.line("}")
      }
    }
  }

  private static func enumeration(_ item: SystemCallTypesSpec.Enumeration, _ writer: inout CodeWriter) {
    let type = SwiftName.type(item.name.value)
    writer.line()
    writer.documentation("\(item.description).")
    writer.block("public enum \(type): Int64, Sendable") { writer in
      let own = item.values.filter { $0.aliasOf == nil }
      for value in own {
        writer.documentation("`\(value.name.value)`.")
        writer.line("case \(value.name.value) = \(literal(value.value.value))")
      }
      for value in item.values {
        guard let alias = value.aliasOf else { continue }
        writer.documentation("Another name of `\(alias.value)`.")
        writer.line("public static var \(value.name.value): \(type) { .\(alias.value) }")
      }
      writer.line()
      writer.documentation("The C name.")
      writer.block("public var constantName: String") { writer in
        writer.line("switch self {")
        for value in own { writer.line("case .\(value.name.value): \"\(value.name.value)\"") }
        writer.line("}")
      }
    }
  }
}
