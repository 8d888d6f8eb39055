/// `register-cases`: a list of every generated type, field and accessor, for tests that hold each against the spec itself.
///
/// The target must also generate `registers-internal` from the same spec, and has the types that the list is made of.
public enum RegisterCases: SpecProduct {
  /// The name in `specs.json`.
  public static var name: String { "register-cases" }

  /// One Swift file.
  public static func generate(
    _ model: RegistersSpec, context: GenerationContext
  ) throws(SpecErrors) -> [GeneratedFile] {
    [GeneratedFile(name: context.output, contents: CaseWriter(spec: model).text(context))]
  }
}

private struct CaseWriter {
  let writer: RegisterWriter
  var spec: RegistersSpec { writer.spec }

  init(spec: RegistersSpec) { writer = RegisterWriter(spec: spec, audience: .module) }

  func text(_ context: GenerationContext) -> String {
    var code = CodeWriter(header: context)
    let divided =
      (spec.layouts ?? []).map { ($0.name.value, $0.fields, layoutUser($0)) }
      .filter { $0.2 != nil }
      + spec.registers.filter { $0.fields != nil }.map { ($0.name.value.capitalizedFirst, $0.fields ?? [], $0) }
    for (name, fields, _) in divided {
      code.line("extension \(spec.typeName.value).\(name): RegisterValue {}")
      for field in fields where field.values != nil {
        code.line("extension \(spec.typeName.value).\(name).\(field.name.value.capitalizedFirst): FieldEnumeration {}")
      }
    }
    for enumeration in spec.enumerations ?? [] {
      code.line("extension \(spec.typeName.value).\(enumeration.name.value): FieldEnumeration {}")
    }
    code.line()
    code.documentation("Everything that is generated from `\(context.document.file)`.")
    code.block("func \(spec.device.split(separator: "-").joined(separator: "_"))Cases() -> CaseList") { code in
      code.line("var cases = CaseList(file: \(CodeWriter.literal(context.document.file)))")
      for (name, fields, user) in divided {
        code.line("cases.type(\(spec.typeName.value).\(name).self, \(CodeWriter.literal(name)))")
        for field in fields where field.fixed == nil || user.map({ spec.access(of: field, in: $0).isReadable }) == true
        {
          let path = "\\\(spec.typeName.value).\(name).\(field.name.value)"
          code.line("cases.field(\(CodeWriter.literal(field.name.value)), \(path))")
        }
      }
      for register in spec.registers {
        writeAccessor(register, spec.space.kind.value, spec.typeName.value, &code)
        if let variant = spec.variant { writeAccessor(register, .msr, variant.typeName.value, &code) }
      }
      code.line("return cases")
    }
    return code.text
  }

  private func layoutUser(_ layout: RegistersSpec.Layout) -> RegistersSpec.Register? {
    spec.registers.first { $0.layout?.value == layout.name.value }
  }

  private func writeAccessor(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, _ type: String, _ code: inout CodeWriter
  ) {
    guard writer.address(of: register, kind) != nil else { return }
    let name = register.name.value
    let accessors = "\(type)Registers(space)"
    let isStructured = writer.isStructured(register)
    let index = register.array == nil ? "_" : "index"
    let at = register.array == nil ? "" : ", at: index"
    let value =
      isStructured
      ? "\(writer.valueType(register))(rawValue: .init(truncatingIfNeeded: bits))" : ".init(truncatingIfNeeded: bits)"
    var arguments: [String] = []
    if register.access.value.isReadable {
      let read =
        accessors + ".\(name)" + (register.array == nil ? "" : "(at: index)") + (isStructured ? ".rawValue" : "")
      arguments.append("read: { space, \(index) in UInt64(\(read)) }")
    }
    if register.access.value.isWritable {
      let mustModify = register.access.value == .readWrite && writer.keptMask(of: register) != 0
      let isProperty = register.array == nil && (register.access.value == .write || writer.isPlain(register))
      if isProperty {
        arguments.append("write: { space, _, bits in \(accessors).\(name) = \(value) }")
      } else if !mustModify {
        arguments.append(
          "write: { space, \(index), bits in \(accessors).write\(name.capitalizedFirst)(\(value)\(at)) }")
      }
      if register.access.value == .readWrite, isStructured {
        let place = register.array == nil ? "" : "(at: index)"
        arguments.append(
          "modify: { space, \(index), change in \(accessors).modify\(name.capitalizedFirst)\(place) { $0.rawValue = .init(truncatingIfNeeded: change(UInt64($0.rawValue))) } }"
        )
      }
    }
    code.line("cases.accessor(\(CodeWriter.literal(name)), isVariant: \(type != spec.typeName.value),")
    code.line("  \(arguments.joined(separator: ",\n  ")))")
  }
}
