/// `register-permissions`: which bits of a device's bytes programs may change, where they can reach them at all.
///
/// It is an extension of the type that `registers` makes, for registers with an offset of 8, 16 or 32 bits.
public enum RegisterPermissions: SpecProduct {
  /// The name in `specs.json`.
  public static var name: String { "register-permissions" }

  /// One Swift file.
  public static func generate(
    _ model: RegistersSpec, context: GenerationContext
  ) throws(SpecErrors) -> [GeneratedFile] {
    var code = CodeWriter(header: context)
    code.block("extension \(model.typeName.value)") { code in
      code.documentation(
        """
        The bits of byte `offset` that programs may change: always, and also while no driver has the device; and those that \
        writing ones clears, whoever may.

        What the spec does not open stays closed: then all are 0.

        - Parameter variant: what the field holds that decides which of several registers is at an offset.
        """)
      code.block(
        "public static func programBits(\n    ofByte offset: Int, variant: UInt64\n  )"
          + " -> (always: UInt8, unbound: UInt8, clears: UInt8)"
      ) { code in
        code.line("switch offset {")
        for (key, bits) in bytes(of: model).sorted(by: { $0.key < $1.key }) where bits.isOpen || bits.clears != 0 {
          let condition = key.variant.map { " where variant == \($0)" } ?? ""
          let numbers = [bits.always, bits.unbound, bits.clears].map { RegisterWriter.hexadecimal(UInt64($0)) }
          code.line(
            "case \(RegisterWriter.hexadecimal(UInt64(key.offset)))\(condition): return (\(numbers.joined(separator: ", ")))"
          )
        }
        code.line("default: return (0, 0, 0)")
        code.line("}")
      }
    }
    return [GeneratedFile(name: context.output, contents: code.text)]
  }

  /// A byte, and what the deciding field must hold for it to be there.
  private struct Place: Hashable, Comparable {
    var offset: Int
    var variant: Int128?

    static func < (left: Place, right: Place) -> Bool {
      left.offset == right.offset ? (left.variant ?? -1) < (right.variant ?? -1) : left.offset < right.offset
    }
  }

  private struct Bits {
    var always: UInt8 = 0
    var unbound: UInt8 = 0
    var clears: UInt8 = 0
    var isOpen: Bool { always | unbound != 0 }
  }

  private static func bytes(of model: RegistersSpec) -> [Place: Bits] {
    var bytes: [Place: Bits] = [:]
    for register in model.registers where register.access.value != .read {
      guard let offset = register.offset.map({ Int($0.value.value) }) else { continue }
      let (always, unbound, clears) = masks(of: register, in: model)
      for number in 0..<(register.array?.value.count ?? 1) {
        let first = offset + number * Int(register.array?.value.stride.value.value ?? 0)
        for byte in 0..<register.width.value / 8 {
          func part(_ mask: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: mask >> UInt64(8 * byte)) }
          let place = Place(offset: first + byte, variant: register.when?.equals.value.value)
          bytes[place, default: Bits()].always |= part(always)
          bytes[place, default: Bits()].unbound |= part(unbound)
          bytes[place, default: Bits()].clears |= part(clears)
        }
      }
    }
    return bytes
  }

  private static func masks(
    of register: RegistersSpec.Register, in model: RegistersSpec
  ) -> (always: UInt64, unbound: UInt64, clears: UInt64) {
    let fields = model.fields(of: register)
    guard !fields.isEmpty else {
      let all = UInt64.ones(register.width.value)
      switch register.programs?.value {
      case .always: return (all, all, 0)
      case .unbound: return (0, all, 0)
      case nil: return (0, 0, 0)
      }
    }
    var (always, unbound, clears): (UInt64, UInt64, UInt64) = (0, 0, 0)
    for field in fields where model.access(of: field, in: register) != .read {
      if field.clears?.value == .onWriteOne { clears |= field.mask }
      switch field.programs?.value ?? register.programs?.value {
      case .always:
        always |= field.mask
        unbound |= field.mask
      case .unbound: unbound |= field.mask
      case nil: break
      }
    }
    return (always, unbound, clears)
  }
}
