/// `register-models`: the table that a software model of the device runs on, and names for its registers and fields.
public enum RegisterModels: SpecProduct {
  /// The name in `specs.json`.
  public static var name: String { "register-models" }

  /// One Swift file.
  public static func generate(
    _ model: RegistersSpec, context: GenerationContext
  ) throws(SpecErrors) -> [GeneratedFile] {
    [GeneratedFile(name: context.output, contents: ModelWriter(spec: model).text(context))]
  }
}

private struct ModelWriter {
  let spec: RegistersSpec

  func text(_ context: GenerationContext) -> String {
    var code = CodeWriter(header: context)
    code.documentation("The rules of a `\(spec.device)`, and the names of its registers and fields.")
    code.block("public enum \(spec.typeName.value)Model") { code in
      code.documentation("The rules.")
      code.line("public static let layout: DeviceLayout = {")
      code.indented { code in
        let length = spec.space.length.map { ", length: \($0.value.value)" } ?? ""
        code.line(
          "var layout = DeviceLayout(device: \(CodeWriter.literal(spec.device)), space: .\(spec.space.kind.value.rawValue)\(length))"
        )
        for register in spec.registers { writeRegister(register, &code) }
        if let indexed = spec.indexed, let select = number(indexed.select.value), let data = number(indexed.data.value)
        {
          code.line("layout.indexed(select: \(select), data: \(data))")
        }
        code.line("return layout")
      }
      code.line("}()")
      for (index, register) in spec.registers.enumerated() { writeNames(index, register, &code) }
    }
    return code.text
  }

  private func number(_ name: String) -> Int? { spec.registers.firstIndex { $0.name.value == name } }

  private func hexadecimal(_ value: SpecInteger?) -> String {
    RegisterWriter.hexadecimal(UInt64(clamping: value?.value ?? 0))
  }

  private func key(_ register: String, _ field: String) -> String {
    guard let index = number(register),
      let place = spec.fields(of: spec.registers[index]).firstIndex(where: { $0.name.value == field })
    else { return "" }
    return "FieldKey(\(index), \(place))"
  }

  private func writeRegister(_ register: RegistersSpec.Register, _ code: inout CodeWriter) {
    var arguments = [
      CodeWriter.literal(register.name.value), "width: \(register.width.value)",
      "access: .\(register.access.value.rawValue)", "reserved: .\(spec.reservedPolicy(of: register).rawValue)",
    ]
    if let reset = register.reset { arguments.append("reset: \(hexadecimal(reset.value))") }
    if register.shares != nil { arguments.append("isShared: true") }
    code.line("layout.register(\(arguments.joined(separator: ", ")))")
    if let leaf = register.leaf {
      let output = ["eax", "ebx", "ecx", "edx"].firstIndex(of: register.output ?? "eax") ?? 0
      let subleaf = register.subleaf.map { ", subleaf: \(hexadecimal($0.value))" } ?? ""
      code.line("layout.place(leaf: \(hexadecimal(leaf.value))\(subleaf), output: \(output))")
    } else {
      let places = [("offset", register.offset), ("index", register.index), ("msr", register.msr)].compactMap {
        name, place in
        place.map { "\(name): \(hexadecimal($0.value))" }
      }
      code.line("layout.place(\(places.joined(separator: ", ")))")
    }
    if let array = register.array?.value {
      let stride = array.stride.value
      code.line(
        "layout.array(count: \(array.count), stride: \(stride.value), msrStride: \((array.msrStride ?? stride).value))")
    }
    for field in spec.fields(of: register) {
      var arguments = [
        CodeWriter.literal(field.name.value), "\(field.low)...\(field.high)",
        ".\(spec.access(of: field, in: register).rawValue)",
      ]
      if let clears = field.clears { arguments.append("clears: .\(clears.value.rawValue)") }
      if let fixed = field.fixed { arguments.append("fixed: \(hexadecimal(fixed.value))") }
      code.line("layout.field(\(arguments.joined(separator: ", ")))")
    }
    if let when = register.when {
      code.line("layout.when(\(key(when.register.value, when.field.value)), is: \(when.equals.value.value))")
    }
    if let sequence = register.sequence, let after = number(sequence.after.value) {
      var condition = ""
      if let field = sequence.field, let equals = sequence.equals {
        condition = ", when: \(key(sequence.after.value, field.value)), is: \(equals.value.value)"
      }
      code.line("layout.sequence(after: \(after), position: \(sequence.position.value)\(condition))")
    }
  }

  private func writeNames(_ index: Int, _ register: RegistersSpec.Register, _ code: inout CodeWriter) {
    code.line()
    code.documentation(register.summary)
    code.line("public static let \(register.name.value) = RegisterKey(\(index))")
    let fields = spec.fields(of: register)
    if fields.isEmpty { return }
    code.documentation("Fields of `\(register.name.value)`.")
    code.block("public enum \(register.name.value.capitalizedFirst)") { code in
      for (place, field) in fields.enumerated() {
        code.documentation(field.summary)
        code.line("public static let \(field.name.value) = FieldKey(\(index), \(place))")
      }
    }
  }
}
