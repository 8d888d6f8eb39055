import Machine

/// An interrupt pin at a slot of a bus.
public struct PCIInterruptSource: Equatable, Sendable {
  /// The segment group.
  public var segment: UInt16
  /// The bus.
  public var bus: UInt8
  /// The device on it, 0...31.
  public var device: UInt8
  /// The pin: 0 for INTA to 3 for INTD, as `_PRT` counts.
  public var pin: UInt8

  /// A pin of the device `device` on bus `bus`.
  public init(segment: UInt16 = 0, bus: UInt8, device: UInt8, pin: UInt8) {
    self.segment = segment
    self.bus = bus
    self.device = device
    self.pin = pin
  }
}

/// The wiring of interrupt pins. Source: PCI-to-PCI Bridge Architecture Specification 1.2, section 9.1.
extension PCIHierarchy {
  /// The pin that a function uses, at its own slot; nil when it uses none.
  public func interruptSource(of function: PCIFunction) -> PCIInterruptSource? {
    guard function.interruptPin > 0 else { return nil }
    return PCIInterruptSource(
      segment: function.address.segment, bus: function.address.bus, device: function.address.device,
      pin: function.interruptPin - 1)
  }

  /// The pin of the bridge before a bus that a pin behind it comes out of: the pins are rotated by the number of the device.
  ///
  /// Where the firmware has no `_PRT` for a bus, that of the bus before it tells where this pin leads.
  ///
  /// - Returns: nil on a root bus.
  public func upstream(of source: PCIInterruptSource) -> PCIInterruptSource? {
    guard let bridge = bridge(toBus: source.bus, segment: source.segment) else { return nil }
    let address = functions[bridge].address
    return PCIInterruptSource(
      segment: address.segment, bus: address.bus, device: address.device, pin: (source.pin & 3 + source.device) & 3)
  }
}
