extension RegisterWriter {
  /// Writes the enumerations, the layouts, the registers' own types and the lengths of arrays.
  func writeTypes(_ code: inout CodeWriter) {
    var isFirst = true
    func separate(_ code: inout CodeWriter) {
      if !isFirst { code.line() }
      isFirst = false
    }
    for instance in spec.space.instances ?? [] {
      separate(&code)
      code.documentation(instance.summary)
      let base = Self.hexadecimal(UInt64(clamping: instance.base.value.value))
      let type = spec.space.kind.value == .port ? "UInt16" : "UInt64"
      code.line("\(inlinable)static var \(instance.name.value): \(type) { \(base) }")
    }
    if let length = spec.space.length {
      separate(&code)
      code.documentation("How many \(spec.space.kind.value == .port ? "ports" : "bytes") the device has.")
      code.line("\(inlinable)static var length: Int { \(length.value.value) }")
    }
    for register in registers {
      guard let array = register.array else { continue }
      separate(&code)
      code.documentation("How many there are of `\(register.name.value)`.")
      code.line("\(inlinable)static var \(register.name.value)Count: Int { \(array.value.count) }")
    }
    let used = registers.flatMap { spec.fields(of: $0) }
    for enumeration in spec.enumerations ?? [] {
      let users = used.filter { $0.enumeration?.value == enumeration.name.value }
      guard let width = users.map(\.width).max() else { continue }
      separate(&code)
      writeEnumeration(
        enumeration.name.value, enumeration.summary, enumeration.values, width: width,
        complete: users.allSatisfy { $0.width == width }, &code)
    }
    for layout in spec.layouts ?? [] {
      guard let first = registers.first(where: { $0.layout?.value == layout.name.value }) else { continue }
      separate(&code)
      writeType(layout.name.value, layout.summary, layout.fields, first, reset: nil, &code)
    }
    for register in registers {
      guard let fields = register.fields else { continue }
      separate(&code)
      let reset = register.reset.flatMap { UInt64(exactly: $0.value.value) }
      writeType(register.name.value.capitalizedFirst, register.summary, fields, register, reset: reset, &code)
    }
  }

  /// Writes a structure that holds a register's bits.
  private func writeType(
    _ name: String, _ summary: String, _ fields: [RegistersSpec.Field], _ register: RegistersSpec.Register,
    reset: UInt64?, _ code: inout CodeWriter
  ) {
    code.documentation(summary)
    code.block("\(access)struct \(name): Equatable, Sendable") { code in
      code.documentation("All bits, as the register holds them.")
      code.line("\(access)var rawValue: \(integer(register))")
      code.line()
      code.documentation("The value with the bits `rawValue`.")
      code.line("\(inlinable)init(rawValue: \(integer(register))) { self.rawValue = rawValue }")
      code.line()
      let initial = initialValue(fields, register, reset: reset)
      code.documentation(reset == nil ? "The value whose fields are all zero." : "The value after reset.")
      code.line("\(inlinable)init() { rawValue = \(Self.hexadecimal(initial)) }")
      for field in fields where field.fixed == nil || spec.access(of: field, in: register).isReadable {
        code.line()
        writeField(field, register, &code)
      }
      for field in fields {
        guard let values = field.values else { continue }
        code.line()
        let summary = "Values of `\(field.name.value)`."
        writeEnumeration(
          field.name.value.capitalizedFirst, summary, values, width: field.width, complete: true, &code)
      }
      code.line()
      writeFieldDump(fields, register, &code)
    }
  }

  /// What `init()` holds: the reset value, with fixed fields and reserved bits as they must be written.
  private func initialValue(
    _ fields: [RegistersSpec.Field], _ register: RegistersSpec.Register, reset: UInt64?
  ) -> UInt64 {
    if let reset { return reset }
    return spec.fixedBits(of: register)
      | (spec.reservedPolicy(of: register) == .one ? spec.reservedMask(of: register) : 0)
  }

