/// `syscall-types.json`: the flag sets, enumerations and structures that arguments of system calls have.
public struct SystemCallTypesSpec: SpecModel {
  /// A group of bits in a flag set that holds a number.
  public struct Field: Decodable {
    /// The field's name.
    public let name: Located<String>
    /// Its bits.
    public let mask: Located<SpecInteger>
    /// The enumeration whose values it holds, if they have names.
    public let enumeration: Located<String>?
  }

  /// A flag or a value of an enumeration.
  public struct Constant: Decodable {
    /// The C name.
    public let name: Located<String>
    /// The number.
    public let value: Located<SpecInteger>
    /// The constant that has the same value.
    public let aliasOf: Located<String>?
    /// The flags whose bits a flag contains.
    public let includes: [Located<String>]?
  }

  /// Flags that are combined.
  public struct FlagSet: Decodable {
    /// The name.
    public let name: Located<String>
    /// What it is for.
    public let description: String
    /// The C headers that define the names.
    public let headers: [String]
    /// The C name of no flags at all.
    public let zero: Located<String>?
    /// Groups of bits that are no flags.
    public let fields: [Field]?
    /// The flags.
    public let flags: [Constant]

    /// Every bit that some flag or field has.
    public var knownBits: UInt64 {
      let values = flags.map(\.value.value) + (fields ?? []).map(\.mask.value)
      return values.reduce(0) { $0 | UInt64(truncatingIfNeeded: $1.value) }
    }
  }

  /// Values of which one is chosen.
  public struct Enumeration: Decodable {
    /// The name.
    public let name: Located<String>
    /// What it is for.
    public let description: String
    /// The C headers that define the names.
    public let headers: [String]
    /// The values.
    public let values: [Constant]
  }

  /// How a value that a pointer points to is shown, when it is no structure.
  public enum ScalarKind: String, Decodable, CaseIterable {
    case address, signalSet, signed, unsigned, vector
  }

  /// What a field of a structure means.
  public enum FieldKind: String, Decodable, CaseIterable {
    case address, bytes, descriptor, enumeration, flags, mode, signalSet, signed, structure, text, unsigned
  }

  /// A field of a structure.
  public struct StructureField: Decodable {
    /// The C name.
    public let name: Located<String>
    /// What it means.
    public let kind: Located<FieldKind>
    /// How many bytes are before it.
    public let offset: Located<Int>
    /// The width in bits.
    public let width: Located<Int>?
    /// How many bytes a text has at most.
    public let size: Located<Int>?
    /// The flag set.
    public let flags: Located<String>?
    /// The enumeration.
    public let enumeration: Located<String>?
    /// The structure inside.
    public let structure: Located<String>?
    /// The field that holds the number of bytes.
    public let length: Located<String>?
  }

  /// What a pointer points to.
  public struct Structure: Decodable {
    /// The name.
    public let name: Located<String>
    /// The C type.
    public let type: String
    /// The size in bytes, unless it varies.
    public let size: Int?
    /// The C header that declares it.
    public let header: String?
    /// The Swift type of the values, when it is not called like the structure.
    public let swift: String?

    /// How a value that is no structure is shown.
    public let kind: Located<ScalarKind>?
    /// Whether traces do not show all fields.
    public let abbreviated: Bool?
    /// The fields that traces show.
    public let fields: [StructureField]?

    /// The Swift type of the values.
    public var swiftType: String { swift ?? SwiftName.type(name.value) }
  }

  /// The flag sets.
  public let flagSets: [FlagSet]
  /// The enumerations.
  public let enumerations: [Enumeration]
  /// The structures.
  public let structures: [Structure]
  /// The public documents behind it.
  public let sources: [String]

  /// The enumeration that names the capabilities.
  public static var capabilityEnumeration: String { "capability" }
  /// The schema's file name.
  public static var schema: String { "syscall-types.schema.json" }
  /// How many constants and structures there are.
  public var entryCount: Int {
    flagSets.reduce(0) { $0 + $1.flags.count } + enumerations.reduce(0) { $0 + $1.values.count } + structures.count
  }

