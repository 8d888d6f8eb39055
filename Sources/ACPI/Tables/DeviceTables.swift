import Foundations

/// The high-precision event timer. Source: IA-PC HPET Specification 1.0a, section 3.2.4.
public struct HPETDescription: Equatable, Sendable {
  /// Its registers.
  public var address: GenericAddress
  /// Number in the order of the namespace.
  public var number: UInt8
  /// The least ticks between two periodic interrupts.
  public var minimumTick: UInt16
  /// The hardware's identifier block: revision, timers, vendor.
  public var identifier: UInt32

  /// Reads the table.
  public init(_ table: borrowing ACPITable) throws(ACPITableError) {
    guard table.signature == "HPET" else { throw .badSignature(address: table.address) }
    guard table.count >= 56, let address = table.genericAddress(40) else {
      throw .badLength(address: table.address, stated: UInt32(table.count))
    }
    identifier = table.integer32(36)
    self.address = address
    number = table.integer8(52)
    minimumTick = table.integer16(53)
  }
}

/// Where PCIe configuration space lies in memory. Source: PCI Firmware Specification 3.3, section 4.1.2.
public struct MCFG: ~Copyable {
  private let table: ACPITable
  /// How many ranges there are.
  public let count: Int

  /// A range of buses.
  public struct Allocation: Equatable, Sendable {
    /// The address that bus 0 has or would have.
    public var base: UInt64
    /// The segment group.
    public var segment: UInt16
    /// The buses.
    public var buses: ClosedRange<UInt8>
  }

  /// Reads the table.
  ///
  /// - Throws: `.badEntry` for a range whose last bus is before its first, or that passes the end of all addresses.
  public init(_ table: consuming ACPITable) throws(ACPITableError) {
    guard table.signature == "MCFG" else { throw .badSignature(address: table.address) }
    guard table.count >= 44 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    let count = (table.count - 44) / 16
    for index in 0..<count {
      let offset = 44 + index * 16
      guard table.integer8(offset + 10) <= table.integer8(offset + 11),
        table.integer64(offset) <= UInt64.max - 256 << 20
      else { throw .badEntry(offset: offset) }
    }
    self.count = count
    self.table = table
  }

  /// Range number `index`; nil outside 0..<count.
  public subscript(index: Int) -> Allocation? {
    guard index >= 0, index < count else { return nil }
    let offset = 44 + index * 16
    return Allocation(
      base: table.integer64(offset), segment: table.integer16(offset + 8),
      buses: table.integer8(offset + 10)...table.integer8(offset + 11))
  }
}

/// The picture that the firmware shows at boot. Source: ACPI 6.5, section 5.2.23.
public struct BGRT: Equatable, Sendable {
  /// Whether it is on the screen now.
  public var isDisplayed: Bool
  /// How it is turned: 0, 90, 180 or 270 degrees.
  public var rotation: Int
  /// Physical address of the bitmap file.
  public var address: UInt64
  /// Where it is on the screen, in pixels.
  public var x: UInt32
  /// Where it is on the screen, in pixels.
  public var y: UInt32

  /// Reads the table.
  ///
  /// - Throws: `.badEntry` for a picture that is no bitmap.
  public init(_ table: borrowing ACPITable) throws(ACPITableError) {
    guard table.signature == "BGRT" else { throw .badSignature(address: table.address) }
    guard table.count >= 56 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    guard table.integer16(36) == 1, table.integer8(39) == 0 else { throw .badEntry(offset: 36) }
    isDisplayed = table.integer8(38)[bit: 0]
    rotation = Int(table.integer8(38)[bits: 1...2]) * 90
    address = table.integer64(40)
    x = table.integer32(48)
    y = table.integer32(52)
  }
}

/// What a hypervisor promises. Source: Windows ACPI Emulated Devices Table, 2009.
public struct WAET: Equatable, Sendable {
  /// Reading the RTC's register C after an interrupt is enough.
  public var hasGoodRTC: Bool
  /// One read of the power management timer is enough.
  public var hasGoodTimer: Bool

  /// Reads the table.
  public init(_ table: borrowing ACPITable) throws(ACPITableError) {
    guard table.signature == "WAET" else { throw .badSignature(address: table.address) }
    guard table.count >= 40 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    hasGoodRTC = table.integer32(36)[bit: 0]
    hasGoodTimer = table.integer32(36)[bit: 1]
  }
}

/// What firmware and system share. Source: ACPI 6.5, section 5.2.10.
public struct FACS: Equatable, Sendable {
  /// Where the lock is that `\_GL` stands for: 32 bits.
  public var globalLockAddress: UInt64
  /// Changes when the hardware does.
  public var hardwareSignature: UInt32

  /// Reads the structure at `address`, which has no checksum.
  public init<Memory: ACPIMemory & ~Copyable>(
    at address: UInt64, in memory: borrowing Memory
  ) throws(ACPITableError) {
    let bytes = try ACPITable(raw: address, count: 64, in: memory)
    guard bytes.signature == "FACS" else { throw .badSignature(address: address) }
    guard bytes.integer32(4) >= 64 else { throw .badLength(address: address, stated: bytes.integer32(4)) }
    globalLockAddress = address + 16
    hardwareSignature = bytes.integer32(8)
  }
}
