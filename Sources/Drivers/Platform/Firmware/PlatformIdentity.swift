public import DriverKit
import Foundations

extension DeviceNode {
  /// The driver that `Specs/acpi/drivers.json` has for it, by the first of its identifiers that there is one for.
  ///
  /// - Context: any.
  public var platformDriver: PlatformDriver? {
    guard let firmware else { return nil }
    var index = 0
    while let identifier = firmware.identifier(at: index) {
      if let driver = PlatformDriver.matching(identifier.code) { return driver }
      index += 1
    }
    return nil
  }
}

extension PlatformDriver {
  /// The bus that it is driven on.
  public var deviceBus: DeviceBus {
    switch bus {
    case .acpi: .acpi
    case .pnp: .pnp
    case .platform: .platform
    }
  }

  /// The ports of a device that it drives, at least `neededPorts`: those that firmware names, or the usual ones if it may take
  /// them; nil when there are none.
  func ports(of device: FirmwareDevice) -> PlatformResources.Ports? {
    let needed = Int(neededPorts)
    if let found = device.resources.ports(count: needed) { return found }
    guard takesUsualPorts else { return nil }
    var index = 0
    while let usual = usualPorts(at: index) {
      if Int(usual.count) >= needed {
        return PlatformResources.Ports(first: UInt64(usual.first), count: UInt64(usual.count))
      }
      index += 1
    }
    return nil
  }

  /// The interrupt of a device that it drives: the first that firmware names, or the usual one if it may take that.
  func interrupt(of device: FirmwareDevice) -> PlatformResources.Interrupt? {
    if let found = device.resources.interrupt(0) { return found }
    guard takesUsualInterrupt, let line = usualInterrupt else { return nil }
    return PlatformResources.Interrupt(number: UInt32(line), isISA: true)
  }

  /// What there is of it where firmware describes none.
  public var usualDevice: FirmwareDevice {
    var resources = PlatformResources()
    var index = 0
    while let usual = usualPorts(at: index) {
      if let ports = PlatformResources.Ports(first: UInt64(usual.first), count: UInt64(usual.count)) {
        resources.append(ports)
      }
      index += 1
    }
    if let line = usualInterrupt {
      resources.append(PlatformResources.Interrupt(number: UInt32(line), isISA: true))
    }
    return FirmwareDevice(HardwareIdentifier(code: firstIdentifier), resources: resources)
  }
}
