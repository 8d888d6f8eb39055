import Foundations

/// PCI Express: links, slots and errors.
extension PCIFunction {
  /// Whether it has the capability PCI Express.
  public var isExpress: Bool { capabilities.express != 0 }

  /// The registers of its PCI Express capability; all ones when it has none.
  public var express: PCIExpressRegisters<PCIConfigurationSpace> {
    PCIExpressRegisters(space.from(isExpress ? Int(capabilities.express) : space.count))
  }

  /// Whether it is a port with a slot that can be filled while the system runs.
  public var isHotPlugPort: Bool {
    guard isExpress else { return false }
    let express = express
    let (capabilities, slot) = (express.capabilities, express.slotCapabilities)
    return capabilities.hasSlot && slot.isHotPluggable
  }

  /// Whether it can be reset alone by its own means.
  public var hasFunctionReset: Bool {
    guard isExpress else { return false }
    let express = express
    return express.deviceCapabilities.hasFunctionReset
  }

  /// Whether it is the upper end of a link, at whose lower end only device 0 can be.
  var isAboveLink: Bool {
    guard isExpress else { return false }
    let express = express
    let type = express.capabilities.portType
    return type == .rootPort || type == .downstreamPort
  }
}
