extension RegistersSpec {
  /// Reports overlaps, what does not fit, names without a bearer, and policies that cannot work.
  public func check(_ context: inout CheckContext) {
    checkNames(&context)
    for layout in layouts ?? [] where !registers.contains(where: { $0.layout?.value == layout.name.value }) {
      context.report(layout.name, "no register has this layout", "remove it, or name it in a register")
    }
    let allFields = registers.flatMap { fields(of: $0) }
    for enumeration in enumerations ?? [] {
      checkNamedValues(enumeration.values, own: true, width: 64, &context)
      if !allFields.contains(where: { $0.enumeration?.value == enumeration.name.value }) {
        context.report(enumeration.name, "no field has this enumeration", "remove it, or name it in a field")
      }
    }
    if let indexed {
      checkReference(indexed.select, "register", registers.map(\.name.value), &context)
      checkReference(indexed.data, "register", registers.map(\.name.value), &context)
    }
    if space.length == nil, space.kind.value == .port || space.kind.value == .memory {
      context.report(space.kind, "the space has no length", "add \"length\": its number of bytes")
    }
    checkInstances(&context)
    for register in registers {
      checkDivision(register, &context)
      checkAddress(register, &context)
      checkReset(register, &context)
      checkReferences(register, &context)
      if let programs = register.programs, register.access.value == .read {
        context.report(
          programs, "a register that is only read cannot be changed by programs", "leave out \"programs\"")
      }
    }
    checkOverlaps(&context)
  }

  /// The Swift names of types must differ, and so must those of registers and their accessors.
  private func checkNames(_ context: inout CheckContext) {
    let types =
      (layouts?.map(\.name) ?? []) + (enumerations?.map(\.name) ?? [])
      + registers.filter { $0.fields != nil }.map(typeName)
    context.reportDuplicates(of: "type name", in: types)
    context.reportDuplicates(of: "register", in: registers.map(\.name))
    for register in registers {
      SwiftName.check(register.name, &context)
      if ["space", "dump", "hasLeaf"].contains(register.name.value) {
        context.report(
          register.name, "the generated type has a \(register.name.value) of its own", "choose another name")
      }
    }
  }

  private func checkInstances(_ context: inout CheckContext) {
    let instances = space.instances ?? []
    context.reportDuplicates(of: "name", in: instances.map(\.name))
    context.reportDuplicates(of: "base", in: instances.map(\.base))
    let largest: Int128 = space.kind.value == .port ? 0xFFFF : Int128(UInt64.max)
    for instance in instances {
      SwiftName.check(instance.name, &context)
      if space.kind.value == .msr || space.kind.value == .cpuid {
        context.report(instance.name, "the CPU's own registers have no base", "leave out \"instances\"")
      } else if instance.base.value.value + (space.length?.value.value ?? 1) - 1 > largest {
        context.report(instance.base, "the device would end behind the last address", "write a lower base")
      }
    }
  }

  private func typeName(_ register: Register) -> Located<String> {
    Located(register.name.value.capitalizedFirst, position: register.name.position, path: register.name.path)
  }

  private func checkDivision(_ register: Register, _ context: inout CheckContext) {
    let (width, access) = (register.width.value, register.access.value)
    if let name = register.layout {
      if let first = register.fields?.first {
        context.report(first.name, "the register has the layout \(name.value) as well", "keep one of the two")
      }
      checkReference(name, "layout", layouts?.map(\.name.value) ?? [], &context)
      if let layout = layout(name.value), layout.width.value != width {
        context.report(
          register.width, "the layout \(name.value) has \(layout.width.value) bits", "write \(layout.width.value)")
      }
    }
    checkFields(fields(of: register), width: width, access: access, &context)
    let policy = register.reserved
    if let policy, reservedMask(of: register) == 0 {
      context.report(policy, "the fields cover all bits", "leave it out")
    } else if let policy, !access.isWritable {
      context.report(policy, "the register cannot be written", "leave it out")
    } else if reservedPolicy(of: register) == .preserve, reservedMask(of: register) != 0, access == .write {
      context.report(
        policy?.position ?? register.access.position, policy?.path ?? register.access.path,
        "what cannot be read cannot be preserved", "write \"reserved\": \"zero\", \"one\" or \"undefined\"")
    }
    if let effect = register.readEffect, !access.isReadable {
      context.report(effect, "the register cannot be read", "leave it out")
    }
  }

  private func checkReset(_ register: Register, _ context: inout CheckContext) {
    guard let reset = register.reset else { return }
    guard let value = UInt64(exactly: reset.value.value), value <= UInt64.ones(register.width.value) else {
      context.report(
        reset, "the value does not fit in \(bits(register.width.value))",
        "write a value of 0...0x\(String(UInt64.ones(register.width.value), radix: 16))")
      return
    }
    let reserved = reservedMask(of: register)
    let wrong: UInt64 =
      switch reservedPolicy(of: register) {
      case .zero: value & reserved
      case .one: ~value & reserved
      case .preserve, .undefined: 0
      }
    if wrong != 0 {
      let bit = wrong.trailingZeroBitCount
      let policy = reservedPolicy(of: register).rawValue
      context.report(
        reset, "bit \(bit) is reserved, to be written as \(policy), and the reset value has it the other way",
        "correct the value, or describe bit \(bit) as a field")
    }
  }

  private func checkReferences(_ register: Register, _ context: inout CheckContext) {
    let names = registers.map(\.name.value)
    if let when = register.when {
      checkReference(when.register, "register", names, &context)
      checkCondition(when.register, when.field, when.equals, &context)
      if when.register.value == register.name.value {
        context.report(when.register, "a register cannot hide itself", "name another register")
      }
    }
    if let sequence = register.sequence {
      checkReference(sequence.after, "register", names, &context)
      if let field = sequence.field, let equals = sequence.equals {
        checkCondition(sequence.after, field, equals, &context)
      }
      if !register.access.value.isWritable {
        context.report(sequence.after, "the register cannot be written", "leave out \"sequence\"")
      }
    }
  }

  private func checkCondition(
    _ name: Located<String>, _ field: Located<String>, _ equals: Located<SpecInteger>, _ context: inout CheckContext
  ) {
    guard let target = self.register(name.value) else { return }
    let known = fields(of: target)
    checkReference(field, "field of \(name.value)", known.map(\.name.value), &context)
    guard let found = known.first(where: { $0.name.value == field.value }) else { return }
    let largest = Int128(UInt64.ones(found.width))
    if equals.value.value > largest {
      context.report(
        equals, "\(equals.value.value) does not fit in \(bits(found.width))", "write a value of 0...\(largest)")
    }
  }
}

extension String {
  /// The text with its first letter in upper case: the type name for a member name.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
