import Foundations

@testable import DeviceModels
@testable import PCI

/// A function in software: bytes with the rules of the specs, base address registers with sizes, and a bus behind a bridge.
final class FunctionModel {
  /// What a base address register of the device is.
  struct Bar {
    var kind: PCIResource.Kind
    var size: UInt64
    var is64Bit = false
  }

  let place: UInt8
  private(set) var bytes: [UInt8]
  private var writable: [UInt8]
  private var clearable: [UInt8]
  private(set) var bars: [Int: Bar] = [:]
  /// The functions behind it, when it is a bridge.
  var children: [FunctionModel] = []
  /// The last byte of the last capability, where the next one goes.
  private var end = 0x40
  private var lastLink = 0x34

  /// A function whose registers are all zero but for its identity.
  init(_ place: UInt8, vendor: UInt16, device: UInt16, classCode: UInt32, isBridge: Bool = false, byteCount: Int = 256)
  {
    self.place = place
    bytes = Array(repeating: 0, count: byteCount)
    writable = bytes
    clearable = bytes
    set(0, vendor)
    set(2, device)
    set(9, UInt8(truncatingIfNeeded: classCode))
    set(10, UInt16(truncatingIfNeeded: classCode >> 8))
    set(14, UInt8(isBridge ? 1 : 0))
    apply(PCIConfigurationModel.layout, at: 0, when: isBridge ? 1 : 0)
    // Base address registers keep nothing until they have a size.
    for offset in 0x10..<(isBridge ? 0x18 : 0x28) { writable[offset] = 0 }
    for offset in isBridge ? 0x38..<0x3c : 0x30..<0x34 { writable[offset] = 0 }
  }

  var isBridge: Bool { bytes[14] & 0x7f == 1 }
  var secondaryBus: UInt8 { bytes[0x19] }
  var subordinateBus: UInt8 { bytes[0x1a] }

  /// Takes over which bits can be written from a spec.
  private func apply(_ layout: DeviceLayout, at base: Int, when header: UInt64? = nil) {
    for register in layout.registers {
      guard let offset = register.offset else { continue }
      if let condition = register.condition, let header, condition.value != header { continue }
      var (write, clear): (UInt64, UInt64) = (0, 0)
      if register.fields.isEmpty, register.isWritable { write = register.mask }
      for field in register.fields where field.access != .read {
        if field.clears == .onWriteOne { clear |= field.mask } else { write |= field.mask }
      }
      for element in 0..<register.count {
        for byte in 0..<register.width / 8 {
          let place = base + offset + element * register.stride + byte
          guard place < bytes.count else { continue }
          writable[place] |= UInt8(truncatingIfNeeded: write >> UInt64(byte * 8))
          clearable[place] |= UInt8(truncatingIfNeeded: clear >> UInt64(byte * 8))
        }
      }
    }
  }

  /// Adds a base address register.
  func add(_ bar: Bar, at index: Int) {
    bars[index] = bar
    let offset = 0x10 + index * 4
    let fixed: UInt32 =
      switch bar.kind {
      case .ports: 1
      case .prefetchable: bar.is64Bit ? 12 : 8
      case .memory, .none: bar.is64Bit ? 4 : 0
      }
    let mask = ~(bar.size - 1)
    set(offset, fixed)
    for byte in 0..<(bar.is64Bit ? 8 : 4) {
      writable[offset + byte] = UInt8(truncatingIfNeeded: mask >> UInt64(byte * 8))
    }
    writable[offset] &= bar.kind == .ports ? 0xfc : 0xf0
  }

  /// Adds an expansion ROM.
  func addROM(size: UInt32) {
    let offset = isBridge ? 0x38 : 0x30
    let mask = ~(size - 1)
    for byte in 0..<4 { writable[offset + byte] = UInt8(truncatingIfNeeded: mask >> UInt32(byte * 8)) }
    writable[offset] |= 1
  }

