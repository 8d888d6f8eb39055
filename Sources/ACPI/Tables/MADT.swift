import Foundations

/// Interrupt controllers and CPUs. Source: ACPI 6.5, section 5.2.12.
public struct MADT: ~Copyable {
  private let table: ACPITable
  /// The local APICs' physical address.
  public private(set) var localAPICAddress: UInt64
  /// There are 8259s too, which must be masked.
  public let hasLegacyControllers: Bool

  /// How an interrupt line is wired. Source: ACPI 6.5, table 5.26.
  public struct Wiring: Equatable, Sendable {
    /// The line's active level.
    public enum Polarity: Sendable { case bus, activeHigh, activeLow, reserved }
    /// What triggers an interrupt.
    public enum Trigger: Sendable { case bus, edge, level, reserved }

    /// The active level; `bus` is what the bus prescribes.
    public var polarity: Polarity
    /// The trigger; `bus` is what the bus prescribes.
    public var trigger: Trigger

    init(flags: UInt16) {
      switch flags & 3 {
      case 0: polarity = .bus
      case 1: polarity = .activeHigh
      case 3: polarity = .activeLow
      default: polarity = .reserved
      }
      switch flags >> 2 & 3 {
      case 0: trigger = .bus
      case 1: trigger = .edge
      case 3: trigger = .level
      default: trigger = .reserved
      }
    }
  }

  /// One thing that the table lists.
  public enum Entry: Equatable, Sendable {
    /// A CPU: its APIC identifier, its number in the namespace, whether it runs, whether it can be brought online later.
    case processor(apic: UInt32, uid: UInt32, isEnabled: Bool, isOnlineCapable: Bool)
    /// An I/O APIC and the first global interrupt of it.
    case ioAPIC(identifier: UInt8, address: UInt32, firstInterrupt: UInt32)
    /// An ISA interrupt that is another global interrupt, or wired otherwise.
    case interruptOverride(source: UInt8, interrupt: UInt32, wiring: Wiring)
    /// A global interrupt that is an NMI.
    case nonmaskable(interrupt: UInt32, wiring: Wiring)
    /// A local APIC input that is an NMI; nil for all CPUs.
    case localNonmaskable(uid: UInt32?, input: UInt8, wiring: Wiring)
  }

  /// Reads the table and checks all its entries.
  ///
  /// - Throws: `.badEntry` for an entry that is too short for its type or passes the end.
  public init(_ table: consuming ACPITable) throws(ACPITableError) {
    guard table.signature == "APIC" else { throw .badSignature(address: table.address) }
    guard table.count >= 44 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    var address = UInt64(table.integer32(36))
    try table.forEachEntry(from: 44) { type, offset, length throws(ACPITableError) in
      let needed: Int
      switch type {
      case 0: needed = 8
      case 1: needed = 12
      case 2: needed = 10
      case 3: needed = 8
      case 4: needed = 6
      case 5: needed = 12
      case 9: needed = 16
      case 10: needed = 12
      default: needed = 2
      }
      guard length >= needed else { throw .badEntry(offset: offset) }
      if type == 5 { address = table.integer64(offset + 4) }
    }
    hasLegacyControllers = table.integer32(40)[bit: 0]
    localAPICAddress = address
    self.table = table
  }

  /// Calls `body` for each entry, in the table's order; kinds that PCs do not have are left out.
  public func forEach(_ body: (Entry) -> Void) {
    // All lengths were checked by `init`.
    try? table.forEachEntry(from: 44) { type, offset, _ throws(ACPITableError) in
      if let entry = self.entry(type, offset) { body(entry) }
    }
  }

  private func entry(_ type: UInt8, _ offset: Int) -> Entry? {
    switch type {
    case 0:
      let flags = table.integer32(offset + 4)
      return .processor(
        apic: UInt32(table.integer8(offset + 3)), uid: UInt32(table.integer8(offset + 2)), isEnabled: flags[bit: 0],
        isOnlineCapable: flags[bit: 1])
    case 1:
      return .ioAPIC(
        identifier: table.integer8(offset + 2), address: table.integer32(offset + 4),
        firstInterrupt: table.integer32(offset + 8))
    case 2:
      return .interruptOverride(
        source: table.integer8(offset + 3), interrupt: table.integer32(offset + 4),
        wiring: Wiring(flags: table.integer16(offset + 8)))
    case 3:
      return .nonmaskable(
        interrupt: table.integer32(offset + 4), wiring: Wiring(flags: table.integer16(offset + 2)))
    case 4:
      let uid = table.integer8(offset + 2)
      return .localNonmaskable(
        uid: uid == 0xff ? nil : UInt32(uid), input: table.integer8(offset + 5),
        wiring: Wiring(flags: table.integer16(offset + 3)))
    case 9:
      let flags = table.integer32(offset + 8)
      return .processor(
        apic: table.integer32(offset + 4), uid: table.integer32(offset + 12), isEnabled: flags[bit: 0],
        isOnlineCapable: flags[bit: 1])
    case 10:
      let uid = table.integer32(offset + 4)
      return .localNonmaskable(
        uid: uid == UInt32.max ? nil : uid, input: table.integer8(offset + 8),
        wiring: Wiring(flags: table.integer16(offset + 2)))
    default: return nil
    }
  }
}
