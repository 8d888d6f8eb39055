/// Names a register of one device.
public struct RegisterKey: Hashable, Sendable {
  let register: Int

  /// Register number `register` of the layout; generated code says which that is.
  public init(_ register: Int) { self.register = register }
}

/// Names a field of a register of one device.
public struct FieldKey: Hashable, Sendable {
  let register: Int
  let field: Int

  /// Field number `field` of register number `register`.
  public init(_ register: Int, _ field: Int) {
    self.register = register
    self.field = field
  }
}

/// What a spec says about the registers of a device, in the form that a model runs on.
public struct DeviceLayout: Sendable {
  /// How registers are reached.
  public enum Space: Sendable { case port, memory, msr, cpuid }
  /// Who may read or write.
  public enum Access: Sendable { case read, write, readWrite }
  /// What a write must give reserved bits.
  public enum Reserved: Sendable { case preserve, zero, one, undefined }
  /// What clears a field.
  public enum Clearing: Sendable { case never, onRead, onWriteOne, onWrite }

  /// Some adjacent bits.
  public struct Field: Sendable {
    /// Its name in the spec.
    public let name: String
    let mask: UInt64
    let shift: UInt64
    let access: Access
    let clears: Clearing
    let fixed: UInt64?
  }

  /// A field that must have a value.
  struct Condition: Sendable {
    var key: FieldKey
    var value: UInt64
  }

  /// The place of a register in a sequence of writes.
  struct Sequence: Sendable {
    var after: Int
    var position: Int
    var condition: Condition?
  }

  /// A register.
  public struct Register: Sendable {
    /// Its name in the spec.
    public let name: String
    var offset: Int?
    var index: Int?
    var msr: UInt32?
    var leaf: UInt32?
    var subleaf: UInt32?
    var output = 0
    let width: Int
    let access: Access
    let reset: UInt64
    let reserved: Reserved
    var count = 1
    var stride = 0
    var msrStride = 0
    var isShared = false
    var fields: [Field] = []
    var condition: Condition?
    var sequence: Sequence?

    var mask: UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }
    var reservedMask: UInt64 { fields.isEmpty ? 0 : mask & ~fields.reduce(0) { $0 | $1.mask } }
    var isReadable: Bool { access != .write }
    var isWritable: Bool { access != .read }
  }

  /// The device's name in the spec.
  public let device: String
  let space: Space
  let length: Int
  /// The registers, in the order of the spec.
  public private(set) var registers: [Register] = []
  private(set) var select: Int?
  private(set) var data: Int?

  /// A layout without registers yet.
  public init(device: String, space: Space, length: Int = 0) {
    self.device = device
    self.space = space
    self.length = length
  }

  /// Adds a register; the calls that follow describe it.
  public mutating func register(
    _ name: String, width: Int, access: Access, reserved: Reserved, reset: UInt64 = 0, isShared: Bool = false
  ) {
    var register = Register(name: name, width: width, access: access, reset: reset, reserved: reserved)
    register.isShared = isShared
    registers.append(register)
  }

  /// Says where the last register is.
  public mutating func place(offset: Int? = nil, index: Int? = nil, msr: UInt32? = nil) {
    registers[registers.count - 1].offset = offset
    registers[registers.count - 1].index = index
    registers[registers.count - 1].msr = msr
  }

  /// Says which output of CPUID the last register is, 0 being EAX.
  public mutating func place(leaf: UInt32, subleaf: UInt32? = nil, output: Int) {
    registers[registers.count - 1].leaf = leaf
    registers[registers.count - 1].subleaf = subleaf
    registers[registers.count - 1].output = output
  }

  /// Says how often the last register is there.
  public mutating func array(count: Int, stride: Int, msrStride: Int) {
    registers[registers.count - 1].count = count
    registers[registers.count - 1].stride = stride
    registers[registers.count - 1].msrStride = msrStride
  }

  /// Adds a field to the last register.
  public mutating func field(
    _ name: String, _ bits: ClosedRange<UInt64>, _ access: Access, clears: Clearing = .never, fixed: UInt64? = nil
  ) {
    let width = bits.upperBound - bits.lowerBound + 1
    let ones: UInt64 = width == 64 ? .max : (1 << width) - 1
    let mask = ones << bits.lowerBound
    registers[registers.count - 1].fields.append(
      Field(name: name, mask: mask, shift: bits.lowerBound, access: access, clears: clears, fixed: fixed))
  }

  /// Says that the last register is there only while a field has a value.
  public mutating func when(_ key: FieldKey, is value: UInt64) {
    registers[registers.count - 1].condition = Condition(key: key, value: value)
  }

  /// Says that the last register takes write number `position` after a write to register number `register`.
  public mutating func sequence(after register: Int, position: Int, when key: FieldKey? = nil, is value: UInt64 = 0) {
    registers[registers.count - 1].sequence = Sequence(
      after: register, position: position, condition: key.map { Condition(key: $0, value: value) })
  }

  /// Says that registers with an index are reached through register number `data`.
  public mutating func indexed(select: Int, data: Int) {
    self.select = select
    self.data = data
  }
}
