public import Foundations

/// What programs may write to configuration space.
///
/// The specs of the registers open what harms nobody (`programs`); all else stays as it is: where a function decodes and forwards,
/// where its messages go, whether it is a master, its power state. Registers that no specification describes are the manufacturer's:
/// they are open while no driver has the function and it is no master, but not those of chipsets, which move memory and interrupts,
/// nor those of virtio, which reach the device's queues.
extension PCIFunction {
  /// A part of configuration space.
  private enum Part {
    /// The header.
    case header
    /// A capability whose registers are known, and where in it.
    case capability(PCICapability.Identifier.Kind, Int)
    /// An extended capability whose registers are known, and where in it.
    case extended(PCIExtendedCapability.Header.Kind, Int)
    /// Registers that the manufacturer has made up.
    case own
    /// Something else.
    case unknown
  }

  /// The bits that are open, and those that writing ones clears.
  private struct Bits {
    var open: UInt32 = 0
    var clears: UInt32 = 0
  }

  /// Writes the low `width` bytes of `value`, 1, 2 or 4, at `offset`, a multiple of `width`, as a program asks for.
  ///
  /// Bits that are closed must be as they are, so that a program may write what it has read with other bits changed.
  ///
  /// - Throws: `EPERM` when the write would change bits that are closed, and nothing is written; `ENODEV` when the function is gone;
  ///   `EINVAL` for a place that is none.
  /// - Context: any; nobody may bind the function meanwhile.
  public func writeForProgram(_ value: UInt32, at offset: Int, width: Int) throws(Errno) {
    guard isAccess(offset, width, in: space.count) else { throw .EINVAL }
    guard isPresent else { throw .ENODEV }
    let bits = bits(at: offset, width: width)
    let wanted = value & (width == 4 ? .max : 1 << UInt32(8 * width) - 1)
    // What is closed is written back, and may be the command register.
    try PCIConfigurationSpace.whileNobodyChangesCommands { () throws(Errno) in
      let current = read(offset, width)
      guard (wanted ^ current) & ~bits.open & ~bits.clears == 0 else { throw .EPERM }
      write(wanted & bits.open | current & ~bits.open & ~bits.clears, offset, width)
    }
  }

  private func read(_ offset: Int, _ width: Int) -> UInt32 {
    switch width {
    case 1: UInt32(space.read8(at: offset))
    case 2: UInt32(space.read16(at: offset))
    default: space.read32(at: offset)
    }
  }

  private func write(_ value: UInt32, _ offset: Int, _ width: Int) {
    switch width {
    case 1: space.write8(UInt8(truncatingIfNeeded: value), at: offset)
    case 2: space.write16(UInt16(truncatingIfNeeded: value), at: offset)
    default: space.write32(value, at: offset)
    }
  }

  private func bits(at offset: Int, width: Int) -> Bits {
    var both = Bits()
    // An aligned access is in one part: they all begin at multiples of 4.
    let part = part(of: offset & ~3)
    for byte in 0..<width {
      let (open, clears) = bits(ofByte: offset + byte, in: part)
      both.open |= UInt32(open) << UInt32(8 * byte)
      both.clears |= UInt32(clears) << UInt32(8 * byte)
    }
    return both
  }

  private func bits(ofByte offset: Int, in part: Part) -> (open: UInt8, clears: UInt8) {
    let bits: (always: UInt8, unbound: UInt8, clears: UInt8)
    switch part {
    case .header: bits = PCIConfiguration.programBits(ofByte: offset, variant: UInt64(layout.rawValue))
    case .capability(.express, let start):
      bits = PCIExpress.programBits(ofByte: offset - start, variant: 0)
    case .capability(.powerManagement, let start):
      bits = PCIPowerManagement.programBits(ofByte: offset - start, variant: 0)
    case .extended(.advancedErrorReporting, let start):
      bits = PCIErrorReporting.programBits(ofByte: offset - start, variant: 0)
    case .own: bits = (0, hasHarmlessRegisters ? .max : 0, 0)
    case .capability, .extended, .unknown: bits = (0, 0, 0)
    }
    return (boundDriver == nil ? bits.unbound : bits.always, bits.clears)
  }

  /// Whether nothing else depends on what the manufacturer has put into configuration space.
  private var hasHarmlessRegisters: Bool {
    let (systemDevice, systemBus): (UInt32, UInt32) = (0x08, 0x0c05)
    guard !isBridge, baseClass != 0x06, UInt32(baseClass) != systemDevice, classCode >> 8 != systemBus else {
      return false
    }
    // Virtio 1.2, section 4.1.4.9: a capability through which all registers of the device can be reached.
    guard vendor != 0x1af4 else { return false }
    let registers = registers
    return !registers.command.isMaster
  }

  /// What the four bytes at `offset` belong to.
  private func part(of offset: Int) -> Part {
    if offset < PCIConfiguration.length { return layout == .cardBus ? .unknown : .header }
    return offset < 0x100 ? capabilityPart(of: offset) : extendedPart(of: offset)
  }

  private func capabilityPart(of offset: Int) -> Part {
    var found: (kind: PCICapability.Identifier.Kind, start: Int)?
    space.forEachCapability { kind, start in
      if start <= offset, start > (found?.start ?? 0) { found = (kind, start) }
    }
    guard let found else { return .own }
    let distance = offset - found.start
    switch found.kind {
    // Nobody changes the list, nor how long a part of it is.
    case .vendorSpecific: return distance == 0 ? .unknown : .own
    case .express: return distance < PCIExpress.length ? .capability(.express, found.start) : .own
    case .powerManagement:
      return distance < PCIPowerManagement.length ? .capability(.powerManagement, found.start) : .own
    case .messageInterrupts: return distance < PCIMessageInterrupts.length ? .unknown : .own
    case .extendedMessageInterrupts: return distance < PCIExtendedMessageInterrupts.length ? .unknown : .own
    default: return .unknown
    }
  }

  private func extendedPart(of offset: Int) -> Part {
    var found: (kind: PCIExtendedCapability.Header.Kind, start: Int)?
    space.forEachExtendedCapability { kind, start in
      if start <= offset, start > (found?.start ?? 0) { found = (kind, start) }
    }
    guard let found else { return .own }
    let distance = offset - found.start
    switch found.kind {
    case .advancedErrorReporting:
      return distance < PCIErrorReporting.length ? .extended(.advancedErrorReporting, found.start) : .own
    // A header of its own is behind the common one.
    case .vendorSpecific: return distance < 8 ? .unknown : .own
    default: return .unknown
    }
  }
}
