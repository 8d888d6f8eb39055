import Foundations

/// AMD's IOMMUs: where they are, which devices are behind each, and which memory firmware goes on using.
///
/// A table is checked as a whole before anything of it is used. Source: AMD I/O Virtualization Technology (IOMMU) Specification
/// 48882, section 5.2.
public struct IVRS: ~Copyable {
  /// The bytes before the first block. Source: table 85.
  static let headerLength = 48
  let table: ACPITable

  /// The number of bits that physical addresses have, as firmware says; 0 when it does not.
  public let physicalAddressBits: Int
  /// The number of bits that devices' addresses have, as firmware says; 0 when it does not.
  public let virtualAddressBits: Int

  /// Which form of block describes a unit; later forms say more. Source: section 5.2.2.1.
  public enum Form: UInt8, Comparable, Sendable {
    /// 10h, the form of the first units.
    case original = 0x10
    /// 11h, with all of the extended features.
    case extended = 0x11
    /// 40h, with devices named by ACPI as well.
    case named = 0x40

    /// Whether `left` is the earlier form.
    public static func < (left: Form, right: Form) -> Bool { left.rawValue < right.rawValue }

    /// The bytes before the first device entry.
    var headerLength: Int { self == .original ? 24 : 40 }
  }

  /// What the unit's control register is to be given. Source: table 89.
  public struct ControlFlags: Equatable, Sendable {
    /// The bits.
    public var rawValue: UInt8

    /// Creates flags from their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// HyperTransport's tunnel translates.
    public var translatesTunnel: Bool { rawValue[bit: 0] }
    /// Requests pass posted writes.
    public var passesPostedWrites: Bool { rawValue[bit: 1] }
    /// Responses pass posted writes.
    public var lettingResponsesPass: Bool { rawValue[bit: 2] }
    /// Requests are isochronous.
    public var isIsochronous: Bool { rawValue[bit: 3] }
    /// Devices may keep translations themselves.
    public var servesRemoteTranslations: Bool { rawValue[bit: 4] }
    /// Accesses to the device table look into caches.
    public var isCoherent: Bool { rawValue[bit: 5] }
  }

  /// One unit.
  public struct Unit: Equatable, Sendable {
    /// The form of its block.
    public var form: Form
    /// Where its block begins in the table.
    var offset: Int
    /// The bytes of its block.
    var length: Int
    /// What its control register is to be given.
    public var control: ControlFlags
    /// The source identifier (bus, device, function) of its PCI function.
    public var sourceID: UInt16
    /// Where in configuration space its capability is.
    public var capabilityOffset: UInt16
    /// Physical address of its registers.
    public var baseAddress: UInt64
    /// The segment of PCI that it serves.
    public var segment: UInt16
    /// Which of its messages reports events.
    public var messageNumber: Int
    /// What its extended feature register says, where the form tells it; the register itself is to be believed first.
    public var extendedFeatures: UInt64?
  }

  /// Reads the table and checks all its blocks and entries.
  ///
  /// - Throws: `.badEntry` for a block or an entry that is too short, passes its end or contradicts itself.
  public init(_ table: consuming ACPITable) throws(ACPITableError) {
    guard table.signature == "IVRS" else { throw .badSignature(address: table.address) }
    guard table.count >= Self.headerLength else {
      throw .badLength(address: table.address, stated: UInt32(truncatingIfNeeded: table.count))
    }
    try Self.check(table)
    let information = table.integer32(36)
    physicalAddressBits = Int(information[bits: 8...14])
    virtualAddressBits = Int(information[bits: 15...21])
    self.table = table
  }

  private static func check(_ table: borrowing ACPITable) throws(ACPITableError) {
    try forEachBlock(table) { type, offset, length throws(ACPITableError) in
      if let form = Form(rawValue: type) {
        guard length >= form.headerLength else { throw .badEntry(offset: offset) }
        try forEachRule(table, from: offset + form.headerLength, to: offset + length) { _ in }
      } else if ReservedMemory.isType(type) {
        guard length >= ReservedMemory.byteCount else { throw .badEntry(offset: offset) }
        _ = try ReservedMemory(table, type, offset)
      }
    }
  }

