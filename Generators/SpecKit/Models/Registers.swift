/// A spec of registers: what a device or the CPU shows to software.
public struct RegistersSpec: SpecModel {
  public static var schema: String { "registers.schema.json" }

  /// How a register is reached.
  public enum SpaceKind: String, Decodable, Sendable {
    case port, memory, msr, cpuid
  }

  /// Who may read or write.
  public enum Access: String, Decodable, Sendable {
    case read, write, readWrite

    /// True when software may read.
    public var isReadable: Bool { self != .write }
    /// True when software may write.
    public var isWritable: Bool { self != .read }
  }

  /// What a write gives the bits that no field covers.
  public enum ReservedPolicy: String, Decodable, Sendable {
    case preserve, zero, one, undefined
  }

  /// What sets a field to zero besides an ordinary write.
  public enum Clearing: String, Decodable, Sendable {
    case onRead, onWriteOne, onWrite
  }

  /// Whether code outside Machine may have the register.
  public enum Sensitivity: String, Decodable, Sendable {
    case `public`, sensitive
  }

  /// Where the registers live.
  public struct Space: Decodable, Sendable {
    public let kind: Located<SpaceKind>
    public let length: Located<SpecInteger>?
    public let instances: [Instance]?
  }

  /// A place where the PC has the device.
  public struct Instance: Decodable, Sendable {
    public let name: Located<String>
    public let base: Located<SpecInteger>
    public let summary: String
  }

  /// A second way to the same registers.
  public struct Variant: Decodable, Sendable {
    public let kind: SpaceKind
    public let typeName: Located<String>
    public let summary: String
  }

  /// The registers that lead to those with an index.
  public struct Indexed: Decodable, Sendable {
    public let select: Located<String>
    public let data: Located<String>
  }

  /// A named value of a field.
  public struct NamedValue: Decodable, Sendable {
    public let value: Located<SpecInteger>
    public let name: Located<String>
    public let summary: String?
  }

  /// Named values that several fields share.
  public struct Enumeration: Decodable, Sendable {
    public let name: Located<String>
    public let summary: String
    public let values: [NamedValue]
  }

  /// A division into fields that several registers share.
  public struct Layout: Decodable, Sendable {
    public let name: Located<String>
    public let summary: String
    public let width: Located<Int>
    public let fields: [Field]
  }

  /// Some adjacent bits of a register.
  public struct Field: Decodable, Sendable {
    public let name: Located<String>
    public let bits: Located<[Int]>
    public let summary: String
    public let access: Located<Access>?
    public let clears: Located<Clearing>?
    public let values: [NamedValue]?
    public let enumeration: Located<String>?
    public let fixed: Located<SpecInteger>?
    public let inPlace: Bool?

    /// The lowest bit.
    public var low: Int { bits.value.first ?? 0 }
    /// The highest bit.
    public var high: Int { bits.value.last ?? 0 }
    /// How many bits it has; not positive when the bits stand in the wrong order.
    public var width: Int { high - low + 1 }
    /// Its bits, in the register. The bits must be in order.
    public var mask: UInt64 { UInt64.ones(width) << UInt64(low) }
  }

  /// Registers that repeat in a fixed distance.
  public struct Repetition: Decodable, Sendable {
    public let count: Int
    public let stride: Located<SpecInteger>
    public let msrStride: SpecInteger?
  }

  /// What another register must hold for this one to be reached.
  public struct Condition: Decodable, Sendable {
    public let register: Located<String>
    public let field: Located<String>
    public let equals: Located<SpecInteger>
  }

  /// The write that makes this register the target of one of the next writes.
  public struct Sequence: Decodable, Sendable {
    public let after: Located<String>
    public let position: Located<Int>
    public let field: Located<String>?
    public let equals: Located<SpecInteger>?
  }

  /// One register.
  public struct Register: Decodable, Sendable {
    public let name: Located<String>
    public let summary: String
    public let offset: Located<SpecInteger>?
    public let index: Located<SpecInteger>?
    public let msr: Located<SpecInteger>?
    public let leaf: Located<SpecInteger>?
    public let subleaf: Located<SpecInteger>?
    public let output: String?
    public let width: Located<Int>
    public let access: Located<Access>
    public let reset: Located<SpecInteger>?
    public let reserved: Located<ReservedPolicy>?
    public let sensitivity: Sensitivity?
    public let readEffect: Located<String>?
    public let availability: String?
    public let array: Located<Repetition>?
    public let when: Condition?
    public let sequence: Sequence?
    public let shares: String?
    public let layout: Located<String>?
    public let fields: [Field]?
  }

  public let device: String
  public let typeName: Located<String>
  public let summary: String
  public let sources: [String]
  public let space: Space
  public let variant: Variant?
  public let indexed: Indexed?
  public let reserved: ReservedPolicy
  public let enumerations: [Enumeration]?
  public let layouts: [Layout]?
  public let registers: [Register]

  public var entryCount: Int { registers.count }
}

extension UInt64 {
  /// A number whose low `count` bits are ones.
  static func ones(_ count: Int) -> UInt64 { count >= 64 ? .max : count <= 0 ? 0 : (1 << UInt64(count)) - 1 }
}

extension RegistersSpec {
  /// The fields of `register`, its own or those of its layout.
  public func fields(of register: Register) -> [Field] {
    if let fields = register.fields { return fields }
    return layout(register.layout?.value)?.fields ?? []
  }

  /// The layout called `name`.
  public func layout(_ name: String?) -> Layout? { layouts?.first { $0.name.value == name } }

  /// The register called `name`.
  public func register(_ name: String) -> Register? { registers.first { $0.name.value == name } }

  /// The named values of `field`, its own or those of its enumeration.
  public func values(of field: Field) -> [NamedValue] {
    if let values = field.values { return values }
    return enumerations?.first { $0.name.value == field.enumeration?.value }?.values ?? []
  }

  /// What a write gives the bits of `register` without a field.
  public func reservedPolicy(of register: Register) -> ReservedPolicy { register.reserved?.value ?? reserved }

  /// The bits of `register` that no field covers; none when it has no fields, for then it is one number.
  public func reservedMask(of register: Register) -> UInt64 {
    let fields = fields(of: register)
    if fields.isEmpty { return 0 }
    return UInt64.ones(register.width.value) & ~fields.reduce(0) { $0 | $1.mask }
  }

  /// How software may use `field` of `register`.
  public func access(of field: Field, in register: Register) -> Access { field.access?.value ?? register.access.value }
}
