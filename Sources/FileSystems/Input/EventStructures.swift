import Foundations
import Input
import Machine

/// `struct input_absinfo`.
struct AxisStructure: UserValue {
  var axis: AbsoluteAxis

  init(_ axis: AbsoluteAxis) { self.axis = axis }

  static var userByteCount: Int { 24 }

  init(userBytes bytes: Span<UInt8>) {
    axis = AbsoluteAxis(
      value: bytes.load(Int32.self, at: 0), minimum: bytes.load(Int32.self, at: 4),
      maximum: bytes.load(Int32.self, at: 8), fuzz: bytes.load(Int32.self, at: 12),
      flat: bytes.load(Int32.self, at: 16), resolution: bytes.load(Int32.self, at: 20))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(axis.value, at: 0)
    bytes.store(axis.minimum, at: 4)
    bytes.store(axis.maximum, at: 8)
    bytes.store(axis.fuzz, at: 12)
    bytes.store(axis.flat, at: 16)
    bytes.store(axis.resolution, at: 20)
  }
}

/// `struct input_id`.
struct IdentityStructure: UserValue {
  let identity: InputIdentity

  init(_ identity: InputIdentity) { self.identity = identity }

  static var userByteCount: Int { 8 }

  init(userBytes bytes: Span<UInt8>) {
    identity = InputIdentity(
      bus: bytes.load(UInt16.self, at: 0), vendor: bytes.load(UInt16.self, at: 2),
      product: bytes.load(UInt16.self, at: 4), version: bytes.load(UInt16.self, at: 6))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(identity.bus, at: 0)
    bytes.store(identity.vendor, at: 2)
    bytes.store(identity.product, at: 4)
    bytes.store(identity.version, at: 6)
  }
}

/// `struct input_keymap_entry`: the key of a scan code.
struct KeymapEntry: UserValue {
  /// The scan code is to be looked up by its place in the table. INPUT_KEYMAP_BY_INDEX.
  static let byIndex: UInt8 = 1

  var flags: UInt8
  var length: UInt8
  var index: UInt16
  var key: UInt32
  private var scanCode: UInt64

  static var userByteCount: Int { 40 }

  init(userBytes bytes: Span<UInt8>) {
    (flags, length) = (bytes[0], bytes[1])
    index = bytes.load(UInt16.self, at: 2)
    key = bytes.load(UInt32.self, at: 4)
    scanCode = bytes.load(UInt64.self, at: 8)
  }

  /// What the entry is about; nil for a length that scan codes do not have.
  var place: UInt32? {
    if flags & Self.byIndex != 0 { return UInt32(index) }
    switch length {
    case 1: return UInt32(scanCode & 0xff)
    case 2: return UInt32(scanCode & 0xffff)
    case 4: return UInt32(truncatingIfNeeded: scanCode)
    default: return nil
    }
  }

  /// Says that the scan code `place` is that of `key`.
  mutating func set(_ place: UInt32, _ key: UInt16) {
    (index, length) = (UInt16(truncatingIfNeeded: place), 4)
    (scanCode, self.key) = (UInt64(place), UInt32(key))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(flags, at: 0)
    bytes.store(length, at: 1)
    bytes.store(index, at: 2)
    bytes.store(key, at: 4)
    bytes.store(scanCode, at: 8)
  }
}

/// `struct input_mask`: which codes of a type are wanted, and where the program has the bits of them.
struct MaskStructure: UserValue {
  let type: UInt32
  let byteCount: UInt32
  let address: UInt64

  static var userByteCount: Int { 16 }

  init(userBytes bytes: Span<UInt8>) {
    type = bytes.load(UInt32.self, at: 0)
    byteCount = bytes.load(UInt32.self, at: 4)
    address = bytes.load(UInt64.self, at: 8)
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(type, at: 0)
    bytes.store(byteCount, at: 4)
    bytes.store(address, at: 8)
  }
}

/// Two numbers, as EVIOCGREP and EVIOCGKEYCODE have them.
struct NumberPair: UserValue {
  var first: UInt32
  var second: UInt32

  init(_ first: UInt32, _ second: UInt32) { (self.first, self.second) = (first, second) }

  static var userByteCount: Int { 8 }

  init(userBytes bytes: Span<UInt8>) {
    (first, second) = (bytes.load(UInt32.self, at: 0), bytes.load(UInt32.self, at: 4))
  }

  func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
    bytes.store(first, at: 0)
    bytes.store(second, at: 4)
  }
}
