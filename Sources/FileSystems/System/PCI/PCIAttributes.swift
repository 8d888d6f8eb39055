import Foundations
import Machine
import PCI
import SyntheticFiles
import VFS

/// What a function's directory has. Source: Linux Documentation/ABI/testing/sysfs-bus-pci.
extension SystemFileSystem {
  func addAttributes(of entry: PCIFunctionDirectory) throws(Errno) {
    try addIdentity(of: entry)
    try addState(of: entry)
    try addSettings(of: entry)
    try addActions(of: entry)
    try addResourceFiles(of: entry)
    if entry.function.isExpress { try addLink(of: entry) }
    if entry.function.isBridge { try addBusNumbers(of: entry) }
    try entry.device.directory.add("config", ConfigurationInode(self, entry.function))
  }

  private func addIdentity(of entry: PCIFunctionDirectory) throws(Errno) {
    let (directory, function) = (entry.device.directory, entry.function)
    try directory.addHex("vendor", UInt64(function.vendor), width: 4)
    try directory.addHex("device", UInt64(function.device), width: 4)
    try directory.addHex("subsystem_vendor", UInt64(function.subsystemVendor), width: 4)
    try directory.addHex("subsystem_device", UInt64(function.subsystemDevice), width: 4)
    try directory.addHex("class", UInt64(function.classCode), width: 6)
    try directory.addHex("revision", UInt64(function.revision), width: 2)
    try directory.add("modalias") { text in
      PCIText.writeAlias(entry.function, to: &text)
      text.write("\n")
    }
    // VGA: what the firmware has shown its messages on.
    if function.classCode >> 8 == 0x0300 {
      try directory.add("boot_vga") { text in text.write(entry.function.wasDecoded ? "1\n" : "0\n") }
    }
  }

