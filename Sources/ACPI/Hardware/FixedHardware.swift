import Foundations

/// Things that the fixed registers report. Source: ACPI 6.5, table 4.11.
public struct ACPIFixedEvents: Equatable, Sendable {
  /// The bits of the PM1 status register.
  public var rawValue: UInt16

  /// Creates events from their bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The power management timer's highest bit changed.
  public static let timer = ACPIFixedEvents(rawValue: 1 << 0)
  /// The firmware gave the global lock back.
  public static let globalLockReleased = ACPIFixedEvents(rawValue: 1 << 5)
  /// The power button was pressed.
  public static let powerButton = ACPIFixedEvents(rawValue: 1 << 8)
  /// The sleep button was pressed.
  public static let sleepButton = ACPIFixedEvents(rawValue: 1 << 9)
  /// The RTC's alarm went off.
  public static let clockAlarm = ACPIFixedEvents(rawValue: 1 << 10)

  /// Whether all of `other` are among these.
  public func contains(_ other: ACPIFixedEvents) -> Bool { rawValue & other.rawValue == other.rawValue }
}

/// Why the fixed hardware did not do what it should.
public enum ACPIHardwareError: Error, Equatable, Sendable {
  /// The machine has no such register.
  case missing
  /// A register cannot be reached.
  case unreachable(AMLError)
  /// The firmware did not hand control over in time.
  case timeout
}

/// The fixed power management registers: events, sleep, reset. Source: ACPI 6.5, section 4.8.
///
/// It holds no state but the places of the registers. The general-purpose events in their blocks are numbered from 0, and from
/// `gpe1Base` in the second block.
public struct FixedHardware {
  /// Where the registers are.
  public let description: FADT
  let host: any AMLHost

  /// Creates the hardware that `description` describes, reached by way of `host`.
  public init(_ description: FADT, host: any AMLHost) {
    self.description = description
    self.host = host
  }

  /// Bits of the PM1 control registers. Source: ACPI 6.5, table 4.13.
  private enum Control {
    static let isEnabled: UInt64 = 1 << 0
    static let sleepType: UInt64 = 7 << 10
    static let sleep: UInt64 = 1 << 13
  }

  /// How long the firmware may take to hand over, in steps of 100 µs: three seconds, as others wait.
  private static let enableAttempts = 30_000

  // MARK: Registers

  /// Reads `width` bytes at `offset` of a register block.
  func read(_ block: GenericAddress, offset: Int = 0, width: Int) throws(ACPIHardwareError) -> UInt64 {
    do throws(AMLError) {
      if block.space == .pciConfiguration {
        let (function, register) = Self.configurationPlace(block.address)
        return try host.readConfiguration(function, at: register &+ UInt64(offset), width: width)
      }
      return try host.read(block.space, at: block.address &+ UInt64(offset), width: width)
    } catch { throw .unreachable(error) }
  }

  /// Writes `width` bytes at `offset` of a register block.
  func write(
    _ block: GenericAddress, offset: Int = 0, width: Int, _ value: UInt64
  ) throws(ACPIHardwareError) {
    do throws(AMLError) {
      if block.space == .pciConfiguration {
        let (function, register) = Self.configurationPlace(block.address)
        return try host.writeConfiguration(function, at: register &+ UInt64(offset), width: width, value)
      }
      try host.write(block.space, at: block.address &+ UInt64(offset), width: width, value)
    } catch { throw .unreachable(error) }
  }

  /// Source: ACPI 6.5, table 5.1: a register in configuration space is on bus 0 of segment 0.
  private static func configurationPlace(_ address: UInt64) -> (PCIFunctionAddress, UInt64) {
    let function = PCIFunctionAddress(
      segment: 0, bus: 0, device: UInt8(truncatingIfNeeded: address >> 32 & 0x1f),
      function: UInt8(truncatingIfNeeded: address >> 16 & 7))
    return (function, address & 0xffff)
  }

  // MARK: ACPI mode

