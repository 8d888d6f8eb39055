import Foundations

/// A device in software that keeps the rules of its spec: access, reset values, reserved bits, banks, clearing.
///
/// What the rules do not say (that a byte written comes out of the line) is added with `onRead` and `onWrite`. Tests look at and
/// change registers from the device's side by subscripts, which know no rules, and inject faults.
public final class DeviceModel {
  /// Something that software did and must not do.
  public enum Violation: Equatable, Sendable {
    /// A register that can only be read was written.
    case writeToReadOnly(String)
    /// A register that can only be written was read.
    case readOfWriteOnly(String)
    /// Reserved bits were written otherwise than the spec demands; `bits` are the wrong ones.
    case reservedBits(String, bits: UInt64)
    /// No register is there, or not of that width.
    case noRegister(address: UInt64, width: Int)
  }

  /// The rules.
  public let layout: DeviceLayout
  /// What software did wrong so far.
  public internal(set) var violations: [Violation] = []
  /// How many reads and writes there were.
  public internal(set) var accessCount = 0
  /// What happens before a read of a register: it may change the model, and so what is read.
  public var onRead: [RegisterKey: (DeviceModel, _ index: Int) -> Void] = [:]
  /// What happens after a write to a register; `value` is what was written, with all its bits.
  public var onWrite: [RegisterKey: (DeviceModel, _ index: Int, _ value: UInt64) -> Void] = [:]
  /// When true nobody answers: reads give all ones and writes are lost.
  public var isGone = false
  /// Called before each access, so that a test can make a device fail after so many.
  public var beforeAccess: ((DeviceModel) -> Void)?

  var values: [[UInt64]]
  var stuckBits: [RegisterKey: (mask: UInt64, value: UInt64)] = [:]
  var presented: [RegisterKey] = []
  /// The register that began a sequence, and how many writes of it have come.
  var sequence: (register: Int, position: Int)?

  /// A device that has just been reset.
  public init(_ layout: DeviceLayout) {
    self.layout = layout
    values = layout.registers.map { Array(repeating: $0.reset, count: $0.count) }
  }

  /// Gives every register its reset value; faults and hooks stay.
  public func reset() {
    values = layout.registers.map { Array(repeating: $0.reset, count: $0.count) }
    presented = []
    sequence = nil
  }

  /// All bits of a register, from the device's side.
  public subscript(key: RegisterKey, index: Int = 0) -> UInt64 {
    get { values[key.register][index] }
    set { values[key.register][index] = newValue & layout.registers[key.register].mask }
  }

  /// A field of a register, from the device's side.
  public subscript(key: FieldKey, index: Int = 0) -> UInt64 {
    get {
      let field = layout.registers[key.register].fields[key.field]
      return (values[key.register][index] & field.mask) >> field.shift
    }
    set {
      let field = layout.registers[key.register].fields[key.field]
      let bits = newValue << field.shift & field.mask
      values[key.register][index] = values[key.register][index] & ~field.mask | bits
    }
  }

  /// Makes the bits of a field read as `value` whatever the device does.
  public func stick(_ key: FieldKey, at value: UInt64) {
    let field = layout.registers[key.register].fields[key.field]
    var stuck = stuckBits[RegisterKey(key.register)] ?? (0, 0)
    stuck.mask |= field.mask
    stuck.value = stuck.value & ~field.mask | value << field.shift & field.mask
    stuckBits[RegisterKey(key.register)] = stuck
  }

  /// Makes bits of a register read as in `value` whatever the device does.
  public func stick(_ key: RegisterKey, mask: UInt64 = .max, at value: UInt64) {
    let mask = mask & layout.registers[key.register].mask
    var stuck = stuckBits[key] ?? (0, 0)
    stuck.mask |= mask
    stuck.value = stuck.value & ~mask | value & mask
    stuckBits[key] = stuck
  }

  /// Heals all stuck bits.
  public func heal() { stuckBits = [:] }

  /// Makes the next read at the address of `key` show that register, where several share an address.
  public func present(_ key: RegisterKey) { presented.append(key) }
}
