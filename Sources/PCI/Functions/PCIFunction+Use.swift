import Foundations

/// What a driver does first and last.
extension PCIFunction {
  /// The driver for it; nil when there is none.
  public var driver: PCIDriver? {
    PCIDriver.matching(
      vendor: vendor, device: device, subsystemVendor: subsystemVendor, subsystemDevice: subsystemDevice,
      classCode: classCode)
  }

  /// Lets it answer to its ranges, and access memory itself if `isMaster`.
  ///
  /// - Throws: `ENODEV` when it is gone, `ENXIO` when one of its ranges has no address.
  public func enable(isMaster: Bool) throws(Errno) {
    guard isPresent else { throw .ENODEV }
    // A bridge answers for those behind it.
    var (ports, memory) = (isBridge, isBridge)
    for slot in 0..<PCIResourceSlot.rom.rawValue where resources[slot].kind != .none {
      guard resources[slot].isAssigned else { throw .ENXIO }
      if resources[slot].kind == .ports { ports = true } else { memory = true }
    }
    let registers = registers
    registers.changeCommand {
      $0.decodesPorts = ports
      $0.decodesMemory = memory
      $0.isMaster = isMaster
    }
  }

  /// Keeps it from answering, from accessing memory and from interrupting.
  public func disable() {
    disableMessages()
    disableExtendedMessages()
    let registers = registers
    registers.changeCommand {
      $0.decodesPorts = false
      $0.decodesMemory = false
      $0.isMaster = false
      $0.disablesPinInterrupt = true
    }
  }
}
