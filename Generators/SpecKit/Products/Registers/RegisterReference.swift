extension RegistersSpec: SpecDocumentation {
  /// The page's title.
  public func title(_ document: SpecDocument) -> String { "Registers of \(device)" }

  /// Every register with its place and its fields.
  public func reference(_ document: SpecDocument) -> String {
    var text = "\(summary) Swift: `\(typeName.value)Registers`"
    text += variant.map { ", and `\($0.typeName.value)Registers`: \($0.summary)\n" } ?? ".\n"
    text += "\nBits without a field: \(phrase(reserved)) unless the register says otherwise.\n"
    if let instances = space.instances {
      var table = MarkdownTable("Name", "Base", "What it is")
      for instance in instances { table.row("`\(instance.name.value)`", number(instance.base.value), instance.summary) }
      text += "\n\(table.markdown)"
    }
    var overview = MarkdownTable("Register", "Place", "Bits", "Access", "Reset", "What it is")
    for register in registers {
      overview.row(
        "`\(register.name.value)`", place(of: register), "\(register.width.value)", words(register.access.value),
        register.reset.map { number($0.value) } ?? "",
        register.summary + (isSensitive(register) ? " *Machine only.*" : ""))
    }
    text += "\n\(overview.markdown)"
    for enumeration in enumerations ?? [] {
      text += "\n## \(enumeration.name.value)\n\n\(enumeration.summary)\n\n\(table(enumeration.values))"
    }
    for layout in layouts ?? [] {
      let users = registers.filter { $0.layout?.value == layout.name.value }
      text += "\n## \(layout.name.value)\n\n\(layout.summary) Used by "
      text += users.map { "`\($0.name.value)`" }.joined(separator: ", ") + ".\n\n"
      if let user = users.first { text += table(layout.fields, of: user) }
    }
    for register in registers { text += section(register) }
    return text + "\nSources: \(sources.joined(separator: "; ")).\n"
  }

  private func section(_ register: Register) -> String {
    var remarks: [String] = []
    if let when = register.when {
      remarks.append("Only while `\(when.register.value).\(when.field.value)` is \(when.equals.value.value).")
    }
    if let sequence = register.sequence {
      remarks.append("Write number \(sequence.position.value) after `\(sequence.after.value)`.")
    }
    remarks += [register.shares, register.readEffect?.value, register.availability].compactMap(\.self)
    if let mnemonic = register.mnemonic { remarks.append("(\(mnemonic))") }
    if let own = register.reserved { remarks.append("Bits without a field: \(phrase(own.value)).") }
    if let programs = register.programs, register.fields == nil { remarks.append(phrase(programs.value)) }
    if remarks.isEmpty && register.fields == nil { return "" }
    var text = "\n## \(register.name.value)\n\n\(([register.summary] + remarks).joined(separator: " "))\n"
    if let fields = register.fields { text += "\n\(table(fields, of: register))" }
    return text
  }

  private func phrase(_ programs: Programs) -> String {
    switch programs {
    case .always: "*Programs may change it.*"
    case .unbound: "*Programs may change it while no driver has the function.*"
    }
  }

  private func table(_ fields: [Field], of register: Register) -> String {
    var table = MarkdownTable("Bits", "Field", "Access", "What it is")
    for field in fields {
      var notes = [field.summary]
      if let mnemonic = field.mnemonic { notes.append("(\(mnemonic))") }
      if let fixed = field.fixed { notes.append("Always \(fixed.value.value).") }
      if let enumeration = field.enumeration { notes.append("See \(enumeration.value).") }
      for value in field.values ?? [] {
        notes.append("\(number(value.value.value)) `\(value.name.value)`: \(value.summary ?? "")")
      }
      if let programs = field.programs ?? register.programs, access(of: field, in: register) != .read {
        notes.append(phrase(programs.value))
      }
      if field.sensitivity?.value == .sensitive { notes.append("*Written by Machine only.*") }
      table.row(
        field.width == 1 ? "\(field.low)" : "\(field.high):\(field.low)", "`\(field.name.value)`",
        access(field, register), notes.joined(separator: " "))
    }
    return table.markdown
  }

  private func table(_ values: [NamedValue]) -> String {
    var table = MarkdownTable("Value", "Name", "What it means")
    for value in values { table.row(number(value.value.value), "`\(value.name.value)`", value.summary ?? "") }
    return table.markdown
  }

  private func access(_ field: Field, _ register: Register) -> String {
    let access = words(access(of: field, in: register))
    return switch field.clears?.value {
    case .onRead: "\(access), cleared by reading"
    case .onWriteOne: "\(access), cleared by ones"
    case .onWrite: "\(access), cleared by any write"
    case nil: access
    }
  }

  private func place(of register: Register) -> String {
    var places = [
      register.offset.map { "offset \(number($0.value))" }, register.index.map { "index \(number($0.value))" },
      register.msr.map { "MSR \(number($0.value))" },
      register.leaf.map { leaf in
        let subleaf = register.subleaf.map { ".\($0.value.value)" } ?? ""
        return "leaf \(number(leaf.value))\(subleaf) \((register.output ?? "").uppercased())"
      },
    ].compactMap(\.self)
    if let array = register.array?.value {
      places.append("\(array.count) with stride \(number(array.stride.value))")
    }
    return places.joined(separator: ", ")
  }

  private func words(_ access: Access) -> String {
    switch access {
    case .read: "read"
    case .write: "write"
    case .readWrite: "read, write"
    }
  }

  private func phrase(_ policy: ReservedPolicy) -> String {
    switch policy {
    case .preserve: "written as they were read"
    case .zero: "written as zero"
    case .one: "written as one"
    case .undefined: "of no importance"
    }
  }

  private func number(_ value: SpecInteger) -> String {
    value.isHexadecimal ? "0x" + String(value.value, radix: 16, uppercase: true) : "\(value.value)"
  }
}