  /// Calls `body` for each unit, in the table's order, by the latest form of block that the table has for it.
  ///
  /// - Complexity: the square of the number of blocks, of which a table has few.
  public func forEachUnit(_ body: (Unit) -> Void) {
    forEachForm { unit in
      var isLatest = true
      forEachForm { other in
        guard other.sourceID == unit.sourceID, other.segment == unit.segment else { return }
        // Of two in the same form the first counts.
        if other.form > unit.form || other.form == unit.form && other.offset < unit.offset { isLatest = false }
      }
      if isLatest { body(unit) }
    }
  }

  private func forEachForm(_ body: (Unit) -> Void) {
    // All lengths were checked by `init`.
    try? Self.forEachBlock(table) { type, offset, length throws(ACPITableError) in
      if let form = Form(rawValue: type) { body(self.unit(form, offset, length)) }
    }
  }

  private func unit(_ form: Form, _ offset: Int, _ length: Int) -> Unit {
    Unit(
      form: form, offset: offset, length: length, control: ControlFlags(rawValue: table.integer8(offset + 1)),
      sourceID: table.integer16(offset + 4), capabilityOffset: table.integer16(offset + 6),
      baseAddress: table.integer64(offset + 8), segment: table.integer16(offset + 16),
      messageNumber: Int(table.integer16(offset + 18)[bits: 0...4]),
      extendedFeatures: form == .original ? nil : table.integer64(offset + 24))
  }

  /// Calls `body` for what the table says of the devices behind `unit`, in its order; a later rule for the same device counts.
  public func forEachRule(of unit: Unit, _ body: (DeviceRule) -> Void) {
    try? Self.forEachRule(table, from: unit.offset + unit.form.headerLength, to: unit.offset + unit.length, body)
  }

  /// Calls `body` for each range of memory that firmware wants devices to reach, or that units leave alone.
  public func forEachReservedMemory(_ body: (ReservedMemory) -> Void) {
    try? Self.forEachBlock(table) { type, offset, _ throws(ACPITableError) in
      guard ReservedMemory.isType(type) else { return }
      let memory = try ReservedMemory(self.table, type, offset)
      if !memory.range.isEmpty { body(memory) }
    }
  }

  /// Calls `body` for each block.
  private static func forEachBlock(
    _ table: borrowing ACPITable,
    _ body: (_ type: UInt8, _ offset: Int, _ length: Int) throws(ACPITableError) -> Void
  ) throws(ACPITableError) {
    var offset = headerLength
    while offset < table.count {
      let length = Int(table.integer16(offset + 2))
      guard table.has(offset, 4), length >= 4, table.has(offset, length) else { throw .badEntry(offset: offset) }
      try body(table.integer8(offset), offset, length)
      offset += length
    }
  }
}

extension IVRS {
  /// Memory that firmware set aside for devices. Source: AMD 48882, section 5.2.2.8 and table 105.
  public struct ReservedMemory: Equatable, Sendable {
    static let byteCount = 32

    /// What is to be done about it.
    public enum Treatment: Sendable {
      /// The devices reach it at its own addresses.
      case identity
      /// The units are told not to translate it.
      case exclusion
    }

    /// The devices that it is for.
    public var devices: ClosedRange<UInt16>
    /// The segment of the devices.
    public var segment: UInt16
    /// The memory, by physical addresses.
    public var range: Range<UInt64>
    /// What is to be done about it.
    public var treatment: Treatment
    /// The devices read it.
    public var isReadable: Bool
    /// The devices write it.
    public var isWritable: Bool

    static func isType(_ type: UInt8) -> Bool { (0x20...0x22).contains(type) }

    init(_ table: borrowing ACPITable, _ type: UInt8, _ offset: Int) throws(ACPITableError) {
      let first = table.integer16(offset + 4)
      let last = type == 0x22 ? table.integer16(offset + 6) : first
      let (start, count) = (table.integer64(offset + 16), table.integer64(offset + 24))
      guard first <= last, start <= UInt64.max - count else { throw .badEntry(offset: offset) }
      devices = type == 0x20 ? 0...UInt16.max : first...last
      segment = table.integer16(offset + 8)
      range = start..<(start + count)
      let flags = table.integer8(offset + 1)
      treatment = flags[bit: 3] ? .exclusion : .identity
      // Memory of identity without permissions would be of no use; firmware means both.
      isReadable = flags[bit: 1] || !flags[bit: 2]
      isWritable = flags[bit: 2] || !flags[bit: 1]
    }
  }
}
