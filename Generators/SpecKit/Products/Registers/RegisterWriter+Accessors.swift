extension RegisterWriter {
  /// Writes the structure with an accessor for each register that `kind` reaches.
  func writeAccessors(
    _ kind: RegistersSpec.SpaceKind, name: String, summary: String, _ code: inout CodeWriter
  ) {
    let reached = registers.filter { address(of: $0, kind) != nil }
    code.documentation(summary)
    code.documentation("\n" + Self.spaceRule(kind))
    code.block("\(access)struct \(name)Registers<Space: \(Self.constraint(kind)) & ~Copyable>: ~Copyable") { code in
      code.line("\(audience == .everyone ? "@usableFromInline " : "")let space: Space")
      if kind == .cpuid {
        writeLeafLimits(&code)
      } else {
        code.line()
        code.documentation("The registers in `space`, which the structure owns from then on.")
        code.line("\(inlinable)init(_ space: consuming Space) { self.space = space }")
      }
      for register in reached {
        if register.array == nil {
          writeSingle(register, kind, &code)
        } else {
          writeRepeated(register, kind, &code)
        }
      }
      code.line()
      writeDump(reached, kind, &code)
    }
  }

  private static func constraint(_ kind: RegistersSpec.SpaceKind) -> String {
    switch kind {
    case .port, .memory: "RegisterSpace"
    case .msr: "ModelSpecificRegisterSpace"
    case .cpuid: "CPUIDSpace"
    }
  }

  private static func spaceRule(_ kind: RegistersSpec.SpaceKind) -> String {
    switch kind {
    case .port: "The space begins at the device's first port."
    case .memory: "The space begins at the device's first byte."
    case .msr:
      "A register that the CPU does not have raises a general-protection fault: look at its availability first."
    case .cpuid: "A leaf that the CPU does not have reads as zero, and so every feature in it as absent."
    }
  }

  /// The address that leads to `register` in a space of `kind`, if one does.
  func address(of register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind) -> UInt64? {
    let address =
      switch kind {
      case .port, .memory: register.offset ?? register.index
      case .msr: register.msr
      case .cpuid: register.leaf
      }
    return address.flatMap { UInt64(exactly: $0.value.value) }
  }

  /// What a reader of the accessor must know besides the summary.
  private func document(_ register: RegistersSpec.Register, _ code: inout CodeWriter) {
    code.line()
    code.documentation(register.summary)
    var remarks: [String] = []
    if let when = register.when {
      remarks.append("Only while `\(when.register.value).\(when.field.value)` is \(when.equals.value.value).")
    }
    if let sequence = register.sequence {
      var remark = "Write number \(sequence.position.value) after `\(sequence.after.value)`"
      if let field = sequence.field, let equals = sequence.equals {
        remark += " whose `\(field.value)` is \(equals.value.value)"
      }
      remarks.append(remark + ".")
    }
    if let shares = register.shares { remarks.append(shares) }
    if let effect = register.readEffect { remarks.append(effect.value) }
    if let availability = register.availability { remarks.append(availability) }
    if register.access.value == .readWrite, keptMask(of: register) != 0 {
      remarks.append("A write keeps the bits 0x\(String(keptMask(of: register), radix: 16)) as they were.")
    }
    if register.index != nil, register.width.value > spec.windowWidth, register.access.value.isWritable {
      remarks.append("Takes two accesses; a write begins with the upper half.")
    }
    if register.array != nil {
      remarks.append("- Precondition: `index` is in `0..<\(spec.typeName.value).\(register.name.value)Count`.")
    }
    for remark in remarks { code.documentation("\n" + remark) }
  }

  private func writeSingle(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, _ code: inout CodeWriter
  ) {
    let (name, type) = (register.name.value, valueType(register))
    document(register, &code)
    let read =
      isStructured(register) ? "\(type)(rawValue: \(readExpression(register, kind)))" : readExpression(register, kind)
    switch register.access.value {
    case .read:
      code.block("\(inlinable)var \(name): \(type)") { code in writeBody(register, kind, read, &code) }
    case .write:
      code.block("\(inlinable)var \(name): \(type)") { code in
        code.line("@available(*, unavailable, message: \"\(name) can only be written\")")
        code.line("get { \(isStructured(register) ? "\(type)()" : "0") }")
        code.block("nonmutating set") { code in
          code.lines(writeStatements(register, kind, value: "newValue", preserving: nil))
        }
      }
    case .readWrite where isPlain(register):
      code.block("\(inlinable)var \(name): \(type)") { code in
        code.block("get") { code in writeBody(register, kind, read, &code) }
        code.block("nonmutating set") { code in
          code.lines(writeStatements(register, kind, value: "newValue", preserving: nil))
        }
      }
    case .readWrite:
      code.block("\(inlinable)var \(name): \(type)") { code in writeBody(register, kind, read, &code) }
      writeWriter(register, kind, &code)
    }
    writeModifier(register, kind, &code)
  }

  private func writeRepeated(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, _ code: inout CodeWriter
  ) {
    let (name, type) = (register.name.value, valueType(register))
    if register.access.value.isReadable {
      document(register, &code)
      let read =
        isStructured(register) ? "\(type)(rawValue: \(readExpression(register, kind)))" : readExpression(register, kind)
      code.block("\(inlinable)func \(name)(at index: Int) -> \(type)") { code in
        writeIndexCheck(register, &code)
        writeBody(register, kind, read, &code, returning: true)
      }
    }
    if register.access.value.isWritable { writeWriter(register, kind, &code) }
    writeModifier(register, kind, &code)
  }

  private func writeIndexCheck(_ register: RegistersSpec.Register, _ code: inout CodeWriter) {
    guard register.array != nil else { return }
    code.line("precondition(index >= 0 && index < \(spec.typeName.value).\(register.name.value)Count)")
  }

  private func writeBody(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, _ read: String, _ code: inout CodeWriter,
    returning: Bool = false
  ) {
    if isIndexed(register, kind) {
      code.lines(selectStatements(register))
      code.line("return \(read)")
    } else {
      code.line(returning ? "return \(read)" : read)
    }
  }

  /// Writes `writeX(_:)`, for registers where an assignment would suggest that the fields not named keep their values.
  private func writeWriter(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, _ code: inout CodeWriter
  ) {
    // What must be kept must be read first: `modify` does that.
    if keptMask(of: register) != 0 && register.access.value == .readWrite { return }
    document(register, &code)
    code.documentation("\nWrites every bit of `value`.")
    let parameters = "_ value: \(valueType(register))" + (register.array == nil ? "" : ", at index: Int")
    code.block("\(inlinable)func write\(register.name.value.capitalizedFirst)(\(parameters))") { code in
      writeIndexCheck(register, &code)
      code.lines(writeStatements(register, kind, value: "value", preserving: nil))
    }
  }

  /// Writes `modifyX(_:)`: read, change, write back by the rules of the register.
  private func writeModifier(
    _ register: RegistersSpec.Register, _ kind: RegistersSpec.SpaceKind, _ code: inout CodeWriter
  ) {
    guard register.access.value == .readWrite, isStructured(register) else { return }
    let type = valueType(register)
    let clearing = spec.writeOneMask(of: register)
    code.line()
    code.documentation("Reads `\(register.name.value)`, lets `body` change the value, and writes it back.")
    if clearing != 0 {
      code.documentation(
        "\nFields that writing ones clears are zero when `body` begins, so that it clears what it sets.")
    }
    let parameters = (register.array == nil ? "" : "at index: Int, ") + "_ body: (inout \(type)) -> Void"
    code.block("\(inlinable)func modify\(register.name.value.capitalizedFirst)(\(parameters))") { code in
      writeIndexCheck(register, &code)
      if isIndexed(register, kind) { code.lines(selectStatements(register)) }
      code.line("let old = \(readExpression(register, kind))")
      let start = clearing == 0 ? "old" : "old & ~\(Self.hexadecimal(clearing))"
      code.line("var value = \(type)(rawValue: \(start))")
      code.line("body(&value)")
      code.lines(writeStatements(register, kind, value: "value", preserving: "old"))
    }
  }
}