  private func addState(of entry: PCIFunctionDirectory) throws(Errno) {
    let (directory, pci) = (entry.device.directory, pci)
    try directory.add("resource") { (text: inout TextBuffer) throws(Errno) in
      PCIText.writeResources(try entry.current(), to: &text)
    }
    // Of messages that are a table's Linux says nothing here.
    try directory.add("irq") { text in
      let line = UInt64(entry.function.firmwareInterruptLine ?? 0)
      text.write(decimal: entry.settings.withLock { $0.interrupt }.map(UInt64.init) ?? line)
      text.write("\n")
    }
    try directory.add("local_cpus") { text in
      text.write(processorMask: Processor.online)
      text.write("\n")
    }
    try directory.add("local_cpulist") { text in
      text.write(processorList: Processor.online)
      text.write("\n")
    }
    for name: StaticString in ["dma_mask_bits", "consistent_dma_mask_bits"] {
      try directory.add(name) { text in
        text.write(decimal: pci.control.addressBits(of: entry.address))
        text.write("\n")
      }
    }
    try directory.add("power_state") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let isUsed = function.boundDriver != nil || entry.settings.withLock { $0.isEnabled }
      text.write(PCIText.powerState(of: function, isUsed: isUsed).description)
      text.write("\n")
    }
    // Alternative routing is not used.
    try directory.addWord("ari_enabled", "0")
  }

  private func addLink(of entry: PCIFunctionDirectory) throws(Errno) {
    let directory = entry.device.directory
    try directory.add("max_link_speed") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      text.write(PCIText.speed(express.linkCapabilities.maximumSpeed.rawValue).description)
      text.write("\n")
    }
    try directory.add("current_link_speed") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      text.write(PCIText.speed(express.linkStatus.speed.rawValue).description)
      text.write("\n")
    }
    try directory.add("max_link_width") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      // Linux has 255 for what has no link.
      let capabilities = express.linkCapabilities
      text.write(decimal: capabilities.rawValue == 0 ? 255 : UInt64(capabilities.maximumWidth))
      text.write("\n")
    }
    try directory.add("current_link_width") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let express = function.express
      text.write(decimal: UInt64(express.linkStatus.width))
      text.write("\n")
    }
  }

  private func addBusNumbers(of entry: PCIFunctionDirectory) throws(Errno) {
    let directory = entry.device.directory
    // What the register says, as on Linux.
    try directory.add("secondary_bus_number") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let registers = function.registers
      text.write(decimal: UInt64(registers.secondaryBus))
      text.write("\n")
    }
    try directory.add("subordinate_bus_number") { (text: inout TextBuffer) throws(Errno) in
      let function = try entry.current()
      let registers = function.registers
      text.write(decimal: UInt64(registers.subordinateBus))
      text.write("\n")
    }
  }

  /// What programs may set.
  private func addSettings(of entry: PCIFunctionDirectory) throws(Errno) {
    let directory = entry.device.directory
    try directory.add(
      "broken_parity_status", permissions: 0o644,
      { text in text.write(entry.settings.withLock { $0.ignoresParity } ? "1\n" : "0\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let value = try AttributeText.number(text) != 0
        entry.settings.withLock { $0.ignoresParity = value }
      })
    // All memory is in one node.
    try directory.add(
      "numa_node", permissions: 0o644,
      { text in
        text.write(decimal: entry.settings.withLock { $0.node })
        text.write("\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let line = AttributeText.line(text)
        guard line.isEqual(to: "-1") || line.isEqual(to: "0") else { throw .EINVAL }
        entry.settings.withLock { $0.node = line.isEqual(to: "0") ? 0 : -1 }
      })
    // Messages are always allowed; a driver decides.
    try directory.add(
      "msi_bus", permissions: 0o644, { text in text.write("1\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        if try AttributeText.number(text) == 0 { throw .EOPNOTSUPP }
      })
    try entry.driverOverride.addFile(to: directory)
  }

  private func addActions(of entry: PCIFunctionDirectory) throws(Errno) {
    let (directory, pci, address) = (entry.device.directory, pci, entry.address)
    try directory.add(
      "enable", permissions: 0o644,
      { (text: inout TextBuffer) throws(Errno) in
        let isBound = try entry.current().boundDriver != nil
        text.write(isBound || entry.settings.withLock { $0.isEnabled } ? "1\n" : "0\n")
      },
      accepts: { (text: Span<UInt8>) throws(Errno) in try Self.setEnabled(entry, try AttributeText.number(text) != 0) })
    try directory.addSwitch("remove", permissions: 0o220) { () throws(Errno) in try pci.control.remove(address) }
    try directory.addSwitch("rescan") { () throws(Errno) in
      let bus = entry.function.secondaryBus
      let number = bus == 0 ? address.bus : bus
      try pci.control.rescan(bus: PCIAddress(segment: address.segment, bus: number, place: 0))
    }
    let (byItself, byPower) = (entry.function.hasFunctionReset, entry.function.resetsByPower)
    guard byItself || byPower else { return }
    try directory.addAction("reset") { (text: Span<UInt8>) throws(Errno) in
      guard try AttributeText.number(text) == 1 else { throw .EINVAL }
      try pci.control.reset(address)
    }
    try directory.addWord("reset_method", byItself ? byPower ? "flr pm" : "flr" : "pm")
  }

  private static func setEnabled(_ entry: PCIFunctionDirectory, _ isEnabled: Bool) throws(Errno) {
    guard isEnabled || entry.settings.withLock({ $0.isEnabled }) else {
      throw try entry.current().boundDriver == nil ? .EIO : .EBUSY
    }
    try PCISystem.setEnabled(entry.address, isEnabled)
    entry.settings.withLock { $0.isEnabled = isEnabled }
  }
}

/// `config`.
private final class ConfigurationInode: SyntheticInode {
  private let address: PCIAddress

  init(_ fileSystem: SystemFileSystem, _ function: PCIFunction) {
    address = function.address
    super.init(fileSystem, .regular, permissions: 0o644)
    let count = Int64(function.usedByteCount)
    attributes.withLock { $0.size = count }
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    try PCIConfigurationFile(request, self, address) { [self] in !isGone }
  }
}
