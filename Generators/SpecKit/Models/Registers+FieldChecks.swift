extension RegistersSpec {
  /// Types that generated code names, and words that cannot be types.
  private static let takenTypeNames: Set<String> = [
    "Type", "Protocol", "Self", "Any", "Bool", "Int", "String", "UInt8", "UInt16", "UInt32", "UInt64", "Equatable",
    "Sendable", "TextSink",
  ]

  /// Reports what is wrong inside `fields`, which divide `width` bits.
  ///
  /// - Parameter access: that of the register; a layout that several registers share is checked once for each.
  func checkFields(_ fields: [Field], width: Int, access: Access, _ context: inout CheckContext) {
    context.reportDuplicates(of: "field", in: fields.map(\.name))
    var last: Field?
    for field in fields {
      SwiftName.check(field.name, &context)
      if field.name.value == "rawValue" || field.name.value == "dump" {
        context.report(field.name, "every register value has a \(field.name.value)", "choose another name")
      }
      guard checkBits(field, width: width, &context) else { continue }
      if let last, field.low <= last.high {
        let shared = fields.first { $0.name.value != field.name.value && $0.low <= field.high && field.low <= $0.high }
        context.report(
          field.bits,
          shared.map {
            "\(place(field)) \(field.width == 1 ? "overlaps" : "overlap") \($0.name.value), which has \(place($0))"
          }
            ?? "bit \(field.low) comes after bit \(last.high)",
          shared == nil ? "list the fields from the lowest bit up" : "give each bit to one field")
      }
      last = field
      checkValues(field, &context)
      checkFieldAccess(field, access, &context)
    }
  }

  private func checkBits(_ field: Field, width: Int, _ context: inout CheckContext) -> Bool {
    if field.width < 1 {
      context.report(
        field.bits, "the range runs backwards from \(field.low) to \(field.high)", "write [\(field.high), \(field.low)]"
      )
      return false
    }
    if field.bits.value.count == 2, field.width == 1 {
      context.report(field.bits, "the range holds one bit", "write [\(field.low)]")
    }
    if field.high >= width {
      context.report(
        field.bits, "bit \(field.high) lies outside a register of \(width) bits", "use bits 0...\(width - 1)")
      return false
    }
    return true
  }

  private func checkValues(_ field: Field, _ context: inout CheckContext) {
    let largest = Int128(UInt64.ones(field.width))
    if let fixed = field.fixed, fixed.value.value > largest {
      context.report(
        fixed, "\(fixed.value.value) does not fit in \(bits(field.width))", "write a value of 0...\(largest)")
    }
    if let enumeration = field.enumeration {
      if field.values != nil {
        context.report(enumeration, "the field has values of its own as well", "keep one of the two")
      }
      checkReference(enumeration, "enumeration", enumerations?.map(\.name.value) ?? [], &context)
    }
    if field.fixed != nil, let second = field.values?.first?.name ?? field.enumeration {
      context.report(second, "a fixed field has one value", "leave out the named values")
    }
    if field.inPlace == true, let second = field.values?.first?.name ?? field.enumeration {
      context.report(second, "an address in place has no named values", "leave out \"inPlace\"")
    }
    if field.values != nil, Self.takenTypeNames.contains(field.name.value.capitalizedFirst) {
      let type = field.name.value.capitalizedFirst
      context.report(
        field.name, "named values make a type of the field's name, and Swift has a \(type) already",
        "choose another name")
    }
    checkNamedValues(values(of: field), own: field.values != nil, width: field.width, &context)
  }

  /// Reports duplicates and, when the values are the field's own, those that do not fit.
  func checkNamedValues(_ values: [NamedValue], own: Bool, width: Int, _ context: inout CheckContext) {
    if own {
      context.reportDuplicates(of: "value", in: values.map(\.value))
      context.reportDuplicates(of: "name", in: values.map(\.name))
      for value in values {
        SwiftName.check(value.name, &context)
        if ["rawValue", "reserved", "label"].contains(value.name.value) {
          context.report(
            value.name, "the generated type has a \(value.name.value) of its own",
            "choose another name; unlisted values need none")
        }
      }
    }
    let largest = Int128(UInt64.ones(width))
    for value in values where value.value.value.value > largest {
      context.report(
        value.value, "\(value.value.value.value) does not fit in \(bits(width))", "write a value of 0...\(largest)")
    }
  }

  private func checkFieldAccess(_ field: Field, _ access: Access, _ context: inout CheckContext) {
    if let own = field.access {
      if own.value == .readWrite, access != .readWrite {
        context.report(
          own, "the register has access \(access.rawValue)", "write \"\(access.rawValue)\" or leave it out")
      } else if own.value == .write, access == .read {
        context.report(own, "the register cannot be written", "write \"read\" or leave it out")
      } else if own.value == .read, access == .write {
        context.report(own, "the register cannot be read", "write \"write\" or leave it out")
      }
    }
    if let sensitivity = field.sensitivity, sensitivity.value == .sensitive, access != .readWrite {
      context.report(
        sensitivity, "a field of a register that is not readWrite cannot be left as it is",
        "make the whole register sensitive")
    }
    let effective = field.access?.value ?? access
    if let programs = field.programs, effective == .read {
      context.report(programs, "a field that is only read cannot be changed by programs", "leave out \"programs\"")
    }
    if let clears = field.clears {
      if clears.value == .onRead, !effective.isReadable {
        context.report(clears, "a field that cannot be read is not cleared by reading", "leave it out")
      }
      if clears.value != .onRead, !access.isWritable {
        context.report(clears, "a register that cannot be written is not cleared by writing", "leave it out")
      }
    }
    if let fixed = field.fixed, !effective.isWritable {
      context.report(fixed, "only what is written can be fixed", "leave it out")
    }
  }

  /// Reports that `name` is none of `known`.
  func checkReference(
    _ name: Located<String>, _ what: String, _ known: [String], _ context: inout CheckContext
  ) {
    if known.contains(name.value) { return }
    let hint = Suggestion.hint(for: name.value, among: known)
    context.report(
      name, "there is no \(what) \(name.value.debugDescription)", "name one that the spec describes\(hint)")
  }

  private func place(_ field: Field) -> String {
    field.width == 1 ? "bit \(field.low)" : "bits \(field.low)...\(field.high)"
  }

  func bits(_ count: Int) -> String { count == 1 ? "1 bit" : "\(count) bits" }
}
