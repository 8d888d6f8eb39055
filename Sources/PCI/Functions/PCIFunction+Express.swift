import Foundations

/// PCI Express: links, slots and errors.
extension PCIFunction {
  /// The registers of its PCI Express capability; nil when it has none.
  public var express: PCIExpressRegisters<PCIConfigurationSpace>? {
    guard capabilities.express != 0 else { return nil }
    return PCIExpressRegisters(space.from(Int(capabilities.express)))
  }

  /// Whether it is a port with a slot that can be filled while the system runs.
  public var isHotPlugPort: Bool {
    guard let express, express.capabilities.hasSlot else { return false }
    return express.slotCapabilities.isHotPluggable
  }
}
