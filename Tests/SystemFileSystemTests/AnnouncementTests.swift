import Foundations
import KernelEvents
import Machine
import PCI
import SyntheticFiles
import Testing
import VFS

@testable import SystemFileSystem

/// What there is when programs are told of it.
@Suite("When programs are told of devices")
struct AnnouncementTests {
  private static let port = PCIAddress(bus: 0, place: 0xe0)
  private static let portPath = "devices/pci0000:00/0000:00:1c.0"

  @Test("a function's files, its slot and its bus are there when its event comes, and parents are told of first")
  func function() throws {
    try EventTests().withEvents { world, events in
      world.fileSystem.removeFunction(Self.port)
      #expect(
        events.take().map { $0[0] } == [
          "remove@/\(Self.portPath)/pci_bus/0000:02", "remove@/\(Self.portPath)",
        ])
      var seen: [String] = []
      events.onEvent = { event in
        seen.append(event)
        if event == "add@/\(Self.portPath)" {
          for file in [
            "vendor", "config", "driver_override", "enable", "secondary_bus_number", "extra", "power/control",
          ] {
            #expect(throws: Never.self, "\(file)") { _ = try world.open("\(Self.portPath)/\(file)") }
          }
        }
        #expect(throws: Never.self) { try world.text("bus/pci/slots/5/address") }
        #expect(throws: Never.self) { try world.text("\(Self.portPath)/pci_bus/0000:02/cpuaffinity") }
      }
      try world.fileSystem.addFunction(Self.port) { directory throws(Errno) in
        try directory.add("extra") { text in text.write("1\n") }
      }
      #expect(seen == ["add@/\(Self.portPath)", "add@/\(Self.portPath)/pci_bus/0000:02"])
      events.onEvent = nil
    }
  }

  @Test("a driver is told of when it works, and of the end of one that never did nobody hears")
  func driver() throws {
    try EventTests().withEvents { world, events in
      let address = PCIAddress(bus: 1, place: 0)
      let path = "devices/pci0000:00/0000:00:01.0/0000:01:00.0"
      defer { try? PCISystem.setDriver(nil, of: address) }
      try world.fileSystem.addPCIDriver("one")
      #expect(events.take().map { $0[0] } == ["add@/bus/pci/drivers/one"])
      try world.fileSystem.setDriver("one", of: address, .later)
      #expect(try world.link("\(path)/driver") == "../../../../bus/pci/drivers/one")
      #expect(events.take() == [])
      try world.fileSystem.setDriver(nil, of: address)
      #expect(events.take() == [])
      try world.fileSystem.setDriver("one", of: address, .later)
      world.fileSystem.device(of: address)?.announce(.bind)
      let bind = try #require(events.take().last)
      #expect(bind[0] == "bind@/\(path)" && bind.contains("DRIVER=one"))
      try world.fileSystem.setDriver(nil, of: address)
      let unbind = try #require(events.take().last)
      #expect(unbind[0] == "unbind@/\(path)" && !unbind.contains("DRIVER=one"))
    }
  }

  @Test("a device that was never told of goes without a word, and its driver cannot come back")
  func silence() throws {
    try EventTests().withEvents { world, events in
      var description = SystemDeviceDescription()
      description.bus = "platform"
      let name = Array("quiet".utf8)
      let device = try world.fileSystem.addDevice(name.span, below: nil, description, .later)
      try device.setDriver("one", .later)
      device.remove()
      #expect(events.take().map { $0[0] } == ["add@/bus/platform/drivers/one"])
      try device.setDriver("one")
      #expect(try world.names("bus/platform/drivers/one") == ["bind", "unbind", "uevent"])
    }
  }
}

/// Notes what is asked of buses.
private final class FakeBusControl: BusControl {
  var calls: [String] = []
  var isAutomatic = true

  private func note(_ call: String, _ name: Span<UInt8>) {
    calls.append("\(call) \(String(decoding: name.indices.map { name[$0] }, as: UTF8.self))")
  }

  override func bind(_ name: Span<UInt8>, on bus: StaticString, to driver: StaticString) throws(Errno) {
    note("bind \(bus) \(driver)", name)
  }
  override func unbind(_ name: Span<UInt8>, on bus: StaticString, from driver: StaticString) throws(Errno) {
    note("unbind \(bus) \(driver)", name)
    throw .ENODEV
  }
  override func probe(_ name: Span<UInt8>, on bus: StaticString) throws(Errno) { note("probe \(bus)", name) }
  override func bindsByItself(on bus: StaticString) -> Bool { isAutomatic }
  override func setBindsByItself(_ does: Bool, on bus: StaticString) throws(Errno) { isAutomatic = does }
}

