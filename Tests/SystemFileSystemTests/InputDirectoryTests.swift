import Foundations
import LinuxABI
import Machine
import Security
import SyntheticFiles
import Testing
import VFS

@testable import Input
@testable import InputFiles
@testable import SystemFileSystem

/// A keyboard and a mouse below what a machine has for them.
@Suite("Input devices in /sys")
struct InputDirectoryTests {
  private static func device(
    _ name: Message, number: UInt32, _ identity: InputIdentity, path: Message? = nil
  ) throws(Errno) -> InputDevice {
    var description = InputDescription(name: name, physicalPath: path, identity: identity)
    description.capabilities.insert(.EV_KEY, EventCode.KEY_POWER)
    let device = try InputDevice(description)
    try device.begin(number: number, below: nil)
    return device
  }

  private static func button(_ number: UInt32) throws(Errno) -> InputDevice {
    try device("Power Button", number: number, InputIdentity(bus: 0x19, product: 1), path: "LNXPWRBN/button/input0")
  }

  private static func firstLines(_ events: EventTests.Collector) -> [String] { events.take().map { $0[0] } }

  @Test("a device and its files lie below what it is a part of, with all that Linux says of them")
  func tree() throws {
    try withWorld { world in
      let inputs = InputDirectories(world.fileSystem)
      var bus = SystemDeviceDescription()
      bus.bus = "acpi"
      let parent = try world.fileSystem.addDevice("LNXPWRBN:00", below: nil, bus)
      let before = try world.names("devices/LNXPWRBN:00")
      let device = try Self.button(4)
      try inputs.add(device, below: parent)
      let node = EventNode(device, minor: 66)
      try inputs.add(node)

      let path = "devices/LNXPWRBN:00/input/input4"
      #expect(try world.link("class/input/input4") == "../../\(path)")
      #expect(try world.link("class/input/event2") == "../../\(path)/event2")
      #expect(try world.link("dev/char/13:66") == "../../\(path)/event2")
      #expect(try world.link("\(path)/device") == "../../../LNXPWRBN:00")
      #expect(try world.link("\(path)/event2/device") == "../../input4")
      #expect(try world.link("\(path)/subsystem") == "../../../../class/input")
      #expect(try world.number("class/input/event2/device/device") == world.number("devices/LNXPWRBN:00"))
      #expect(
        Set(try world.names(path)) == [
          "uevent", "device", "subsystem", "power", "id", "capabilities", "name", "phys", "uniq", "properties",
          "modalias", "inhibited", "event2",
        ])
      #expect(try world.names("\(path)/id") == ["bustype", "vendor", "product", "version"])
      #expect(try world.names("\(path)/capabilities") == ["ev", "key", "rel", "abs", "msc", "led", "snd", "ff", "sw"])
      #expect(try world.text("\(path)/phys") == "LNXPWRBN/button/input0\n")
      #expect(try world.text("\(path)/uniq") == "\n")
      #expect(try world.text("\(path)/id/bustype") == "0019\n")
      #expect(try world.text("\(path)/capabilities/key") == "10000000000000 0\n")
      let alias = "input:b0019v0000p0001e0000-e0,1,k74,ramlsfw"
      #expect(try world.text("\(path)/modalias") == "\(alias)\n")
      #expect(
        try world.text("\(path)/uevent") == """
          PRODUCT=19/0/1/0
          NAME="Power Button"
          PHYS="LNXPWRBN/button/input0"
          PROP=0
          EV=3
          KEY=10000000000000 0
          MODALIAS=\(alias)

          """)
      #expect(try world.text("\(path)/event2/uevent") == "MAJOR=13\nMINOR=66\nDEVNAME=input/event2\n")