  private func writeField(
    _ field: RegistersSpec.Field, _ register: RegistersSpec.Register, _ code: inout CodeWriter
  ) {
    code.documentation(field.summary)
    if let clears = field.clears?.value {
      switch clears {
      case .onRead: code.documentation("\nReading the register clears it.")
      case .onWriteOne: code.documentation("\nWriting ones clears it; a value to write therefore holds what to clear.")
      case .onWrite: code.documentation("\nAny write to the register clears it.")
      }
    }
    let raw = integer(register)
    let type = fieldType(field, register)
    let bits = field.width == 1 ? "rawValue[bit: \(field.low)]" : "rawValue[bits: \(field.low)...\(field.high)]"
    let getter: String
    let setter: String
    if field.inPlace == true {
      let mask = Self.hexadecimal(field.mask)
      getter = "rawValue & \(mask)"
      setter = "rawValue = rawValue & ~\(mask) | newValue & \(mask)"
    } else if enumerationType(field) != nil {
      let number = numberType(field)
      let wide = "rawValue[bits: \(field.low)...\(field.high)]"
      getter = "\(type)(rawValue: \(number == raw ? wide : "\(number)(truncatingIfNeeded: \(wide))"))"
      setter = "\(wide) = \(number == raw ? "newValue.rawValue" : "\(raw)(newValue.rawValue)")"
    } else if type == "Bool" || type == raw {
      getter = bits
      setter = "\(bits) = newValue"
    } else {
      getter = "\(type)(truncatingIfNeeded: \(bits))"
      setter = "\(bits) = \(raw)(newValue)"
    }
    let isWritable =
      field.fixed == nil && mayWrite(field)
      && (spec.access(of: field, in: register).isWritable || field.clears?.value == .onWriteOne)
    if isWritable {
      code.block("\(inlinable)var \(field.name.value): \(type)") { code in
        code.line("get { \(getter) }")
        code.line("set { \(setter) }")
      }
    } else {
      code.line("\(inlinable)var \(field.name.value): \(type) { \(getter) }")
    }
  }

  /// The name of the enumeration that `field` has, if it has one.
  func enumerationType(_ field: RegistersSpec.Field) -> String? {
    if field.values != nil { return field.name.value.capitalizedFirst }
    return field.enumeration.map { "\(spec.typeName.value).\($0.value)" }
  }

  /// The smallest integer that holds the values of `field`; for a shared enumeration the one that it uses.
  func numberType(_ field: RegistersSpec.Field) -> String {
    var width = field.width
    if let enumeration = field.enumeration?.value {
      let users = registers.flatMap { spec.fields(of: $0) }.filter { $0.enumeration?.value == enumeration }
      width = users.map(\.width).max() ?? width
    }
    return Self.integerType(width: width)
  }

  static func integerType(width: Int) -> String {
    width <= 8 ? "UInt8" : width <= 16 ? "UInt16" : width <= 32 ? "UInt32" : "UInt64"
  }

  /// The Swift type of `field`.
  func fieldType(_ field: RegistersSpec.Field, _ register: RegistersSpec.Register) -> String {
    if let type = enumerationType(field) { return type }
    if field.inPlace == true { return integer(register) }
    return field.width == 1 ? "Bool" : Self.integerType(width: field.width)
  }
}

extension RegistersSpec {
  /// The bits that fixed fields give every value written to `register`.
  func fixedBits(of register: Register) -> UInt64 {
    fields(of: register).reduce(0) { bits, field in
      guard let value = field.fixed.flatMap({ UInt64(exactly: $0.value.value) }) else { return bits }
      return bits | value << UInt64(field.low)
    }
  }

  /// The bits of the fields of `register` that have a fixed value.
  func fixedMask(of register: Register) -> UInt64 {
    fields(of: register).reduce(0) { $1.fixed == nil ? $0 : $0 | $1.mask }
  }

  /// The bits of `register` that writing ones clears.
  func writeOneMask(of register: Register) -> UInt64 {
    fields(of: register).reduce(0) { $1.clears?.value == .onWriteOne ? $0 | $1.mask : $0 }
  }

  /// True when reading `register` changes the device.
  func isReadDestructive(_ register: Register) -> Bool {
    register.readEffect != nil || fields(of: register).contains { $0.clears?.value == .onRead }
  }
}
