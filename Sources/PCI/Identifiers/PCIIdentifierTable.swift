/// The PCI ID Repository's list, packed: names of vendors, devices, subsystems and classes by their numbers.
///
/// Each column is a string literal whose bytes hold seven bits, so that it lies in read-only memory and needs no set-up. Entries of
/// a column are equally long and sorted, so that a look-up halves its way. Nothing is allocated.
///
/// | Column | Entry, in bytes |
/// |---|---|
/// | `vendors` | number 3, name 3, first device 3 |
/// | `devices` | number 3, name 3 |
/// | `subsystemGroups` | device 3, first subsystem 3 |
/// | `subsystems` | subsystem vendor and device 5, name 3 |
/// | `classes` | class, subclass, interface and depth 4, name 3 |
/// | `wordStarts` | offset in `words` 3 |
public struct PCIIdentifierTable: Sendable {
  let vendors: PCIColumn
  let devices: PCIColumn
  let subsystemGroups: PCIColumn
  let subsystems: PCIColumn
  let classes: PCIColumn
  let texts: String
  let wordStarts: String
  let words: String

  /// A table over literals that SpecGen made.
  public init(
    vendors: String, devices: String, subsystemGroups: String, subsystems: String, classes: String, texts: String,
    wordStarts: String, words: String
  ) {
    self.vendors = PCIColumn(bytes: vendors, keyByteCount: 3, entryByteCount: 9)
    self.devices = PCIColumn(bytes: devices, keyByteCount: 3, entryByteCount: 6)
    self.subsystemGroups = PCIColumn(bytes: subsystemGroups, keyByteCount: 3, entryByteCount: 6)
    self.subsystems = PCIColumn(bytes: subsystems, keyByteCount: 5, entryByteCount: 8)
    self.classes = PCIColumn(bytes: classes, keyByteCount: 4, entryByteCount: 7)
    self.texts = texts
    self.wordStarts = wordStarts
    self.words = words
  }

  /// The vendor's name.
  public func vendorName(_ vendor: UInt16) -> PCIName? {
    vendors.find(Int(vendor), in: 0..<vendors.count).flatMap { name(vendors, $0) }
  }

  /// The device's name.
  public func deviceName(vendor: UInt16, device: UInt16) -> PCIName? {
    deviceIndex(vendor, device).flatMap { name(devices, $0) }
  }

  /// The name of a board that a device stands on.
  public func subsystemName(
    vendor: UInt16, device: UInt16, subsystemVendor: UInt16, subsystemDevice: UInt16
  ) -> PCIName? {
    guard let index = deviceIndex(vendor, device),
      let group = subsystemGroups.find(index, in: 0..<subsystemGroups.count),
      let first = subsystemGroups.number(group, at: 3)
    else { return nil }
    let end = subsystemGroups.number(group + 1, at: 3) ?? subsystems.count
    let key = Int(subsystemVendor) << 16 | Int(subsystemDevice)
    return subsystems.find(key, in: first..<max(first, end)).flatMap { name(subsystems, $0, at: 5) }
  }

  /// The name of a base class. PCI Code and ID Assignment Specification, section 1.
  public func className(_ base: UInt8) -> PCIName? { className(key: Int(base) << 18) }

  /// The name of a subclass.
  public func subclassName(_ base: UInt8, _ subclass: UInt8) -> PCIName? {
    className(key: Int(base) << 18 | Int(subclass) << 10 | 1)
  }

  /// The name of a programming interface.
  public func interfaceName(_ base: UInt8, _ subclass: UInt8, _ interface: UInt8) -> PCIName? {
    className(key: Int(base) << 18 | Int(subclass) << 10 | Int(interface) << 2 | 2)
  }

  private func className(key: Int) -> PCIName? {
    classes.find(key, in: 0..<classes.count).flatMap { name(classes, $0, at: 4) }
  }

  private func deviceIndex(_ vendor: UInt16, _ device: UInt16) -> Int? {
    guard let index = vendors.find(Int(vendor), in: 0..<vendors.count), let first = vendors.number(index, at: 6) else {
      return nil
    }
    let end = vendors.number(index + 1, at: 6) ?? devices.count
    return devices.find(Int(device), in: first..<max(first, end))
  }

  private func name(_ column: PCIColumn, _ index: Int, at offset: Int = 3) -> PCIName? {
    column.number(index, at: offset).map { PCIName(place: $0) }
  }
}
