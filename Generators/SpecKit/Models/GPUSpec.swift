/// `gpu/*/*.json`: a graphics device, its registers and the numbers it speaks in.
public struct GPUSpec: SpecModel {
  /// A PCI function.
  public struct Function: Decodable {
    /// The vendor.
    public let vendor: Located<SpecInteger>
    /// The device.
    public let device: Located<SpecInteger>
  }

  /// What a base address register holds.
  public struct Resource: Decodable {
    /// The name.
    public let name: Located<String>
    /// The base address register.
    public let bar: Located<Int>
    /// The length in bytes, unless it varies.
    public let length: Located<SpecInteger>?
    /// What it is.
    public let description: String
  }

  /// A way to a block.
  public struct Access: Decodable {
    /// The kind of way.
    public enum Kind: String, Decodable {
      case indexedPorts, memory
    }
    /// The kind.
    public let kind: Kind
    /// The port that takes the index.
    public let indexPort: SpecInteger?
    /// The port that holds the value.
    public let dataPort: SpecInteger?
    /// The resource that the block lies in.
    public let resource: Located<String>?
    /// Where in it, in bytes.
    public let offset: Located<SpecInteger>?
  }

  /// A field of a register.
  public struct Field: Decodable {
    /// The name.
    public let name: Located<String>
    /// The bit, or the lowest and the highest.
    public let bits: Located<[Int]>
    /// What it is.
    public let description: String?
  }

  /// A register.
  public struct Register: Decodable {
    /// The name.
    public let name: Located<String>
    /// The offset in bytes.
    public let offset: Located<SpecInteger>
    /// Who reads and writes it.
    public let access: String
    /// What it is.
    public let description: String
    /// Its fields.
    public let fields: [Field]?
    /// The table that names its values.
    public let values: Located<String>?
  }

  /// A block of registers.
  public struct Block: Decodable {
    /// The name.
    public let name: Located<String>
    /// What it is.
    public let description: String
    /// The width of each register in bits.
    public let width: Located<Int>
    /// The length in bytes.
    public let length: Located<SpecInteger>
    /// The ways to it.
    public let access: [Access]
    /// The registers.
    public let registers: [Register]
  }

  /// A named number.
  public struct Constant: Decodable {
    /// The name.
    public let name: Located<String>
    /// The number.
    public let value: Located<SpecInteger>
    /// The name in the document.
    public let constant: Located<String>?
  }

  /// Named numbers.
  public struct Table: Decodable {
    /// The name.
    public let name: Located<String>
    /// What it is.
    public let description: String
    /// The width in bits.
    public let width: Located<Int>
    /// The numbers.
    public let values: [Constant]
  }

  /// The Swift name.
  public let device: Located<String>
  /// The name that people know.
  public let name: String
  /// Whether a driver uses it.
  public let status: String
  /// The PCI functions that are this device.
  public let pci: [Function]
  /// What the base address registers hold.
  public let resources: [Resource]?
  /// The blocks of registers.
  public let blocks: [Block]?
  /// Named numbers.
  public let tables: [Table]?
  /// The public documents behind it.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "gpu.schema.json" }
  /// How many registers and numbers there are.
  public var entryCount: Int {
    (blocks ?? []).reduce(0) { $0 + $1.registers.count } + (tables ?? []).reduce(0) { $0 + $1.values.count }
  }

  /// Registers fit their block and do not overlap; what is named exists.
  public func check(_ context: inout CheckContext) {
    let resources = resources ?? []
    let tables = tables ?? []
    context.reportDuplicates(of: "resource name", in: resources.map(\.name))
    context.reportDuplicates(of: "base address register", in: resources.map(\.bar))
    context.reportDuplicates(of: "block name", in: (blocks ?? []).map(\.name))
    context.reportDuplicates(of: "table name", in: tables.map(\.name))
    for block in blocks ?? [] { check(block, resources, tables, &context) }
    for table in tables {
      context.reportDuplicates(of: "name", in: table.values.map(\.name))
      context.reportDuplicates(of: "value", in: table.values.map(\.value))
      for constant in table.values where constant.value.value.value >= Int128(1) << Int128(table.width.value) {
        context.report(
          constant.value, "the value does not fit \(table.width.value) bits", "correct it or the table's width")
      }
    }
  }

  private func check(_ block: Block, _ resources: [Resource], _ tables: [Table], _ context: inout CheckContext) {
    for access in block.access {
      guard let name = access.resource else { continue }
      guard let resource = resources.first(where: { $0.name.value == name.value }) else {
        let hint = Suggestion.hint(for: name.value, among: resources.map(\.name.value))
        context.report(name, "there is no resource \(name.value)", "name one of the resources\(hint)")
        continue
      }
      if let offset = access.offset, let length = resource.length,
        offset.value.value + block.length.value.value > length.value.value
      {
        context.report(offset, "the block ends behind \(resource.name.value)", "correct the offset or the lengths")
      }
    }
    context.reportDuplicates(of: "name", in: block.registers.map(\.name))
    let bytes = Int128(block.width.value / 8)
    var taken: [(register: Register, begin: Int128)] = []
    for register in block.registers {
      let begin = register.offset.value.value
      if begin % bytes != 0 {
        context.report(
          register.offset, "a register of \(bytes) bytes is not aligned here", "use a multiple of \(bytes)")
      }
      if begin + bytes > block.length.value.value {
        context.report(
          register.offset, "the register ends behind the block", "correct the offset or the block's length")
      }
      if let other = taken.first(where: { begin < $0.begin + bytes && $0.begin < begin + bytes }) {
        context.report(register.offset, "it overlaps \(other.register.name.value)", "give each its own offset")
      }
      taken.append((register, begin))
      if let name = register.values, !tables.contains(where: { $0.name.value == name.value }) {
        let hint = Suggestion.hint(for: name.value, among: tables.map(\.name.value))
        context.report(name, "there is no table \(name.value)", "name one of the tables\(hint)")
      }
      checkFields(of: register, width: block.width.value, &context)
    }
  }

  private func checkFields(of register: Register, width: Int, _ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: (register.fields ?? []).map(\.name))
    var bits: UInt64 = 0
    for field in register.fields ?? [] {
      let low = field.bits.value[0]
      let high = field.bits.value.last ?? low
      guard low <= high, high < width else {
        context.report(
          field.bits, "bits \(low) to \(high) are not in \(width) bits", "write the lowest, then the highest")
        continue
      }
      let mask = (UInt64.max >> UInt64(63 - high + low)) << UInt64(low)
      if bits & mask != 0 { context.report(field.bits, "the field overlaps another", "give each its own bits") }
      bits |= mask
    }
  }
}
