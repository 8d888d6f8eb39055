/// A spec of registers: what a device or the CPU shows to software.
public struct RegistersSpec: SpecModel {
  /// The schema for specs of registers.
  public static var schema: String { "registers.schema.json" }

  /// How a register is reached.
  enum SpaceKind: String, Decodable, Sendable {
    case port, memory, msr, cpuid
  }

  /// Who may read or write.
  enum Access: String, Decodable, Sendable {
    case read, write, readWrite

    /// True when software may read.
    var isReadable: Bool { self != .write }
    /// True when software may write.
    var isWritable: Bool { self != .read }
  }

  /// What a write gives the bits that no field covers.
  enum ReservedPolicy: String, Decodable, Sendable {
    case preserve, zero, one, undefined
  }

  /// What sets a field to zero besides an ordinary write.
  enum Clearing: String, Decodable, Sendable {
    case onRead, onWriteOne, onWrite
  }

  /// Whether code outside Machine may have the register.
  enum Sensitivity: String, Decodable, Sendable {
    case `public`, sensitive
  }

  /// When programs may change the register, where they can reach it at all.
  enum Programs: String, Decodable, Sendable {
    case always, unbound
  }

  /// Where the registers live.
  struct Space: Decodable, Sendable {
    let kind: Located<SpaceKind>
    let length: Located<SpecInteger>?
    let instances: [Instance]?
  }

  /// A place where the PC has the device.
  struct Instance: Decodable, Sendable {
    let name: Located<String>
    let base: Located<SpecInteger>
    let summary: String
  }

  /// A second way to the same registers.
  struct Variant: Decodable, Sendable {
    let kind: SpaceKind
    let typeName: Located<String>
    let summary: String
  }

  /// The registers that lead to those with an index.
  struct Indexed: Decodable, Sendable {
    let select: Located<String>
    let data: Located<String>
  }

  /// A named value of a field.
  struct NamedValue: Decodable, Sendable {
    let value: Located<SpecInteger>
    let name: Located<String>
    let summary: String?
  }

  /// Named values that several fields share.
  struct Enumeration: Decodable, Sendable {
    let name: Located<String>
    let summary: String
    let values: [NamedValue]
  }

  /// A division into fields that several registers share.
  struct Layout: Decodable, Sendable {
    let name: Located<String>
    let summary: String
    let width: Located<Int>
    let fields: [Field]
  }

  /// Some adjacent bits of a register.
  struct Field: Decodable, Sendable {
    let name: Located<String>
    let bits: Located<[Int]>
    let mnemonic: String?
    let summary: String
    let access: Located<Access>?
    let clears: Located<Clearing>?
    let values: [NamedValue]?
    let enumeration: Located<String>?
    let fixed: Located<SpecInteger>?
    let inPlace: Bool?
    let sensitivity: Located<Sensitivity>?
    let programs: Located<Programs>?

    /// The lowest bit.
    var low: Int { bits.value.first ?? 0 }
    /// The highest bit.
    var high: Int { bits.value.last ?? 0 }
    /// How many bits it has; not positive when the bits stand in the wrong order.
    var width: Int { high - low + 1 }
    /// Its bits, in the register. The bits must be in order.
    var mask: UInt64 { UInt64.ones(width) << UInt64(low) }
  }

  /// Registers that repeat in a fixed distance.
  struct Repetition: Decodable, Sendable {
    let count: Int
    let stride: Located<SpecInteger>
    let msrStride: SpecInteger?
  }

  /// What another register must hold for this one to be reached.
  struct Condition: Decodable, Sendable {
    let register: Located<String>
    let field: Located<String>
    let equals: Located<SpecInteger>
  }

  /// The write that makes this register the target of one of the next writes.
  struct Sequence: Decodable, Sendable {
    let after: Located<String>
    let position: Located<Int>
    let field: Located<String>?
    let equals: Located<SpecInteger>?
  }

  /// One register.
  struct Register: Decodable, Sendable {
    let name: Located<String>
    let mnemonic: String?
    let summary: String
    let offset: Located<SpecInteger>?
    let index: Located<SpecInteger>?
    let msr: Located<SpecInteger>?
    let leaf: Located<SpecInteger>?
    let subleaf: Located<SpecInteger>?
    let output: String?
    let width: Located<Int>
    let access: Located<Access>
    let reset: Located<SpecInteger>?
    let reserved: Located<ReservedPolicy>?
    let sensitivity: Sensitivity?
    let programs: Located<Programs>?
    let readEffect: Located<String>?
    let availability: String?
    let array: Located<Repetition>?
    let when: Condition?
    let sequence: Sequence?
    let shares: String?
    let layout: Located<String>?
    let fields: [Field]?
  }

  let device: String
  let typeName: Located<String>
  let summary: String
  let sources: [String]
  let space: Space
  let variant: Variant?
  let indexed: Indexed?
  let reserved: ReservedPolicy
  let sensitivity: Sensitivity?
  let enumerations: [Enumeration]?
  let layouts: [Layout]?
  let registers: [Register]

  /// How many registers the spec has.
  public var entryCount: Int { registers.count }
}

extension UInt64 {
  /// A number whose low `count` bits are ones.
  static func ones(_ count: Int) -> UInt64 { count >= 64 ? .max : count <= 0 ? 0 : (1 << UInt64(count)) - 1 }
}

extension RegistersSpec {
  /// The fields of `register`, its own or those of its layout.
  func fields(of register: Register) -> [Field] {
    if let fields = register.fields { return fields }
    return layout(register.layout?.value)?.fields ?? []
  }

  /// The layout called `name`.
  func layout(_ name: String?) -> Layout? { layouts?.first { $0.name.value == name } }

  /// The register called `name`.
  func register(_ name: String) -> Register? { registers.first { $0.name.value == name } }

  /// The named values of `field`, its own or those of its enumeration.
  func values(of field: Field) -> [NamedValue] {
    if let values = field.values { return values }
    return enumerations?.first { $0.name.value == field.enumeration?.value }?.values ?? []
  }

  /// True when nothing outside Machine may have `register`.
  func isSensitive(_ register: Register) -> Bool { (register.sensitivity ?? sensitivity) == .sensitive }

  /// What a write gives the bits of `register` without a field.
  func reservedPolicy(of register: Register) -> ReservedPolicy { register.reserved?.value ?? reserved }

  /// The bits of `register` that no field covers; none when it has no fields, for then it is one number.
  func reservedMask(of register: Register) -> UInt64 {
    let fields = fields(of: register)
    if fields.isEmpty { return 0 }
    return UInt64.ones(register.width.value) & ~fields.reduce(0) { $0 | $1.mask }
  }

  /// How software may use `field` of `register`.
  func access(of field: Field, in register: Register) -> Access { field.access?.value ?? register.access.value }
}
