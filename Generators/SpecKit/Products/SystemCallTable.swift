/// The system calls as an enumeration, with what is known of each as lookups.
enum SystemCallTable: SpecProduct {
  static let name = "system-calls"

  static func generate(_ model: SystemCallSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let types = try context.companion(SystemCallTypesSpec.self, spec: model.types.value)
    let errors = try context.companion(ErrnoSpec.self, spec: "errno.json")
    var check = CheckContext(document: context.document)
    model.check(against: types, errors, &check)
    if !check.diagnostics.isEmpty { throw SpecErrors(check.diagnostics) }

    var writer = CodeWriter(header: context)
    vocabulary(model, &writer)
    writer.documentation(
      """
      A system call of Linux x86-64; the raw value is the number in `rax`.

      Source: \(model.sources.joined(separator: "; ")).
      """)
    writer.block("public enum SystemCallNumber: UInt16, CaseIterable, Sendable") { writer in
      for call in model.calls {
        writer.documentation(call.manual.map { "\($0)." } ?? "`\(call.name.value)`.")
        writer.line("case \(SwiftName.escaped(call.name.value)) = \(call.number.value)")
      }
      writer.line()
      writer.documentation("The highest number.")
      writer.line("public static var lastNumber: UInt16 { \(model.lastNumber) }")
    }
    writer.line()
    writer.block("extension SystemCallNumber") { writer in
      names(model, &writer)
      lookup("family", "The part of the kernel that implements it.", "SystemCallFamily", model, &writer) {
        ".\($0.family.rawValue)"
      }
      lookup("status", "Whether it exists here.", "SystemCallStatus", model, &writer) { ".\($0.status.value.rawValue)" }
      lookup("result", "What it returns when it succeeds.", "SystemCallResult", model, &writer) {
        ".\($0.result.rawValue)"
      }
      lookup(
        "restart", "What a signal does to it while it waits, or nil when it never waits.", "SystemCallRestart?", model,
        &writer
      ) { $0.restart.map { ".\($0.value.rawValue)" } ?? "nil" }
      lookup(
        "requiredCapability", "The capability without which every use is refused.", "Capability?", model, &writer
      ) { $0.requires.map { ".\($0.value)" } ?? "nil" }
      lookup("argumentCount", "How many arguments it takes.", "Int", model, &writer) { "\($0.arguments.count)" }
      arguments(model, &writer)
    }
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func vocabulary(_ model: SystemCallSpec, _ writer: inout CodeWriter) {
    func list<Value: RawRepresentable & CaseIterable>(
      _ type: String, _ documentation: String, _ values: Value.Type
    ) where Value.RawValue == String {
      writer.documentation(documentation)
      writer.block("public enum \(type): UInt8, CaseIterable, Sendable") { writer in
        for value in values.allCases { writer.line("case \(SwiftName.escaped(value.rawValue))") }
      }
      writer.line()
    }
    list("SystemCallFamily", "The part of the kernel that implements a call.", SystemCallSpec.Family.self)
    list("SystemCallStatus", "Whether a call exists here.", SystemCallSpec.Status.self)
    list("SystemCallResult", "What a call that succeeds returns.", SystemCallSpec.Outcome.self)
    list("SystemCallRestart", "What a signal does to a call that waits.", SystemCallSpec.Restart.self)
    list("SystemCallDirection", "Who writes the memory that an argument points to.", SystemCallSpec.Direction.self)
    writer.documentation("What an identifier names.")
    writer.block("public enum SystemCallIdentifier: UInt8, CaseIterable, Sendable") { writer in
      let names = model.calls.flatMap(\.arguments).compactMap { $0.identifies?.value }
      for name in Set(names).sorted() { writer.line("case \(SwiftName.escaped(name))") }
    }
    writer.line()
  }

  private static func names(_ model: SystemCallSpec, _ writer: inout CodeWriter) {
    writer.documentation("The kernel's name.")
    writer.block("public var name: String") { writer in
      writer.line("switch self {")
      for call in model.calls {
        writer.line("case .\(SwiftName.escaped(call.name.value)): \(CodeWriter.literal(call.name.value))")
      }
      writer.line("}")
    }
  }

  /// Writes a property that is the same for many calls: one case for each value, in the order of first use.
  private static func lookup(
    _ name: String, _ documentation: String, _ type: String, _ model: SystemCallSpec, _ writer: inout CodeWriter,
    value: (SystemCallSpec.Call) -> String
  ) {
    var groups: [(value: String, calls: [String])] = []
    for call in model.calls {
      let value = value(call)
      let name = ".\(SwiftName.escaped(call.name.value))"
      if let index = groups.firstIndex(where: { $0.value == value }) {
        groups[index].calls.append(name)
      } else {
        groups.append((value, [name]))
      }
    }
    writer.line()
    writer.documentation(documentation)
    writer.block("public var \(name): \(type)") { writer in
      writer.line("switch self {")
      for group in groups {
        writer.line("case \(group.calls.joined(separator: ", ")): \(group.value)")
      }
      writer.line("}")
    }
  }

  private static func arguments(_ model: SystemCallSpec, _ writer: inout CodeWriter) {
    writer.line()
    writer.documentation("The argument at `index`, from 0, or nil behind the last.")
    writer.block("public func argument(at index: Int) -> SystemCallArgument?") { writer in
      writer.line("guard index >= 0 && index < argumentCount else { return nil }")
      writer.line("switch Int(rawValue) << 3 | index {")
      for call in model.calls {
        for (index, argument) in call.arguments.enumerated() {
          let key = call.number.value << 3 | index
          let optional = argument.optional?.value == true ? ", isOptional: true" : ""
          writer.line(
            "case \(key): return SystemCallArgument(\"\(argument.name.value)\", \(kind(argument, in: call))\(optional))"
          )
        }
      }
      writer.line("default: return nil")
      writer.line("}")
    }
  }

  private static func kind(_ argument: SystemCallSpec.Argument, in call: SystemCallSpec.Call) -> String {
    func index(_ name: String?) -> Int { call.arguments.firstIndex { $0.name.value == name } ?? 0 }
    let direction = ".\(argument.direction?.value.rawValue ?? "in")"
    switch argument.kind.value {
    case .bytes: return ".bytes(\(direction), length: \(index(argument.length?.value)))"
    case .pointer: return ".pointer(\(direction))"
    case .structure:
      let count =
        switch argument.count?.value {
        case nil: ".fixed(1)"
        case .fixed(let number): ".fixed(\(number))"
        case .argument(let name): ".argument(\(index(name)))"
        }
      return ".structure(.\(argument.structure?.value ?? ""), \(direction), \(count))"
    case .flags: return ".flags(.\(argument.flags?.value ?? ""))"
    case .enumeration: return ".enumeration(.\(argument.enumeration?.value ?? ""))"
    case .union: return ".union(selector: \(index(argument.selector?.value)))"
    case .identifier: return ".identifier(.\(argument.identifies?.value ?? ""))"
    case .signed: return ".signed(width: \(argument.width?.value ?? 64))"
    case .unsigned: return ".unsigned(width: \(argument.width?.value ?? 64))"
    case .address, .clock, .descriptor, .device, .directoryDescriptor, .gid, .ipcKey, .milliseconds, .mode, .offset,
      .path, .pid, .signal, .size, .string, .uid, .unused:
      return ".\(argument.kind.value.rawValue)"
    }
  }
}