  /// Bits do not overlap, values do not repeat, and what is named exists.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: flagSets.map(\.name))
    context.reportDuplicates(of: "name", in: enumerations.map(\.name))
    context.reportDuplicates(of: "name", in: structures.map(\.name))
    for set in flagSets { check(set, &context) }
    for structure in structures { check(structure, &context) }
    for enumeration in enumerations {
      context.reportDuplicates(of: "name", in: enumeration.values.map(\.name))
      checkAliases(enumeration.values, &context)
      var seen: [SpecInteger: Constant] = [:]
      for constant in enumeration.values where constant.aliasOf == nil {
        if let first = seen[constant.value.value] {
          context.report(
            constant.value, "\(first.name.value) already has the value \(constant.value.value.value)",
            "correct the value or add \"aliasOf\": \"\(first.name.value)\"")
        } else {
          seen[constant.value.value] = constant
        }
      }
    }
  }

  private func checkAliases(_ constants: [Constant], _ context: inout CheckContext) {
    for constant in constants {
      guard let alias = constant.aliasOf else { continue }
      guard let target = constants.first(where: { $0.name.value == alias.value && $0.aliasOf == nil }) else {
        let hint = Suggestion.hint(for: alias.value, among: constants.map(\.name.value))
        context.report(alias, "there is no constant \(alias.value) here", "name one that is no alias itself\(hint)")
        continue
      }
      if target.value.value != constant.value.value {
        context.report(
          constant.value, "the value is not that of \(alias.value), \(hexadecimal(target.value.value))",
          "write the same value or remove \"aliasOf\"")
      }
    }
  }

  private func check(_ set: FlagSet, _ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: set.flags.map(\.name))
    checkAliases(set.flags, &context)
    var taken: [(name: String, bits: Int128)] = []
    for field in set.fields ?? [] {
      let mask = field.mask.value.value
      if mask <= 0 { context.report(field.mask, "the mask has no bits", "write the bits of the field") }
      if let other = taken.first(where: { $0.bits & mask != 0 }) {
        context.report(field.mask, "the mask shares bits with the field \(other.name)", "give each its own bits")
      }
      taken.append((field.name.value, mask))
      if let name = field.enumeration { checkField(field, named: name, &context) }
    }
    for flag in set.flags where flag.aliasOf == nil {
      let value = flag.value.value.value
      if value <= 0 || value > Int128(UInt64.max) {
        context.report(flag.value, "the flag has no bit among 64", "write its bits, such as \"0x40\"")
        continue
      }
      var own = value
      for name in flag.includes ?? [] {
        guard let part = set.flags.first(where: { $0.name.value == name.value }), part.name.value != flag.name.value
        else {
          let hint = Suggestion.hint(for: name.value, among: set.flags.map(\.name.value))
          context.report(name, "the set has no other flag \(name.value)", "name a flag of the set\(hint)")
          continue
        }
        let bits = part.value.value.value
        if value & bits != bits {
          context.report(
            name, "\(flag.name.value) does not have the bits of \(name.value)", "remove it or correct the value")
        }
        own &= ~bits
      }
      if let other = taken.first(where: { $0.bits & own != 0 }) {
        context.report(
          flag.value, "\(flag.name.value) shares bits \(hexadecimal(SpecInteger(other.bits & own))) with \(other.name)",
          "correct the value, or add \"aliasOf\" or \"includes\"")
      }
      taken.append((flag.name.value, own))
    }
  }

  private func checkField(_ field: Field, named name: Located<String>, _ context: inout CheckContext) {
    guard let enumeration = enumerations.first(where: { $0.name.value == name.value }) else {
      let hint = Suggestion.hint(for: name.value, among: enumerations.map(\.name.value))
      context.report(name, "there is no enumeration \(name.value)", "name one of this file's enumerations\(hint)")
      return
    }
    let mask = field.mask.value.value
    if let value = enumeration.values.first(where: { $0.value.value.value & ~mask != 0 }) {
      context.report(
        field.mask, "\(value.name.value) = \(hexadecimal(value.value.value)) does not fit the mask",
        "widen the mask or correct the value")
    }
  }

  private func hexadecimal(_ number: SpecInteger) -> String { "0x" + String(number.value, radix: 16, uppercase: true) }
}