  /// Says what windows a bridge has.
  func setWindows(ports: Bool, is32BitPorts: Bool = false, prefetchable: Bool, is64Bit: Bool = false) {
    for offset in [0x1c, 0x1d] {
      writable[offset] = ports ? 0xf0 : 0
      bytes[offset] = ports && is32BitPorts ? 1 : 0
    }
    if !(ports && is32BitPorts) { for offset in 0x30..<0x34 { writable[offset] = 0 } }
    for offset in stride(from: 0x24, to: 0x28, by: 2) {
      writable[offset] = prefetchable ? 0xf0 : 0
      writable[offset + 1] = prefetchable ? 0xff : 0
      bytes[offset] = prefetchable && is64Bit ? 1 : 0
    }
    if !(prefetchable && is64Bit) { for offset in 0x28..<0x30 { writable[offset] = 0 } }
  }

  /// Adds a capability behind the others.
  ///
  /// - Returns: Where it is.
  @discardableResult
  func add(_ kind: UInt8, _ layout: DeviceLayout, length: Int, fill: (FunctionModel, Int) -> Void = { _, _ in }) -> Int
  {
    let place = end
    bytes[6] |= 0x10
    bytes[lastLink] = UInt8(place)
    bytes[place] = kind
    lastLink = place + 1
    end = place + (length + 3) & ~3
    apply(layout, at: place)
    fill(self, place)
    return place
  }

  /// Adds an extended capability at `place`, which the header before it must lead to.
  func addExtended(_ kind: UInt16, _ layout: DeviceLayout, at place: Int, next: Int) {
    set(place, UInt32(kind) | 1 << 16 | UInt32(next) << 20)
    apply(layout, at: place)
  }

  func set(_ offset: Int, _ value: some FixedWidthInteger) {
    for byte in 0..<value.bitWidth / 8 { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (byte * 8)) }
  }

  func get(_ offset: Int, _ width: Int) -> UInt32 {
    (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
  }

  /// What software does: bits that can be written change, those that writing ones clears are cleared.
  func write(_ value: UInt32, at offset: Int, width: Int) {
    for byte in 0..<width {
      let place = offset + byte
      let new = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
      bytes[place] = bytes[place] & ~writable[place] | new & writable[place]
      bytes[place] &= ~(new & clearable[place])
    }
  }

  /// The addresses that base address register `index` makes it answer to, as the hardware sees it.
  func range(ofBar index: Int) -> Range<UInt64>? {
    guard let bar = bars[index] else { return nil }
    let mask: UInt32 = bar.kind == .ports ? ~3 : ~15
    var base = UInt64(get(0x10 + index * 4, 4) & mask)
    if bar.is64Bit { base |= UInt64(get(0x14 + index * 4, 4)) << 32 }
    return base..<base + bar.size
  }

  /// The addresses that the bridge forwards: ports, memory, prefetchable memory; empty where it forwards none.
  var windows: [Range<UInt64>] {
    func range(_ first: UInt64, _ last: UInt64, _ unit: UInt64) -> Range<UInt64> {
      first <= last ? first..<last + unit : 0..<0
    }
    let isWidePorts = bytes[0x1c] & 15 == 1
    let ports = range(
      UInt64(bytes[0x1c] & 0xf0) << 8 | (isWidePorts ? UInt64(get(0x30, 2)) << 16 : 0),
      UInt64(bytes[0x1d] & 0xf0) << 8 | (isWidePorts ? UInt64(get(0x32, 2)) << 16 : 0), 1 << 12)
    let memory = range(UInt64(get(0x20, 2) & 0xfff0) << 16, UInt64(get(0x22, 2) & 0xfff0) << 16, 1 << 20)
    let isWide = bytes[0x24] & 15 == 1
    let prefetchable = range(
      UInt64(get(0x24, 2) & 0xfff0) << 16 | (isWide ? UInt64(get(0x28, 4)) << 32 : 0),
      UInt64(get(0x26, 2) & 0xfff0) << 16 | (isWide ? UInt64(get(0x2c, 4)) << 32 : 0), 1 << 20)
    return [ports, memory, prefetchable]
  }
}
