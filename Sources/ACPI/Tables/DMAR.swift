import Foundations

/// The IOMMUs of Intel's kind, and memory that firmware wants devices to reach. Source: Intel VT-d 4.1, chapter 8.
///
/// Structures of other types (which root ports translate for devices, which memory is near) say nothing that is needed to keep devices
/// to their memory, and are passed over.
public struct DMAR: ~Copyable {
  private let table: ACPITable
  /// How many bits physical addresses have for devices, 1...256.
  public let addressBits: Int
  /// The units can remap interrupts.
  public let remapsInterrupts: Bool

  /// A remapping unit.
  public struct Unit: Sendable {
    /// The segment group that it serves.
    public let segment: UInt16
    /// Where its registers are.
    public let registers: UInt64
    /// How many bytes of registers firmware tells of, 4096 or more; there may be more.
    public let byteCount: Int
    /// It serves all functions of the segment that no other unit names.
    public let servesOthers: Bool
    fileprivate let scopes: Range<Int>
  }

  /// Memory that devices reach without a driver, such as what firmware does with a keyboard or a picture.
  public struct Reserved: Sendable {
    /// The segment group of the devices.
    public let segment: UInt16
    /// The memory.
    public let addresses: Range<UInt64>
    fileprivate let scopes: Range<Int>
  }

  /// What a device is that a structure names.
  public enum DeviceKind: Equatable, Sendable {
    /// A function.
    case endpoint
    /// A bridge, with all that is behind it.
    case bridge
    /// An I/O APIC.
    case ioAPIC
    /// An HPET that sends messages.
    case hpet
    /// A device of the namespace.
    case named
    /// Something newer.
    case other(UInt8)
  }

  /// A device, by the way that leads there from a root bus.
  public struct Device: Sendable {
    /// What it is.
    public let kind: DeviceKind
    /// Its number among those of its kind: that of an I/O APIC, for example.
    public let identifier: UInt8
    /// The bus at which the way begins.
    public let bus: UInt8
    /// How many steps the way has, 1...16; all but the last are bridges.
    public let stepCount: Int
    fileprivate var steps = InlineArray<16, UInt8>(repeating: 0)

    /// Step `index`, 0..<stepCount: device times 8 and function; 0 for others.
    public func step(_ index: Int) -> UInt8 { index >= 0 && index < stepCount ? steps[index] : 0 }
  }

  /// Reads the table and checks all of it.
  ///
  /// - Throws: `.badSignature`, `.badLength`; `.badEntry` for a structure or a device that is too short, passes its end, or says what
  ///   cannot be.
  public init(_ table: consuming ACPITable) throws(ACPITableError) {
    guard table.signature == "DMAR" else { throw .badSignature(address: table.address) }
    guard table.count >= 48 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    try Self.check(table)
    addressBits = Int(table.integer8(36)) + 1
    remapsInterrupts = table.integer8(37)[bit: 0]
    self.table = table
  }

  private static func check(_ table: borrowing ACPITable) throws(ACPITableError) {
    try forEachStructure(table) { type, offset, length throws(ACPITableError) in
      switch type {
      case 0:
        guard length >= 16, table.integer64(offset + 8) & 0xfff == 0, table.integer64(offset + 8) < 1 << 62 else {
          throw .badEntry(offset: offset)
        }
        try checkDevices(table, offset + 16..<offset + length)
      case 1:
        guard length >= 24, table.integer64(offset + 8) <= table.integer64(offset + 16),
          table.integer64(offset + 16) < 1 << 62
        else { throw .badEntry(offset: offset) }
        try checkDevices(table, offset + 24..<offset + length)
      default: break
      }
    }
  }

  private static func checkDevices(_ table: borrowing ACPITable, _ range: Range<Int>) throws(ACPITableError) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let length = Int(table.integer8(offset + 1))
      guard range.upperBound - offset >= 2, length >= 8, length <= 6 + 2 * 16, length.isMultiple(of: 2),
        length <= range.upperBound - offset
      else { throw .badEntry(offset: offset) }
      for step in stride(from: offset + 6, to: offset + length, by: 2) {
        guard table.integer8(step) < 32, table.integer8(step + 1) < 8 else { throw .badEntry(offset: offset) }
      }
      offset += length
    }
  }

  private static func forEachStructure(
    _ table: borrowing ACPITable,
    _ body: (_ type: UInt16, _ offset: Int, _ length: Int) throws(ACPITableError) -> Void
  ) throws(ACPITableError) {
    var offset = 48
    while offset < table.count {
      let length = Int(table.integer16(offset + 2))
      guard table.has(offset, 4), length >= 4, table.has(offset, length) else { throw .badEntry(offset: offset) }
      try body(table.integer16(offset), offset, length)
      offset += length
    }
  }

  /// Calls `body` for each unit, in the table's order.
  public func forEachUnit(_ body: (Unit) -> Void) {
    // All of it was checked by `init`.
    try? Self.forEachStructure(table) { type, offset, length throws(ACPITableError) in
      guard type == 0 else { return }
      let pages = min(table.integer8(offset + 5) & 15, 9)
      body(
        Unit(
          segment: table.integer16(offset + 6), registers: table.integer64(offset + 8),
          byteCount: 4096 << Int(pages), servesOthers: table.integer8(offset + 4)[bit: 0],
          scopes: offset + 16..<offset + length))
    }
  }

  /// Calls `body` for each piece of memory that devices reach without a driver.
  public func forEachReserved(_ body: (Reserved) -> Void) {
    // All of it was checked by `init`.
    try? Self.forEachStructure(table) { type, offset, length throws(ACPITableError) in
      guard type == 1 else { return }
      body(
        Reserved(
          segment: table.integer16(offset + 6),
          addresses: table.integer64(offset + 8)..<table.integer64(offset + 16) + 1,
          scopes: offset + 24..<offset + length))
    }
  }

  /// Calls `body` for each device that a unit names.
  public func forEachDevice(of unit: Unit, _ body: (Device) -> Void) { forEachDevice(unit.scopes, body) }

  /// Calls `body` for each device that reaches the memory.
  public func forEachDevice(of memory: Reserved, _ body: (Device) -> Void) { forEachDevice(memory.scopes, body) }

  private func forEachDevice(_ range: Range<Int>, _ body: (Device) -> Void) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let length = Int(table.integer8(offset + 1))
      // The range may be of another table.
      guard length >= 8, length <= range.upperBound - offset else { return }
      body(device(offset, length))
      offset += length
    }
  }

  private func device(_ offset: Int, _ length: Int) -> Device {
    let kind: DeviceKind
    switch table.integer8(offset) {
    case 1: kind = .endpoint
    case 2: kind = .bridge
    case 3: kind = .ioAPIC
    case 4: kind = .hpet
    case 5: kind = .named
    default: kind = .other(table.integer8(offset))
    }
    var device = Device(
      kind: kind, identifier: table.integer8(offset + 4), bus: table.integer8(offset + 5),
      stepCount: min((length - 6) / 2, 16))
    for index in 0..<device.stepCount {
      device.steps[index] = table.integer8(offset + 6 + index * 2) << 3 | table.integer8(offset + 7 + index * 2) & 7
    }
    return device
  }
}
