import FileTestSupport
import Foundations
import LinuxABI
import Machine
import PCI
import Security
import Testing
import VFS

@testable import SystemFileSystem

@Suite("PCI in /sys")
struct PCIDirectoryTests {
  private static let card = "bus/pci/devices/0000:01:00.0"
  private static let cardAddress = PCIAddress(bus: 1, place: 0)
  private static let port = "bus/pci/devices/0000:00:1c.0"
  private static let disk = "bus/pci/devices/0000:02:00.0"
  private static let diskAddress = PCIAddress(bus: 2, place: 0)

  /// Puts the disk into the slot.
  private func plugIn(_ world: World) throws {
    FakeConfiguration.plug(FakeConfiguration.disk, at: FakeConfiguration.slot)
    let found = Found()
    _ = try PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
      try hierarchy.rescan(bus: 2, delay: { _ in }, found.note)
    }
    #expect(found.addresses == [Self.diskAddress])
    try world.fileSystem.addFunction(Self.diskAddress)
  }

  /// Takes it out again.
  private func unplug() {
    FakeConfiguration.plug(nil, at: FakeConfiguration.slot)
    _ = try? PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
      hierarchy.remove(Self.diskAddress) { _ in }
    }
  }

  private final class Found {
    var addresses: [PCIAddress] = []
    func note(_ change: PCIChange) { if case .added(let function) = change { addresses.append(function.address) } }
  }

  @Test("a function has the files that Linux has, with their permissions and sizes")
  func files() throws {
    try withWorld { world in
      let names = Set(try world.names(Self.card))
      for name in [
        "ari_enabled", "broken_parity_status", "class", "config", "consistent_dma_mask_bits", "device", "dma_mask_bits",
        "driver_override", "enable", "irq", "local_cpulist", "local_cpus", "modalias", "msi_bus", "numa_node", "power",
        "power_state", "remove", "rescan", "resource", "resource0", "revision", "subsystem", "subsystem_device",
        "subsystem_vendor", "uevent", "vendor",
      ] { #expect(names.contains(name), "\(name)") }
      for name in ["rom", "reset", "max_link_speed", "secondary_bus_number", "boot_vga", "msi_irqs", "driver"] {
        #expect(!names.contains(name), "\(name)")
      }
      let expected: [(String, UInt16, Int64)] = [
        ("config", 0o644, 256), ("resource0", 0o600, 0x10000), ("remove", 0o220, 4096), ("vendor", 0o444, 4096),
        ("enable", 0o644, 4096),
      ]
      for (name, permissions, size) in expected {
        let path = Array("/\(Self.card)/\(name)".utf8)
        let attributes = try world.actor.find(path.span).inode.currentAttributes()
        #expect(attributes.permissions == permissions && attributes.size == size, "\(name)")
      }
      #expect(try world.text("\(Self.card)/local_cpus") == "1\n" && world.text("\(Self.card)/numa_node") == "-1\n")
      #expect(
        try world.text("\(Self.card)/power_state") == "unknown\n" && world.text("\(Self.card)/dma_mask_bits") == "32\n")
      #expect(try world.text("\(Self.card)/power/control") == "auto\n")
      try world.write("on\n", to: "\(Self.card)/power/control")
      #expect(try world.text("\(Self.card)/power/control") == "on\n")
      #expect(throws: Errno.EINVAL) { try world.write("off", to: "\(Self.card)/power/control") }
      #expect(throws: Errno.EACCES) { try world.text("\(Self.card)/remove") }
      #expect(throws: Errno.EIO) { try world.text("\(Self.card)/resource0") }
      #expect(throws: Errno.EPERM) { try world.write("x", to: "\(Self.card)/resource0") }
    }
  }

  @Test("bridges, ports, links and displays have what belongs to them")
  func kinds() throws {
    try withWorld { world in
      #expect(try world.text("\(Self.port)/secondary_bus_number") == "2\n")
      #expect(try world.text("\(Self.port)/subsystem_vendor") == "0x1b36\n")
      #expect(try world.text("\(Self.port)/subsystem_device") == "0x0007\n")
      #expect(try world.bytes("\(Self.port)/config").count == 4096)
      #expect(try world.text("\(Self.port)/subordinate_bus_number") == "2\n")
      #expect(try world.text("\(Self.port)/max_link_speed") == "5.0 GT/s PCIe\n")
      #expect(try world.text("\(Self.port)/current_link_speed") == "2.5 GT/s PCIe\n")
      #expect(
        try world.text("\(Self.port)/max_link_width") == "4\n" && world.text("\(Self.port)/current_link_width") == "1\n"
      )
      #expect(try world.link("class/pci_bus/0000:02") == "../../devices/pci0000:00/0000:00:1c.0/pci_bus/0000:02")
      #expect(try world.names("class/pci_bus").sorted() == ["0000:00", "0000:01", "0000:02"])
      #expect(try world.text("class/pci_bus/0000:00/cpulistaffinity") == "0\n")
      #expect(try world.text("bus/pci/slots/5/address") == "0000:02:00\n")
      #expect(try world.text("bus/pci/slots/5/power") == "1\n" && world.text("bus/pci/slots/5/adapter") == "0\n")
      let display = "bus/pci/devices/0000:00:02.0"
      #expect(try world.text("\(display)/boot_vga") == "1\n")
      let lines = try world.text("\(display)/resource").split(separator: "\n")
      #expect(lines[0] == "0x00000000fd000000 0x00000000fdffffff 0x0000000000042208")
      #expect(lines[6] == "0x00000000000c0000 0x00000000000dffff 0x0000000000000212")
      #expect(
        try world.names("bus").contains("virtio")
          && Set(world.names("bus/acpi")).isSuperset(of: ["drivers", "devices"]))
    }
  }

  @Test("configuration space is written by the superuser, where it harms nobody")
  func configuration() throws {
    try withWorld { world in
      let path = "\(Self.card)/config"
      try world.write([0x20], to: path, at: 0x0d)
      #expect(try world.bytes(path)[0x0d] == 0x20)
      // Latency timer and cache line size in one, then the command's parity bit.
      try world.write([0x10, 0x40], to: path, at: 0x0c)
      try world.write([0x42, 0x01], to: path, at: 4)
      #expect(try world.bytes(path)[0x0c..<0x0e] == [0x10, 0x40] && world.bytes(path)[4..<6] == [0x42, 1])
      let before = try world.bytes(path)
      for (offset, bytes): (Int64, [UInt8]) in [
        (4, [0x46, 1]), (4, [0x40, 1]), (0x10, [0, 0, 0, 0xfd]), (0x0c, [0x10, 0x40, 0, 0, 0, 0, 0, 0xfd]), (0, [1]),
      ] {
        // What was written before the closed place stays, and is told.
        if offset == 0x0c {
          #expect(throws: Errno.EIO) { try world.write(bytes, to: path, at: offset) }
        } else {
          #expect(throws: Errno.EPERM) { try world.write(bytes, to: path, at: offset) }
        }
      }
      #expect(try world.bytes(path) == before)
      #expect(throws: Errno.EIO) { try world.write([1], to: path, at: 256) }
      try world.write([2, 0], to: path, at: 4)
      try world.write([0, 0], to: path, at: 0x0c)
      world.credentials = Credentials(user: UserID(rawValue: 1), group: GroupID(rawValue: 1))
      #expect(throws: Errno.EACCES) { try world.write([0x20], to: path, at: 0x0d) }
      // Who may open the file need not be the superuser.
      world.credentials = Credentials(
        user: UserID(rawValue: 0), group: GroupID(rawValue: 0), capabilities: CapabilitySet(.CAP_DAC_OVERRIDE))
      #expect(throws: Errno.EPERM) { try world.write([0x20], to: path, at: 0x0d) }
    }
  }

  @Test("what programs ask for goes to who can do it, and is refused without one")
  func actions() throws {
    try withWorld { world in
      let driver = "bus/pci/drivers/e1000"
      try world.fileSystem.addPCIDriver("e1000")
      #expect(throws: Errno.EOPNOTSUPP) { try world.write("1\n", to: "bus/pci/rescan") }
      #expect(throws: Errno.EOPNOTSUPP) { try world.write("1", to: "\(Self.card)/remove") }
      #expect(throws: Errno.ENODEV) { try world.write("0000:01:00.0", to: "\(driver)/bind") }
      let control = FakeControl()
      world.fileSystem.pciControl = control
      try world.write("1\n", to: "bus/pci/rescan")
      try world.write("0", to: "bus/pci/rescan")
      try world.write("1", to: "\(Self.card)/rescan")
      try world.write("1", to: "\(Self.port)/rescan")
      try world.write("1", to: "class/pci_bus/0000:01/rescan")
      try world.write("0000:01:00.0\n", to: "\(driver)/bind")
      try world.write("0000:01:00.0", to: "bus/pci/drivers_probe")
      try world.write("8086 10d3\n", to: "\(driver)/new_id")
      try world.write("0x8086 0x10d3 ffffffff 1 20000 ffff00", to: "\(driver)/remove_id")
      try world.write("8086 10d3 ffffffff ffffffff 0 0 0", to: "\(driver)/new_id")
      try world.write("8086 ffffffff 1af4 or the rest", to: "\(driver)/new_id")
      try world.write("0\n", to: "bus/pci/slots/5/power")
      try world.write("2\n", to: "bus/pci/slots/5/attention")
      try world.write("0\n", to: "bus/pci/drivers_autoprobe")
      #expect(try world.text("bus/pci/drivers_autoprobe") == "0\n")
      #expect(try world.text("\(Self.card)/dma_mask_bits") == "64\n")
      #expect(
        control.calls == [
          "rescan all", "rescan 1", "rescan 2", "rescan 1", "bind e1000 100", "probe 100",
          "add 8086:10d3:any:any:0:0 e1000", "remove 8086:10d3:any:1:20000:ffff00 e1000",
          "add 8086:10d3:any:any:0:0! e1000", "add 8086:any:1af4:any:0:0 e1000", "power false e0", "attention 2 e0",
        ])
      control.calls = []
      for (text, path, error): (String, String, Errno) in [
        ("x", "bus/pci/rescan", .EINVAL), ("0000:09:00.0", "\(driver)/bind", .ENODEV),
        ("0000:01:00.0", "\(driver)/unbind", .ENODEV), ("8086", "\(driver)/new_id", .EINVAL),
        ("8086 x10d3", "\(driver)/new_id", .EINVAL), ("8086 10d3 1 1 0 0 5", "\(driver)/new_id", .EINVAL),
        ("3", "bus/pci/slots/5/attention", .EINVAL), ("18086 10d3", "\(driver)/new_id", .EINVAL),
        ("123456789 1", "\(driver)/new_id", .EINVAL), ("2", "bus/pci/slots/5/power", .EINVAL),
        ("nonsense", "bus/pci/drivers_probe", .ENODEV), ("0", "\(Self.card)/msi_bus", .EOPNOTSUPP),
        ("7", "\(Self.card)/numa_node", .EINVAL),
        (String(repeating: "x", count: 241), "\(Self.card)/driver_override", .EINVAL),
      ] {
        #expect(throws: error, "\(path)") { try world.write(text, to: path) }
      }
      #expect(control.calls == [])
    }
  }

  @Test("a driver has the function: links, files, and what it may no longer do")
  func drivers() throws {
    try withWorld { world in
      let control = FakeControl()
      world.fileSystem.pciControl = control
      try world.fileSystem.setDriver("virtio-pci", of: Self.cardAddress)
      defer { try? world.fileSystem.setDriver(nil, of: Self.cardAddress) }
      #expect(try world.link("\(Self.card)/driver") == "../../../../bus/pci/drivers/virtio-pci")
      #expect(try world.number("bus/pci/drivers/virtio-pci/0000:01:00.0") == world.number(Self.card))
      #expect(try world.link("bus/pci/drivers/virtio-pci/module") == "../../../../module/virtio_pci")
      #expect(try world.names("module/virtio_pci/drivers") == ["pci:virtio-pci"])
      #expect(
        try world.number("module/virtio_pci/drivers/pci:virtio-pci") == world.number("bus/pci/drivers/virtio-pci"))
      #expect(try world.text("\(Self.card)/enable") == "1\n")
      #expect(throws: Errno.EBUSY) { try world.write("1", to: "\(Self.card)/enable") }
      #expect(throws: Errno.EBUSY) { try world.write("0", to: "\(Self.card)/enable") }
      try world.write("0000:01:00.0", to: "bus/pci/drivers/virtio-pci/unbind")
      #expect(control.calls == ["unbind virtio-pci 100"])
      // Registers that its maker has made up are the driver's now.
      #expect(throws: Errno.EPERM) { try world.write([1], to: "\(Self.card)/config", at: 0x80) }
      try check(interruptsIn: world)
      try world.fileSystem.setDriver(nil, of: Self.cardAddress)
      let names = try world.names(Self.card)
      #expect(!names.contains("driver") && !names.contains("msi_irqs"))
      try world.write([1], to: "\(Self.card)/config", at: 0x80)
      try world.write([0], to: "\(Self.card)/config", at: 0x80)
      #expect(try world.text("\(Self.card)/enable") == "0\n")
      #expect(throws: Errno.EIO) { try world.write("0", to: "\(Self.card)/enable") }
      try world.write("1", to: "\(Self.card)/enable")
      #expect(try world.text("\(Self.card)/enable") == "1\n" && FakeConfiguration.byte(0x100, 4) & 6 == 2)
      try world.write("0", to: "\(Self.card)/enable")
      #expect(FakeConfiguration.byte(0x100, 4) & 7 == 0)
      try world.write("1", to: "\(Self.card)/enable")
    }
  }

  /// The interrupts of a card whose pin is connected, then its messages, then nothing.
  private func check(interruptsIn world: World) throws {
    let (irq, messages) = ("\(Self.card)/irq", "\(Self.card)/msi_irqs")
    #expect(try world.text(irq) == "11\n")
    try world.fileSystem.setPinInterrupt(of: Self.cardAddress, 22)
    #expect(try world.text(irq) == "22\n")
    let numbers: [UInt32] = [24, 25]
    try world.fileSystem.setMessageInterrupts(of: Self.cardAddress, .extendedMessages, count: numbers.count) {
      numbers[$0]
    }
    #expect(try world.names(messages) == ["24", "25"] && world.text("\(messages)/25") == "msix\n")
    // Of the messages of a table Linux says nothing in irq.
    #expect(try world.text(irq) == "11\n")
    try world.fileSystem.setMessageInterrupts(of: Self.cardAddress, .messages, count: 1) { _ in 30 }
    #expect(try world.names(messages) == ["30"] && world.text("\(messages)/30") == "msi\n")
    #expect(try world.text(irq) == "30\n")
    try world.fileSystem.setMessageInterrupts(of: Self.cardAddress, .messages, count: 0) { _ in 0 }
    #expect(try world.text(irq) == "11\n")
  }

  @Test("programs choose the driver by its name, and take the choice back")
  func override() throws {
    try withWorld { world in
      let path = "\(Self.card)/driver_override"
      #expect(try world.text(path) == "(null)\n" && world.fileSystem.driverOverride(of: Self.cardAddress) == nil)
      try world.write("vfio-pci\n", to: path)
      #expect(try world.text(path) == "vfio-pci\n")
      let chosen = try #require(world.fileSystem.driverOverride(of: Self.cardAddress))
      let isChosen = chosen.bytes.isEqual(to: "vfio-pci")
      #expect(isChosen)
      try world.write("\n", to: path)
      #expect(try world.text(path) == "(null)\n")
    }
  }

  @Test("a function that comes is shown with all that leads to it, and is gone without a trace when it goes")
  func hotPlug() throws {
    try withWorld { world in
      let devices = try world.names("bus/pci/devices")
      let behind = try world.names("devices/pci0000:00/0000:00:1c.0")
      #expect(throws: Errno.ENODEV) { try world.fileSystem.addFunction(Self.diskAddress) }
      try plugIn(world)
      defer { unplug() }
      try check(world)
      #expect(try world.names("bus/pci/devices") == devices)
      #expect(try world.names("devices/pci0000:00/0000:00:1c.0") == behind)
    }
  }

  /// What becomes of the disk.
  private func check(_ world: World) throws {
    #expect(throws: Errno.EEXIST) { try world.fileSystem.addFunction(Self.diskAddress) }
    #expect(try world.link(Self.disk) == "../../../devices/pci0000:00/0000:00:1c.0/0000:02:00.0")
    #expect(try world.text("\(Self.disk)/class") == "0x010802\n")
    #expect(try world.text("\(Self.disk)/reset_method") == "flr\n")
    try world.fileSystem.setDriver("nvme", of: Self.diskAddress)
    var block = SystemDeviceDescription()
    (block.className, block.number, block.isBlock) = ("block", DeviceNumber(259, 0), true)
    _ = try world.fileSystem.addDevice("nvme0n1", below: world.fileSystem.device(of: Self.diskAddress), block)
    #expect(try world.link("dev/block/259:0").hasSuffix("/0000:02:00.0/block/nvme0n1"))
    let control = FakeControl()
    world.fileSystem.pciControl = control
    try world.write("1", to: "\(Self.disk)/reset")
    #expect(throws: Errno.EINVAL) { try world.write("2", to: "\(Self.disk)/reset") }
    let text = try world.open("\(Self.disk)/vendor")
    let configuration = try world.open("\(Self.disk)/config", [.O_RDWR])
    let directory = try world.open(Self.disk)
    #expect(try text.read(64, at: 0) == Array("0x1b36\n".utf8))
    #expect(try configuration.read(64, at: 0).count == 64)
    // As a program asks for it, in the function's own directory.
    control.onRemove = { world.fileSystem.removeFunction($0) }
    try world.write("1", to: "\(Self.disk)/remove")
    #expect(control.calls == ["reset 200", "remove 200"])
    #expect(throws: Errno.ENODEV) { try text.read(64, at: 0) }
    #expect(throws: Errno.ENODEV) { try configuration.read(64, at: 0) }
    #expect(throws: Errno.ENODEV) { try configuration.write([0x10], at: 0x0c) }
    #expect(throws: Errno.ENOENT) { try directory.entryCount() }
    #expect(try world.names("bus/pci/drivers/nvme").contains("0000:02:00.0") == false)
    #expect(throws: Errno.ENOENT) { try world.text("dev/block/259:0/dev") }
    #expect(try world.names("class/block") == [])
    world.fileSystem.removeFunction(Self.diskAddress)
    // It may come again.
    try PCISystem.setDriver(nil, of: Self.diskAddress)
    try world.fileSystem.addFunction(Self.diskAddress)
    #expect(try world.text("\(Self.disk)/vendor") == "0x1b36\n")
    #expect(throws: Errno.ENODEV) { try configuration.read(64, at: 0) }
    world.fileSystem.removeFunction(Self.diskAddress)
  }

  @Test("a port that goes takes what is behind it along, with its bus and its slot")
  func port() throws {
    try withWorld { world in
      let port = PCIAddress(bus: 0, place: 0xe0)
      try plugIn(world)
      defer { unplug() }
      world.fileSystem.removeFunction(port)
      #expect(throws: Errno.ENOENT) { try world.text("\(Self.disk)/vendor") }
      #expect(throws: Errno.ENOENT) { try world.text("\(Self.port)/vendor") }
      #expect(try world.names("bus/pci/slots") == [])
      #expect(try world.names("class/pci_bus").sorted() == ["0000:00", "0000:01"])
      // What is behind a port that is not shown cannot be.
      #expect(throws: Errno.ENODEV) { try world.fileSystem.addFunction(Self.diskAddress) }
      try world.fileSystem.addFunction(port)
      try world.fileSystem.addFunction(Self.diskAddress)
      #expect(try world.names("bus/pci/slots") == ["5"])
    }
  }

  @Test("without memory a function comes whole or not at all")
  func memory() throws {
    try withWorld { world in
      defer { AllocationFaults.fail(after: nil) }
      let before = try (world.names("bus/pci/devices"), world.names("class/pci_bus"), world.names("bus/pci/slots"))
      let port = PCIAddress(bus: 0, place: 0xe0)
      world.fileSystem.removeFunction(port)
      var count = 0
      while true {
        AllocationFaults.fail(after: count)
        do throws(Errno) {
          try world.fileSystem.addFunction(port)
          AllocationFaults.fail(after: nil)
          break
        } catch {
          AllocationFaults.fail(after: nil)
          #expect(error == .ENOMEM)
        }
        #expect(try !world.names("bus/pci/devices").contains("0000:00:1c.0"))
        #expect(try world.names("bus/pci/slots") == [])
        count += 1
      }
      #expect(count > 10)
      #expect(try world.names("bus/pci/devices").sorted() == before.0.sorted())
      #expect(
        try world.names("class/pci_bus").sorted() == before.1.sorted() && world.names("bus/pci/slots") == before.2)
    }
  }
}