      inputs.remove(node)
      inputs.remove(device)
      #expect(try world.names("class/input") == [] && world.names("dev/char") == [])
      #expect(try world.names("devices/LNXPWRBN:00") == before)
      // What is not shown is not removed, and takes no files.
      inputs.remove(device)
      #expect(throws: Errno.ENODEV) { try inputs.add(node) }
    }
  }

  @Test("one that is a part of nothing is virtual")
  func virtual() throws {
    try withWorld { world in
      let inputs = InputDirectories(world.fileSystem)
      let before = try world.names("devices/virtual")
      let device = try Self.button(0)
      try inputs.add(device, below: nil)
      #expect(try world.link("class/input/input0") == "../../devices/virtual/input/input0")
      #expect(throws: Errno.ENOENT) { try world.link("class/input/input0/device") }
      inputs.remove(device)
      #expect(try world.names("devices/virtual") == before)
    }
  }

  @Test("programs are told of a device before its files, and of the end of these before its own and its parent's")
  func order() throws {
    try EventTests().withEvents { world, events in
      let inputs = InputDirectories(world.fileSystem)
      var bus = SystemDeviceDescription()
      bus.bus = "virtio"
      let parent = try world.fileSystem.addDevice("virtio0", below: nil, bus)
      try parent.setDriver("virtio_input", .later)
      _ = events.take()
      let device = try Self.device("Mouse", number: 3, InputIdentity(bus: 6))
      let (events3, mouse) = (EventNode(device, minor: 67), EventNode(device, minor: 68))
      // All of it is there when a program hears of it.
      var phys: [String] = []
      events.onEvent = { line in
        guard line.hasPrefix("add@") else { return }
        phys.append((try? world.text("\(line.dropFirst(5))/uevent")) ?? "missing")
      }
      try inputs.add(device, below: parent)
      try inputs.add(events3)
      try inputs.add(mouse)
      parent.announce(.bind)
      events.onEvent = nil
      let path = "/devices/virtio0/input/input3"
      #expect(
        Self.firstLines(events) == ["add@\(path)", "add@\(path)/event3", "add@\(path)/event4", "bind@/devices/virtio0"])
      #expect(phys.count == 3 && phys[0].hasPrefix("PRODUCT=6/0/0/0\n") && phys[1].hasSuffix("DEVNAME=input/event3\n"))

      inputs.remove(mouse)
      inputs.remove(events3)
      inputs.remove(device)
      try parent.setDriver(nil)
      parent.remove()
      #expect(
        Self.firstLines(events) == [
          "remove@\(path)/event4", "remove@\(path)/event3", "remove@\(path)", "unbind@/devices/virtio0",
          "remove@/devices/virtio0",
        ])
    }
  }

  @Test("a device whose parent goes first goes before it, and later nothing is left to remove")
  func parentFirst() throws {
    try EventTests().withEvents { world, events in
      let inputs = InputDirectories(world.fileSystem)
      var bus = SystemDeviceDescription()
      bus.bus = "virtio"
      let parent = try world.fileSystem.addDevice("virtio0", below: nil, bus)
      let device = try Self.button(7)
      try inputs.add(device, below: parent)
      let node = EventNode(device, minor: 64)
      try inputs.add(node)
      _ = events.take()
      parent.remove()
      let path = "/devices/virtio0/input/input7"
      #expect(Self.firstLines(events) == ["remove@\(path)/event0", "remove@\(path)", "remove@/devices/virtio0"])
      #expect(try world.names("class/input") == [] && world.names("dev/char") == [])
      inputs.remove(node)
      inputs.remove(device)
      #expect(events.take() == [])
      // What comes too late finds nothing to be below.
      let late = try Self.button(8)
      #expect(throws: Errno.ENODEV) { try inputs.add(late, below: parent) }
      #expect(events.take() == [])
      #expect(try world.names("class/input") == [])
    }
  }

  @Test("/proc and /sys agree on where a device is")
  func path() throws {
    try withWorld { world in
      let inputs = InputDirectories(world.fileSystem)
      let device = try Self.button(2)
      var text = TextBuffer()
      inputs.writePath(of: device, to: &text)
      #expect(text.count == 0)
      try inputs.add(device, below: nil)
      inputs.writePath(of: device, to: &text)
      let bytes = text.bytes
      let path = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
      #expect(path == "/devices/virtual/input/input2")
    }
  }

  @Test("writing to inhibited has events come to nothing")
  func inhibited() throws {
    try withWorld { world in
      let inputs = InputDirectories(world.fileSystem)
      let device = try Self.button(5)
      try inputs.add(device, below: nil)
      let file = "class/input/input5/inhibited"
      #expect(try world.text(file) == "0\n")
      for (word, isInhibited) in [
        ("1\n", true), ("0", false), ("Y", true), ("no", false), ("on\n", true), ("OFF", false), ("true", true),
        ("F", false),
      ] {
        try world.write(word, to: file)
        #expect(device.isInhibited == isInhibited, "\(word)")
      }
      for word in ["2", "\n", "o", "ok", "-1"] {
        #expect(throws: Errno.EINVAL, "\(word)") { try world.write(word, to: file) }
      }
    }
  }

  @Test("the keyboard and the mouse of a PC are at the ports of its controller")
  func serio() throws {
    try EventTests().withEvents { world, events in
      let inputs = InputDirectories(world.fileSystem)
      let controller = try world.fileSystem.addKeyboardController()
      let keyboardPort = try world.fileSystem.addPort(
        SerioPort(.translatedKeyboard, identifiers: "PNP0303 PNP030b"), below: controller)
      _ = events.take()
      let mousePort = try world.fileSystem.addPort(SerioPort(.mouse), below: controller)
      let mouse = try Self.device("Mouse", number: 1, InputIdentity(bus: 0x11), path: "isa0060/serio1/input0")
      try inputs.add(mouse, below: mousePort)
      mousePort.announce(.bind)
      let path = "devices/platform/i8042"
      #expect(
        Self.firstLines(events) == [
          "add@/\(path)/serio1", "add@/bus/serio/drivers/psmouse", "add@/\(path)/serio1/input/input1",
          "bind@/\(path)/serio1",
        ])
      #expect(try world.link("bus/platform/drivers/i8042/i8042") == "../../../../\(path)")
      #expect(try world.link("bus/serio/devices/serio0") == "../../../\(path)/serio0")
      #expect(try world.link("\(path)/serio0/driver") == "../../../../bus/serio/drivers/atkbd")
      #expect(try world.text("\(path)/uevent") == "DRIVER=i8042\nMODALIAS=platform:i8042\n")
      #expect(try world.text("\(path)/serio0/description") == "i8042 KBD port\n")
      #expect(try world.text("\(path)/serio0/firmware_id") == "PNP: PNP0303 PNP030b\n")
      #expect(try world.text("\(path)/serio0/id/type") == "06\n" && world.text("\(path)/serio1/id/type") == "01\n")
      #expect(
        try world.text("\(path)/serio0/uevent") == """
          DRIVER=atkbd
          SERIO_TYPE=06
          SERIO_PROTO=00
          SERIO_ID=00
          SERIO_EXTRA=00
          MODALIAS=serio:ty06pr00id00ex00
          SERIO_FIRMWARE_ID=PNP: PNP0303 PNP030b

          """)
      #expect(try world.text("\(path)/serio1/firmware_id") == "\n")
      #expect(try world.text("\(path)/serio1/uevent").hasSuffix("MODALIAS=serio:ty01pr00id00ex00\n"))
      #expect(try world.link("class/input/input1") == "../../\(path)/serio1/input/input1")
      #expect(throws: Errno.EEXIST) { try world.fileSystem.addKeyboardController() }
      _ = keyboardPort
    }
  }
}
