/// What every generated structure of a register has.
protocol RegisterValue {
  associatedtype RawValue: FixedWidthInteger & UnsignedInteger
  var rawValue: RawValue { get set }
  init(rawValue: RawValue)
  init()
}

/// What can be the value of a field.
protocol FieldValue {
  init(bits: UInt64)
  var bits: UInt64 { get }
}

/// What every generated enumeration has.
protocol FieldEnumeration: FieldValue, Equatable {
  associatedtype RawValue: FixedWidthInteger & UnsignedInteger
  init(rawValue: RawValue)
  var rawValue: RawValue { get }
  var label: String { get }
}

extension FieldEnumeration {
  init(bits: UInt64) { self.init(rawValue: RawValue(truncatingIfNeeded: bits)) }
  var bits: UInt64 { UInt64(rawValue) }
}

extension Bool: FieldValue {
  init(bits: UInt64) { self = bits & 1 != 0 }
  var bits: UInt64 { self ? 1 : 0 }
}

extension FieldValue where Self: FixedWidthInteger {
  init(bits: UInt64) { self = Self(truncatingIfNeeded: bits) }
  var bits: UInt64 { UInt64(self) }
}

extension UInt8: FieldValue {}
extension UInt16: FieldValue {}
extension UInt32: FieldValue {}
extension UInt64: FieldValue {}

/// Every generated type, field and accessor of one spec; generated code fills it.
struct CaseList {
  struct Field {
    let name: String
    /// The field's value in a register's bits.
    let get: (UInt64) -> UInt64
    /// A register's bits with the field set; nil when the property cannot be set.
    let set: ((_ register: UInt64, _ value: UInt64) -> UInt64)?
    /// How many bits the property's type holds.
    let capacity: Int
    let isEnumeration: Bool
  }

  struct Division {
    let name: String
    let initial: UInt64
    let width: Int
    var fields: [Field] = []
  }

  struct Accessor {
    let register: String
    /// Whether it belongs to the second way to reach the registers.
    let isVariant: Bool
    let read: ((Probe, Int) -> UInt64)?
    let write: ((Probe, Int, UInt64) -> Void)?
    let modify: ((Probe, Int, (UInt64) -> UInt64) -> Void)?
  }

  let file: String
  private(set) var divisions: [Division] = []
  private(set) var accessors: [Accessor] = []

  init(file: String) { self.file = file }

  mutating func type<Value: RegisterValue>(_ type: Value.Type, _ name: String) {
    divisions.append(Division(name: name, initial: UInt64(Value().rawValue), width: Value.RawValue.bitWidth))
  }

  mutating func field<Root: RegisterValue, Value: FieldValue>(_ name: String, _ path: KeyPath<Root, Value>) {
    // A key path to a property that cannot be set is not writable, so the test sees setters that should not be there.
    let writable = path as? WritableKeyPath<Root, Value>
    divisions[divisions.count - 1].fields.append(
      Field(
        name: name,
        get: { Root(rawValue: .init(truncatingIfNeeded: $0))[keyPath: path].bits },
        set: writable.map { path in
          { register, value in
            var root = Root(rawValue: .init(truncatingIfNeeded: register))
            root[keyPath: path] = Value(bits: value)
            return UInt64(root.rawValue)
          }
        },
        capacity: Value.self == Bool.self
          ? 1 : Value(bits: .max).bits.bitWidth - Value(bits: .max).bits.leadingZeroBitCount,
        isEnumeration: Value.self is any FieldEnumeration.Type))
  }

  mutating func accessor(
    _ register: String, isVariant: Bool, read: ((Probe, Int) -> UInt64)? = nil,
    write: ((Probe, Int, UInt64) -> Void)? = nil, modify: ((Probe, Int, (UInt64) -> UInt64) -> Void)? = nil
  ) {
    accessors.append(Accessor(register: register, isVariant: isVariant, read: read, write: write, modify: modify))
  }
}
