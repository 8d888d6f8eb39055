/// The system calls, their arguments and the values of flags and choices as tables in C, for the program that makes random calls.
///
/// `Tests/Fuzz/syscall-fuzz.c` declares the types and includes the text.
enum SystemCallFuzzTable: SpecProduct {
  static let name = "system-call-fuzz-table"

  static func generate(_ model: SystemCallSpec, context: GenerationContext) throws(SpecErrors) -> [GeneratedFile] {
    let types = try context.companion(SystemCallTypesSpec.self, spec: model.types.value)
    let errors = try context.companion(ErrnoSpec.self, spec: "errno.json")
    var check = CheckContext(document: context.document)
    model.check(against: types, errors, &check)
    if !check.diagnostics.isEmpty { throw SpecErrors(check.diagnostics) }

    var writer = CodeWriter(header: context)
    writer.line("enum kind { \(SystemCallSpec.Kind.allCases.map { "kind_\($0.rawValue)" }.joined(separator: ", ")) };")
    let calls = model.calls.filter { $0.status.value != .obsolete && $0.fuzz?.value != .never }
    let used = Set(calls.flatMap(\.arguments).compactMap { $0.flags?.value ?? $0.enumeration?.value })
    for set in types.flagSets where used.contains(set.name.value) {
      let fields = (set.fields ?? []).compactMap { field in
        types.enumerations.first { $0.name.value == field.enumeration?.value }
      }
      values("flags_\(set.name.value)", set.flags + fields.flatMap(\.values), &writer)
    }
    for item in types.enumerations where used.contains(item.name.value) {
      values("choices_\(item.name.value)", item.values, &writer)
    }
    writer.line("static const struct call calls[] = {")
    writer.indented { writer in
      for call in calls {
        let arguments = call.arguments.map { argument($0, in: call, types) }
        let list = arguments.isEmpty ? "{ 0 }" : arguments.joined(separator: ", ")
        writer.line(
          "{ \(call.number.value), \"\(call.name.value)\", \(call.fuzz?.value == .guest ? 1 : 0),"
            + " \(call.result == .descriptor ? 1 : 0), \(call.arguments.count), { \(list) } },")
      }
    }
    writer.line("};")
    return [GeneratedFile(name: context.output, contents: writer.text)]
  }

  private static func values(
    _ name: String, _ constants: [SystemCallTypesSpec.Constant], _ writer: inout CodeWriter
  ) {
    let numbers = constants.filter { $0.aliasOf == nil }.map {
      "0x\(String(UInt64(truncatingIfNeeded: $0.value.value.value), radix: 16))"
    }
    writer.line("static const uint64_t \(name)[] = { \(numbers.joined(separator: ", ")) };")
  }

  /// `{ kind, the index of the argument with the length or count or -1, the size of what it points to, values, how many }`.
  private static func argument(
    _ argument: SystemCallSpec.Argument, in call: SystemCallSpec.Call, _ types: SystemCallTypesSpec
  ) -> String {
    var other: String?
    if let length = argument.length { other = length.value }
    if let count = argument.count, case .argument(let name) = count.value { other = name }
    var size = 0
    if let name = argument.structure?.value {
      size = types.structures.first { $0.name.value == name }?.size ?? 0
      if let count = argument.count, case .fixed(let number) = count.value { size *= number }
    }
    if let width = argument.width?.value, [.signed, .unsigned].contains(argument.kind.value) { size = width }
    let values =
      argument.flags.map { "flags_\($0.value)" } ?? argument.enumeration.map { "choices_\($0.value)" }
    let index = call.arguments.firstIndex { $0.name.value == other } ?? -1
    let list = values.map { "\($0), sizeof \($0) / 8" } ?? "0, 0"
    return "{ kind_\(argument.kind.value.rawValue), \(index), \(size), \(list) }"
  }
}
