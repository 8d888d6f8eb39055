public import Foundations

/// One I/O APIC: inputs that devices raise, each sent as a vector to one CPU.
///
/// Whoever owns it decides about its inputs, but only ordinary interrupts with vectors of devices can be sent: an exception's
/// vector or an NMI could not be told from the real one. Source: Intel 82093AA data sheet, section 3.
///
/// - Context: its accesses take two steps each, so the owner keeps it behind a lock.
public struct IOInterruptController: ~Copyable {
  /// What makes an input active.
  public struct Signal: Equatable, Sendable {
    /// Whether it is active for as long as its level is, not at a change.
    public var isLevelTriggered: Bool
    /// Whether low is the active level.
    public var isActiveLow: Bool

    /// A description.
    public init(isLevelTriggered: Bool, isActiveLow: Bool) {
      self.isLevelTriggered = isLevelTriggered
      self.isActiveLow = isActiveLow
    }

    /// ISA's.
    public static let isa = Signal(isLevelTriggered: false, isActiveLow: false)
    /// PCI's.
    public static let pci = Signal(isLevelTriggered: true, isActiveLow: true)
  }

  private let core: IOAPICCore<DeviceSpace>

  /// How many inputs it has.
  public var inputCount: Int { core.inputCount }

  /// Takes over the controller at a physical address, and masks all its inputs.
  ///
  /// - Throws: `ENODEV` when nothing sensible answers there, what `DeviceSpace.map` throws otherwise.
  public init(at address: UInt64) throws(Errno) {
    let space = try DeviceSpace.mapReserved(address..<address + 0x1000)
    guard let core = IOAPICCore(space) else { throw .ENODEV }
    self.core = core
  }

  /// Sends `input` as `vector` to the CPU with local APIC number `destination`; masked until `setMask`.
  ///
  /// - Throws: `EINVAL` when there is no such input, the vector is not a device's (32...239), or the number has more than 8 bits.
  public func route(
    _ input: Int, _ signal: Signal, to destination: UInt32, vector: UInt8
  ) throws(Errno) {
    try core.route(input, signal, to: destination, vector: vector)
  }

  /// Keeps `input` from interrupting, or lets it. Does nothing for one that does not exist or was never routed.
  public func setMask(_ input: Int, _ isMasked: Bool) { core.setMask(input, isMasked) }

  /// Whether a level-triggered `input` was accepted by a CPU that has not ended it.
  public func isInService(_ input: Int) -> Bool { core.isInService(input) }
}

/// The logic of an I/O APIC over any register space.
struct IOAPICCore<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let registers: IOAPICRegisters<Space>
  let inputCount: Int
  private static var deviceVectors: ClosedRange<UInt8> { 32...239 }

  init?(_ space: consuming Space) {
    registers = IOAPICRegisters(space)
    let version = registers.version
    guard version.rawValue != .max, version.rawValue != 0 else { return nil }
    inputCount = min(Int(version.lastEntry) + 1, IOAPIC.redirectionCount)
    var masked = IOAPIC.Redirection()
    masked.isMasked = true
    for input in 0..<inputCount { registers.writeRedirection(masked, at: input) }
  }

  func route(
    _ input: Int, _ signal: IOInterruptController.Signal, to destination: UInt32, vector: UInt8
  ) throws(Errno) {
    guard input >= 0, input < inputCount, Self.deviceVectors.contains(vector), destination < 255 else { throw .EINVAL }
    var entry = IOAPIC.Redirection()
    entry.vector = vector
    entry.polarity = signal.isActiveLow ? .activeLow : .activeHigh
    entry.triggerMode = signal.isLevelTriggered ? .level : .edge
    entry.isMasked = true
    entry.destination = UInt8(truncatingIfNeeded: destination)
    // Masked first, for the two halves of the old entry and the new one must not mix in an interrupt.
    setMask(input, true)
    registers.writeRedirection(entry, at: input)
  }

  func setMask(_ input: Int, _ isMasked: Bool) {
    guard input >= 0, input < inputCount else { return }
    let entry = registers.redirection(at: input)
    guard entry.isMasked != isMasked, isMasked || Self.deviceVectors.contains(entry.vector) else { return }
    registers.modifyRedirection(at: input) { $0.isMasked = isMasked }
  }

  func isInService(_ input: Int) -> Bool {
    guard input >= 0, input < inputCount else { return false }
    return registers.redirection(at: input).remoteIRR
  }
}

/// What a device writes to interrupt a CPU without a line: MSI and MSI-X.
///
/// Only ordinary interrupts with vectors of devices can be made. Source: Intel SDM vol. 3A, 11.11.
public struct InterruptMessage: Equatable, Sendable {
  /// Where the device writes.
  public let address: UInt64
  /// What it writes.
  public let data: UInt32

  /// The message for `vector` at the CPU with local APIC number `destination`.
  ///
  /// - Returns: nil when the vector is not a device's (32...239) or the number does not fit in 8 bits.
  public init?(vector: UInt8, destination: UInt32) {
    guard (32...239).contains(vector), destination < 255 else { return nil }
    address = 0xfee0_0000 | UInt64(destination) << 12
    data = UInt32(vector)
  }
}
