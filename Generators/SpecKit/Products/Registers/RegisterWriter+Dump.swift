extension RegisterWriter {
  /// Writes a value type's `dump(into:)`: the flags that are set and the other fields with their values.
  func writeFieldDump(
    _ fields: [RegistersSpec.Field], _ register: RegistersSpec.Register, _ code: inout CodeWriter
  ) {
    code.documentation("Writes the flags that are set, and every other field with its value, each behind a space.")
    code.block("\(access)func dump(into sink: inout some (TextSink & ~Copyable))") { code in
      for field in fields where field.fixed == nil || spec.access(of: field, in: register).isReadable {
        let name = field.name.value
        if let type = enumerationType(field) {
          _ = type
          code.line("sink.write(\(CodeWriter.literal(" \(name)=")))")
          code.line("sink.write(\(name).label)")
        } else if fieldType(field, register) == "Bool" {
          code.line("if \(name) { sink.write(\(CodeWriter.literal(" \(name)"))) }")
        } else {
          code.line("sink.write(\(CodeWriter.literal(" \(name)=0x")))")
          code.line("sink.write(hex: UInt64(\(name)))")
        }
      }
    }
  }

  /// Writes the accessors' `dump(into:)`: a line for every register that can be read without changing anything.
  func writeDump(
    _ registers: [RegistersSpec.Register], _ kind: RegistersSpec.SpaceKind, _ code: inout CodeWriter
  ) {
    code.documentation(
      """
      Writes a line for every register that can be read without changing the device: name, value, fields.

      Registers that are hidden now, and those that can only be written, are left out.
      """)
    if kind == .msr {
      code.documentation("\n- Parameter isPresent: whether the CPU has the register with a number.")
    }
    let filter = kind == .msr ? ", where isPresent: (UInt32) -> Bool" : ""
    code.block("\(access)func dump(into sink: inout some (TextSink & ~Copyable)\(filter))") { code in
      for register in registers where register.access.value.isReadable && !spec.isReadDestructive(register) {
        guard let condition = dumpCondition(register, kind) else { continue }
        guard let array = register.array else {
          writeGuarded(condition, &code) { code in writeDumpLine(register, index: nil, &code) }
          continue
        }
        code.block("for index in 0..<\(array.value.count)") { code in
          writeGuarded(condition, &code) { code in writeDumpLine(register, index: "index", &code) }
        }
      }
    }
  }

  private func writeGuarded(_ condition: String, _ code: inout CodeWriter, _ body: (inout CodeWriter) -> Void) {
    if condition.isEmpty { return body(&code) }
    code.block("if \(condition)", body)
  }

  /// The condition under which `register` shows, empty when it always does, nil when that cannot be told by reading.
  private func dumpCondition(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind
  ) -> String? {
    var conditions: [String] = []
    if kind == .msr {
      conditions.append("isPresent(\(Self.hexadecimal(address(of: register, kind) ?? 0))\(step(register)))")
    }
    if kind == .cpuid { conditions.append("hasLeaf(\(Self.hexadecimal(address(of: register, kind) ?? 0)))") }
    if let when = register.when {
      guard let other = registers.first(where: { $0.name.value == when.register.value }), other.array == nil,
        other.access.value.isReadable, !spec.isReadDestructive(other),
        let field = spec.fields(of: other).first(where: { $0.name.value == when.field.value })
      else { return nil }
      let place = "\(other.name.value).\(field.name.value)"
      let value = when.equals.value.value
      if enumerationType(field) != nil {
        conditions.append("\(place).rawValue == \(value)")
      } else if fieldType(field, other) == "Bool" {
        conditions.append(value == 0 ? "!\(place)" : place)
      } else {
        conditions.append("\(place) == \(value)")
      }
    }
    return conditions.joined(separator: " && ")
  }

  private func step(_ register: RegistersSpec.Register) -> String {
    guard let array = register.array?.value else { return "" }
    return " &+ UInt32(truncatingIfNeeded: index) &* \((array.msrStride ?? array.stride.value).value)"
  }

  private func writeDumpLine(_ register: RegistersSpec.Register, index: String?, _ code: inout CodeWriter) {
    let name = register.name.value
    let digits = register.width.value / 4
    let raw = isStructured(register) ? "value.rawValue" : "value"
    code.block("do") { code in
      code.line("let value = \(index.map { "\(name)(at: \($0))" } ?? name)")
      if let index {
        code.line("sink.write(\(CodeWriter.literal("\(name)[")))")
        code.line("sink.write(decimal: \(index))")
        code.line("sink.write(\"] = 0x\")")
      } else {
        code.line("sink.write(\(CodeWriter.literal("\(name) = 0x")))")
      }
      code.line("sink.write(hex: \(register.width.value == 64 ? raw : "UInt64(\(raw))"), width: \(digits))")
      if isStructured(register) { code.line("value.dump(into: &sink)") }
      code.line("sink.write(byte: 0x0a)")
    }
  }
}
