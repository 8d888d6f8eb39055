import Foundations

/// Names of PCI vendors, devices, subsystems and classes, from `Specs/pci/ids.json`.
public enum PCIIdentifiers {
  /// The vendor's name, nil for one that is not in the list.
  public static func vendorName(_ vendor: UInt16) -> PCIName? { PCIIdentifierTable.standard.vendorName(vendor) }

  /// The device's name.
  public static func deviceName(vendor: UInt16, device: UInt16) -> PCIName? {
    PCIIdentifierTable.standard.deviceName(vendor: vendor, device: device)
  }

  /// The name of the board that a device stands on.
  public static func subsystemName(
    vendor: UInt16, device: UInt16, subsystemVendor: UInt16, subsystemDevice: UInt16
  ) -> PCIName? {
    PCIIdentifierTable.standard.subsystemName(
      vendor: vendor, device: device, subsystemVendor: subsystemVendor, subsystemDevice: subsystemDevice)
  }

  /// The name of a base class, such as `Mass storage controller` for 0x01.
  public static func className(_ base: UInt8) -> PCIName? { PCIIdentifierTable.standard.className(base) }

  /// The name of a subclass, such as `SATA controller` for 0x01, 0x06.
  public static func subclassName(_ base: UInt8, _ subclass: UInt8) -> PCIName? {
    PCIIdentifierTable.standard.subclassName(base, subclass)
  }

  /// The name of a programming interface, such as `AHCI 1.0` for 0x01, 0x06, 0x01.
  public static func interfaceName(_ base: UInt8, _ subclass: UInt8, _ interface: UInt8) -> PCIName? {
    PCIIdentifierTable.standard.interfaceName(base, subclass, interface)
  }
}

extension TextSink where Self: ~Copyable {
  /// Writes a name from the PCI ID list.
  public mutating func write(_ name: PCIName) { PCIIdentifierTable.standard.write(name, to: &self) }
}
