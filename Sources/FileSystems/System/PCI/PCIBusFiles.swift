public import Foundations
import Machine
import PCI
import SyntheticFiles
import Waiting

/// `bus/pci`, its drivers, and the modules that they would be in. Source: Linux Documentation/ABI/testing/sysfs-bus-pci.
extension SystemFileSystem {
  /// Adds what the bus has besides devices and drivers.
  func addPCIBusFiles() throws(Errno) {
    _ = try busDirectory("devices", "pci")
    _ = try busDirectory("slots", "pci")
    guard let buses else { throw .EINVAL }
    let bus = try directory("pci", in: buses)
    let pci = pci
    try bus.addSwitch("rescan") { () throws(Errno) in try pci.control.rescan(bus: nil) }
    try bus.addAction("drivers_probe") { (text: Span<UInt8>) throws(Errno) in
      guard let entry = pci.function(named: AttributeText.line(text)) else { throw .ENODEV }
      // As on Linux, a function that has a driver keeps it.
      if try entry.current().boundDriver == nil { try pci.control.probe(entry.address) }
    }
    try bus.add(
      "drivers_autoprobe", permissions: 0o644, { text in text.write(pci.control.bindsByItself ? "1\n" : "0\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        try pci.control.setBindsByItself(AttributeText.isYes(text))
      })
  }

  /// Adds the driver that programs know as `driver`, with what they may do with it, and the module that it would be in. Does nothing
  /// when it is there.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: a thread without spin locks.
  public func addPCIDriver(_ driver: StaticString) throws(Errno) {
    try changing.withLock { () throws(Errno) in
      let drivers = try busDirectory("drivers", "pci")
      let name: Message = "\(driver.description)"
      if try drivers.lookUp(name.bytes) != nil { return }
      let directory = SyntheticDirectory(self, permissions: 0o755)
      try addActions(of: driver, to: directory)
      try addModule(of: driver, to: directory)
      try drivers.add(name.bytes, directory)
      // With the file by which its event can be had.
      _ = try driverDirectory(driver, "pci")
    }
  }

  private func addActions(of driver: StaticString, to directory: SyntheticDirectory) throws(Errno) {
    let pci = pci
    try directory.addAction("bind") { (text: Span<UInt8>) throws(Errno) in
      guard let entry = pci.function(named: AttributeText.line(text)) else { throw .ENODEV }
      try pci.control.bind(entry.address, to: driver)
    }
    try directory.addAction("unbind") { (text: Span<UInt8>) throws(Errno) in
      guard let entry = pci.function(named: AttributeText.line(text)),
        let bound = try entry.current().boundDriver, Self.isSame(bound, driver)
      else { throw .ENODEV }
      try pci.control.unbind(entry.address, from: driver)
    }
    try directory.addAction("new_id") { (text: Span<UInt8>) throws(Errno) in
      try pci.control.add(try Self.identity(text), to: driver)
    }
    try directory.addAction("remove_id") { (text: Span<UInt8>) throws(Errno) in
      try pci.control.remove(try Self.identity(text), from: driver)
    }
  }

  private static func isSame(_ left: StaticString, _ right: StaticString) -> Bool {
    let text: Message = "\(left.description)"
    return text.bytes.isEqual(to: right.description)
  }

  /// Vendor and device, then perhaps those of the board, a class, its mask, and what the driver is to make of it, all hexadecimal. What
  /// comes behind numbers counts for nothing, as on Linux.
  ///
  /// - Throws: `EINVAL` for fewer than two numbers, or one that no function has; also for a last one other than 0, which must be one that
  ///   the driver knows.
  static func identity(_ text: Span<UInt8>) throws(Errno) -> PCIDynamicIdentity {
    let line = AttributeText.line(text)
    var numbers = InlineArray<7, UInt32>(repeating: 0)
    var (count, position) = (0, 0)
    while count < 7 {
      guard let number = try? AttributeText.nextHex(line, &position) else { break }
      numbers[count] = number
      count += 1
    }
    guard count >= 2 else { throw .EINVAL }
    var identity = PCIDynamicIdentity(vendor: try number(numbers[0]), device: try number(numbers[1]))
    if count > 2 { identity.subsystemVendor = try number(numbers[2]) }
    if count > 3 { identity.subsystemDevice = try number(numbers[3]) }
    if count > 4 { identity.classCode = numbers[4] }
    if count > 5 { identity.classMask = numbers[5] }
    guard numbers[6] == 0 else { throw .EINVAL }
    identity.isComplete = count == 7
    return identity
  }

  /// A number of a function; nil for PCI_ANY_ID.
  private static func number(_ value: UInt32) throws(Errno) -> UInt16? {
    guard value != .max else { return nil }
    guard value <= 0xffff else { throw .EINVAL }
    return UInt16(value)
  }

  /// Everything is in the kernel, but programs look for modules by their drivers. What Linux calls them has no dashes.
  private func addModule(of driver: StaticString, to directory: SyntheticDirectory) throws(Errno) {
    guard let modules else { throw .EINVAL }
    var name = Message()
    for byte in driver.description.utf8 { name.write(byte: byte == 0x2d || byte == 0x20 ? 0x5f : byte) }
    let moduleName = name
    let drivers: SyntheticDirectory
    if let found = try modules.lookUp(name.bytes) as? SyntheticDirectory {
      let text: Message = "drivers"
      guard let inner = try found.lookUp(text.bytes) as? SyntheticDirectory else { throw .EEXIST }
      drivers = inner
    } else {
      let module = SyntheticDirectory(self, permissions: 0o755)
      drivers = try add("drivers", to: module)
      try modules.add(name.bytes, module)
    }
    try directory.add(
      "module",
      LinkInode(self) { text in
        text.write("../../../../module/")
        text.write(moduleName)
      })
    let key: Message = "pci:\(driver.description)"
    if try drivers.lookUp(key.bytes) != nil { return }
    try drivers.add(
      key.bytes,
      LinkInode(self) { text in
        text.write("../../../bus/pci/drivers/")
        text.write(driver.description)
      })
  }
}