@Suite("Buses, processors and slots of firmware in /sys")
struct BusTests {
  @Test("drivers of every bus can be taken and given, by who can do it")
  func control() throws {
    try withWorld { world in
      var description = SystemDeviceDescription()
      description.bus = "virtio"
      let device = try world.fileSystem.addDevice("virtio0", below: nil, description)
      try device.setDriver("virtio_rng")
      let driver = "bus/virtio/drivers/virtio_rng"
      #expect(throws: Errno.ENODEV) { try world.write("virtio0", to: "\(driver)/unbind") }
      #expect(throws: Errno.EOPNOTSUPP) { try world.write("0", to: "bus/virtio/drivers_autoprobe") }
      let control = FakeBusControl()
      world.fileSystem.busControl = control
      try world.write("virtio0\n", to: "\(driver)/bind")
      #expect(throws: Errno.ENODEV) { try world.write("virtio1\n", to: "\(driver)/unbind") }
      try world.write("virtio0", to: "bus/virtio/drivers_probe")
      try world.write("0\n", to: "bus/virtio/drivers_autoprobe")
      #expect(try world.text("bus/virtio/drivers_autoprobe") == "0\n")
      #expect(
        control.calls == ["bind virtio virtio_rng virtio0", "unbind virtio virtio_rng virtio1", "probe virtio virtio0"])
      #expect(throws: Errno.EACCES) { try world.text("\(driver)/bind") }
      device.remove()
    }
  }

  @Test("processors and memory are devices of their buses, with what modprobe looks for")
  func processors() throws {
    try withWorld { world in
      #expect(try world.link("bus/cpu/devices/cpu0") == "../../../devices/system/cpu/cpu0")
      #expect(try world.link("devices/system/cpu/cpu0/subsystem") == "../../../../bus/cpu")
      #expect(try world.link("devices/system/cpu/cpu0/driver") == "../../../../bus/cpu/drivers/processor")
      let alias = try world.text("devices/system/cpu/modalias")
      #expect(alias.hasPrefix("cpu:type:x86,ven0") && alias.contains(":feature:,0000,"))
      #expect(try world.text("devices/system/cpu/cpu0/uevent") == "DRIVER=processor\nMODALIAS=\(alias)")
      #expect(try world.text("devices/system/cpu/uevent") == "")
      #expect(try world.link("bus/node/devices/node0") == "../../../devices/system/node/node0")
      #expect(try world.number("devices/system/node/node0/cpu0") == world.number("devices/system/cpu/cpu0"))
      #expect(try world.number("devices/system/cpu/cpu0/node0") == world.number("devices/system/node/node0"))
      for name in try world.names("devices/system/cpu/vulnerabilities") {
        let text = try world.text("devices/system/cpu/vulnerabilities/\(name)")
        #expect(text == "Vulnerable\n" || text == "Not affected\n", "\(name)")
      }
    }
  }

  private final class FirmwareSlot: PCIFirmwareSlot {
    var isOn = true
    override var address: PCIAddress { PCIAddress(segment: 0, bus: 0, device: 3, function: 0) }
    override var isPowered: Bool { isOn }
    override var isOccupied: Bool { isOn }
    override func setPower(isOn: Bool) throws(Errno) {
      guard isOn != self.isOn else { throw .ENODEV }
      self.isOn = isOn
    }
  }

  /// Ports whose slots are firmware's.
  private final class FirmwareControl: PCIControl {
    override var ownsPortSlots: Bool { false }
  }

  @Test("slots of firmware are switched by it, and share numbers with nobody")
  func firmwareSlots() throws {
    try withWorld { world in
      let slot = FirmwareSlot()
      try world.fileSystem.addSlot(5, slot)
      try world.fileSystem.addSlot(5, FirmwareSlot())
      #expect(try world.names("bus/pci/slots") == ["5", "5-1", "5-2"])
      let path = "bus/pci/slots/5-1"
      #expect(try world.text("\(path)/address") == "0000:00:03\n" && world.text("\(path)/power") == "1\n")
      try world.write("0", to: "\(path)/power")
      #expect(!slot.isOn)
      #expect(try world.text("\(path)/power") == "0\n" && world.text("\(path)/adapter") == "0\n")
      #expect(throws: Errno.ENODEV) { try world.write("0", to: "\(path)/power") }
      #expect(throws: Errno.EINVAL) { try world.write("7", to: "\(path)/power") }
      #expect(try world.text("bus/pci/slots/5-2/power") == "1\n")
      // What is firmware's is not the port's.
      let port = PCIAddress(bus: 0, place: 0xe0)
      world.fileSystem.removeFunction(port)
      world.fileSystem.pciControl = FirmwareControl()
      try world.fileSystem.addFunction(port)
      #expect(try world.names("bus/pci/slots") == ["5-1", "5-2"])
    }
  }
}
