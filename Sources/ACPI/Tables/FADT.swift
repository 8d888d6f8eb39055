import Foundations

/// The fixed hardware: power management registers, reset, and where the DSDT is. Source: ACPI 6.5, section 5.2.9.
public struct FADT: Equatable, Sendable {
  /// Where the FACS is, zero when there is none.
  public var facsAddress: UInt64
  /// Where the DSDT is.
  public var dsdtAddress: UInt64
  /// What kind of machine it is: 1 desktop, 2 mobile, 4 server, and so on.
  public var preferredProfile: UInt8
  /// The interrupt of ACPI events, as an 8259 number or a global system interrupt.
  public var sciInterrupt: UInt16
  /// The port that hands control over, zero when ACPI is always on.
  public var smiCommandPort: UInt32
  /// What to write there to enable ACPI.
  public var acpiEnable: UInt8
  /// What to write there to disable ACPI.
  public var acpiDisable: UInt8
  /// The PM1 event blocks: status in the first half, enable in the second.
  public var pm1aEvent: GenericAddress?
  /// The second block, where there is one.
  public var pm1bEvent: GenericAddress?
  /// The PM1 control registers.
  public var pm1aControl: GenericAddress?
  /// The second register, where there is one.
  public var pm1bControl: GenericAddress?
  /// The PM2 control register.
  public var pm2Control: GenericAddress?
  /// The power management timer.
  public var timer: GenericAddress?
  /// General-purpose events: status in the first half, enable in the second.
  public var gpe0: GenericAddress?
  /// The second block, where there is one.
  public var gpe1: GenericAddress?
  /// Bytes of the first block; its generic address has too few bits for a large one.
  public var gpe0ByteCount: UInt8
  /// Bytes of the second block.
  public var gpe1ByteCount: UInt8
  /// The first event number of the second block.
  public var gpe1Base: UInt8
  /// Index of the century in the RTC's memory, zero when there is none.
  public var centuryIndex: UInt8
  /// What a PC has or has not.
  public var bootFlags: BootFlags
  /// What the hardware can do.
  public var features: Features
  /// The register that resets the machine, when `features` says so.
  public var resetRegister: GenericAddress?
  /// What to write there.
  public var resetValue: UInt8
  /// Of hardware-reduced machines: the register that puts it to sleep.
  public var sleepControl: GenericAddress?
  /// Of hardware-reduced machines: the register that says it woke up.
  public var sleepStatus: GenericAddress?

  /// IA-PC boot architecture flags. Source: ACPI 6.5, table 5.10.
  public struct BootFlags: Equatable, Sendable {
    /// The bits.
    public var rawValue: UInt16

    /// Creates flags from their bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// There are devices on an LPC or ISA bus.
    public var hasLegacyDevices: Bool { rawValue[bit: 0] }
    /// There is a keyboard controller at ports 0x60 and 0x64.
    public var hasKeyboardController: Bool { rawValue[bit: 1] }
    /// Probing VGA hardware is not allowed.
    public var hasNoVGA: Bool { rawValue[bit: 2] }
    /// Message-signalled interrupts must not be enabled.
    public var hasNoMSI: Bool { rawValue[bit: 3] }
    /// PCIe active-state power management must not be enabled.
    public var hasNoASPM: Bool { rawValue[bit: 4] }
    /// There is no CMOS clock.
    public var hasNoRTC: Bool { rawValue[bit: 5] }
  }

  /// Fixed feature flags. Source: ACPI 6.5, table 5.11.
  public struct Features: Equatable, Sendable {
    /// The bits.
    public var rawValue: UInt32

    /// Creates flags from their bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// There is no fixed power button: a device in the namespace is it.
    public var hasControlMethodPowerButton: Bool { rawValue[bit: 4] }
    /// There is no fixed sleep button.
    public var hasControlMethodSleepButton: Bool { rawValue[bit: 5] }
    /// The timer has 32 bits, not 24.
    public var hasExtendedTimer: Bool { rawValue[bit: 8] }
    /// `resetRegister` resets the machine.
    public var hasResetRegister: Bool { rawValue[bit: 10] }
    /// Logical APIC addressing needs the cluster model.
    public var needsClusterModel: Bool { rawValue[bit: 18] }
    /// Local APICs must use physical addressing.
    public var needsPhysicalMode: Bool { rawValue[bit: 19] }
    /// There are no fixed registers: sleep by `sleepControl`, events by GPIO.
    public var isHardwareReduced: Bool { rawValue[bit: 20] }
  }

  /// Reads the table. Older revisions are shorter, so what is behind their end is absent.
  ///
  /// - Throws: `.badLength` for a table that is shorter than the first revision.
  public init(_ table: borrowing ACPITable) throws(ACPITableError) {
    guard table.signature == "FACP" else { throw .badSignature(address: table.address) }
    guard table.count >= 116 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    let extendedFACS = table.integer64(132)
    facsAddress = extendedFACS != 0 ? extendedFACS : UInt64(table.integer32(36))
    let extendedDSDT = table.integer64(140)
    dsdtAddress = extendedDSDT != 0 ? extendedDSDT : UInt64(table.integer32(40))
    preferredProfile = table.integer8(45)
    sciInterrupt = table.integer16(46)
    smiCommandPort = table.integer32(48)
    acpiEnable = table.integer8(52)
    acpiDisable = table.integer8(53)
    pm1aEvent = Self.block(table, extended: 148, port: 56, length: table.integer8(88))
    pm1bEvent = Self.block(table, extended: 160, port: 60, length: table.integer8(88))
    pm1aControl = Self.block(table, extended: 172, port: 64, length: table.integer8(89))
    pm1bControl = Self.block(table, extended: 184, port: 68, length: table.integer8(89))
    pm2Control = Self.block(table, extended: 196, port: 72, length: table.integer8(90))
    timer = Self.block(table, extended: 208, port: 76, length: table.integer8(91))
    gpe0 = Self.block(table, extended: 220, port: 80, length: table.integer8(92))
    gpe1 = Self.block(table, extended: 232, port: 84, length: table.integer8(93))
    gpe0ByteCount = table.integer8(92)
    gpe1ByteCount = table.integer8(93)
    gpe1Base = table.integer8(94)
    centuryIndex = table.integer8(108)
    bootFlags = BootFlags(rawValue: table.revision >= 2 ? table.integer16(109) : 0)
    features = Features(rawValue: table.integer32(112))
    resetRegister = table.genericAddress(116)
    resetValue = table.integer8(128)
    sleepControl = table.genericAddress(244)
    sleepStatus = table.genericAddress(256)
  }

  /// A register block by its generic address, or else by its port. The length in bytes counts: firmware often gets the generic
  /// address's width wrong, which has only eight bits for it.
  private static func block(
    _ table: borrowing ACPITable, extended: Int, port: Int, length: UInt8
  ) -> GenericAddress? {
    let bits = UInt8(min(255, Int(length) * 8))
    if var address = table.genericAddress(extended) {
      if length != 0 { address.bitWidth = bits }
      return address
    }
    let address = table.integer32(port)
    guard address != 0, length != 0 else { return nil }
    return GenericAddress(space: .systemIO, bitWidth: bits, address: UInt64(address))
  }
}