  /// Whether the machine is in ACPI mode: events raise the SCI and not an SMI.
  public func isEnabled() throws(ACPIHardwareError) -> Bool {
    if description.features.isHardwareReduced { return true }
    guard let control = description.pm1aControl else { throw .missing }
    return try read(control, width: 2) & Control.isEnabled != 0
  }

  /// Puts the machine into ACPI mode. Source: ACPI 6.5, section 4.8.2.5.
  ///
  /// - Throws: `.timeout` when the firmware does not answer within three seconds.
  public func enable() throws(ACPIHardwareError) {
    if try isEnabled() { return }
    guard description.smiCommandPort != 0, description.acpiEnable != 0 else { throw .missing }
    let port = GenericAddress(space: .systemIO, bitWidth: 8, address: UInt64(description.smiCommandPort))
    try write(port, width: 1, UInt64(description.acpiEnable))
    for _ in 0..<Self.enableAttempts {
      if try isEnabled() { return }
      host.stall(microseconds: 100)
    }
    throw .timeout
  }

  // MARK: Fixed events

  private func blocks() -> InlineArray<2, GenericAddress?> { [description.pm1aEvent, description.pm1bEvent] }

  /// Lets `events` raise the SCI, after forgetting earlier ones.
  public func enable(_ events: ACPIFixedEvents) throws(ACPIHardwareError) {
    guard description.pm1aEvent != nil else { throw .missing }
    let blocks = blocks()
    for index in 0..<2 {
      guard let block = blocks[index] else { continue }
      let half = Int(block.bitWidth) / 16
      try write(block, width: 2, UInt64(events.rawValue))
      let enabled = try read(block, offset: half, width: 2)
      try write(block, offset: half, width: 2, enabled | UInt64(events.rawValue))
    }
  }

  /// The enabled events that happened; each is told once.
  public func takeEvents() throws(ACPIHardwareError) -> ACPIFixedEvents {
    var events: UInt64 = 0
    let blocks = blocks()
    for index in 0..<2 {
      guard let block = blocks[index] else { continue }
      let half = Int(block.bitWidth) / 16
      let pending = try read(block, width: 2) & (try read(block, offset: half, width: 2))
      // A status bit is cleared by writing it.
      if pending != 0 { try write(block, width: 2, pending) }
      events |= pending
    }
    return ACPIFixedEvents(rawValue: UInt16(truncatingIfNeeded: events))
  }

  // MARK: Sleep and reset

  /// Puts the machine into the state that `type` stands for; for S5 this does not return on working hardware.
  ///
  /// Interrupts are off and other CPUs stopped. Source: ACPI 6.5, sections 4.8.3.2 and 7.4.2.
  public func sleep(_ type: ACPISleepType) throws(ACPIHardwareError) {
    if description.features.isHardwareReduced {
      guard let control = description.sleepControl else { throw .missing }
      return try write(control, width: 1, UInt64(type.a) << 2 | 1 << 5)
    }
    guard let first = description.pm1aControl else { throw .missing }
    // The wake status would end the sleep at once.
    if let block = description.pm1aEvent { try write(block, width: 2, 1 << 15) }
    let kept = try read(first, width: 2) & ~(Control.sleepType | Control.sleep)
    let values = (kept | UInt64(type.a) << 10, kept | UInt64(type.b) << 10)
    // The type first, then the same with the bit that starts it.
    for start: UInt64 in [0, Control.sleep] {
      try write(first, width: 2, values.0 | start)
      if let second = description.pm1bControl { try write(second, width: 2, values.1 | start) }
    }
  }

  /// Resets the machine by its reset register; on working hardware this does not return.
  ///
  /// - Throws: `.missing` when it has none. Source: ACPI 6.5, section 4.8.3.6.
  public func reset() throws(ACPIHardwareError) {
    guard description.features.hasResetRegister, let register = description.resetRegister else { throw .missing }
    try write(register, width: 1, UInt64(description.resetValue))
  }
}
