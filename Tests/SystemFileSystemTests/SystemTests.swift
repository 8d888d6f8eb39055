import Foundations
import LinuxABI
import Machine
import Security
import SyntheticFiles
import Testing
import VFS
import VirtualMemory

@testable import SystemFileSystem

@Suite("The tree of /sys")
struct SystemTests {
  @Test("functions of PCI lie below their bridges, and are found by their bus")
  func functions() throws {
    try withWorld { world in
      #expect(
        try world.names("bus/pci/devices") == ["0000:00:01.0", "0000:00:02.0", "0000:00:1c.0", "0000:01:00.0"])
      let path = "devices/pci0000:00/0000:00:01.0/0000:01:00.0"
      #expect(try world.link("bus/pci/devices/0000:01:00.0") == "../../../\(path)")
      #expect(try world.number("bus/pci/devices/0000:01:00.0") == world.number(path))
      #expect(try world.number("\(path)/subsystem") == world.number("bus/pci"))
      #expect(try world.text("\(path)/vendor") == "0x8086\n")
      #expect(try world.text("\(path)/device") == "0x10d3\n")
      #expect(try world.text("\(path)/subsystem_device") == "0x1100\n")
      #expect(try world.text("\(path)/class") == "0x020000\n")
      #expect(try world.text("\(path)/irq") == "11\n")
      #expect(
        try world.text("\(path)/modalias") == "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00\n")
      let resources = try world.text("\(path)/resource").split(separator: "\n")
      #expect(resources.count == 7)
      #expect(resources[0] == "0x00000000fe040000 0x00000000fe04ffff 0x0000000000040200")
      #expect(resources[6] == "0x0000000000000000 0x0000000000000000 0x0000000000000000")
      #expect(try world.text("bus/pci/devices/0000:00:01.0/resource").split(separator: "\n").count == 11)
      #expect(
        try world.text("\(path)/uevent")
          == """
          PCI_CLASS=20000
          PCI_ID=8086:10D3
          PCI_SUBSYS_ID=1AF4:1100
          PCI_SLOT_NAME=0000:01:00.0
          MODALIAS=pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00

          """)
    }
  }

  @Test("configuration space can be read, but only its beginning by everybody")
  func configuration() throws {
    try withWorld { world in
      let path = "bus/pci/devices/0000:01:00.0/config"
      let all = try world.bytes(path)
      #expect(all.count == 256)
      #expect(all[0..<4] == [0x86, 0x80, 0xd3, 0x10])
      world.credentials = Credentials(user: UserID(rawValue: 1), group: GroupID(rawValue: 1))
      #expect(try world.bytes(path) == Array(all[0..<64]))
    }
  }

  @Test("devices come with the links to them and go with them")
  func devices() throws {
    try withWorld { world in
      let before = try (world.names("class"), world.names("devices/virtual"), world.names("dev/char"))
      var null = SystemDeviceDescription()
      (null.className, null.number) = ("mem", DeviceNumber(1, 3))
      let device = try world.fileSystem.addDevice("null", below: nil, null)
      #expect(try world.link("class/mem/null") == "../../devices/virtual/mem/null")
      #expect(try world.link("dev/char/1:3") == "../../devices/virtual/mem/null")
      #expect(try world.link("devices/virtual/mem/null/subsystem") == "../../../../class/mem")
      #expect(try world.text("dev/char/1:3/uevent") == "MAJOR=1\nMINOR=3\nDEVNAME=null\n")
      #expect(try world.text("dev/char/1:3/dev") == "1:3\n")
      #expect(throws: Errno.EEXIST) { try world.fileSystem.addDevice("null", below: nil, null) }
      // What could not be made whole has left no device.
      null.className = "other"
      #expect(throws: Errno.EEXIST) { try world.fileSystem.addDevice("nothing", below: nil, null) }
      #expect(throws: Errno.ENOENT) { try world.names("devices/virtual/other") }
      #expect(throws: Errno.ENOENT) { try world.names("class/other") }
      #expect(try world.text("dev/char/1:3/dev") == "1:3\n")
      try device.directory.add("extra") { text in text.write("42\n") }
      #expect(try world.text("class/mem/null/extra") == "42\n")
      device.remove()
      #expect(throws: Errno.ENOENT) { try world.text("dev/char/1:3/dev") }
      #expect(throws: Errno.ENOENT) { try world.text("devices/virtual/mem/null/dev") }
      #expect(try world.names("class/mem") == [])
      #expect(throws: Errno.ENOENT) { try world.names("devices/virtual/mem") }
      #expect(try world.names("dev/char") == before.2)
    }
  }

  @Test("a device that belongs to another lies below it, in its class's directory, and drivers are linked to both ways")
  func drivers() throws {
    try withWorld { world in
      var serial = SystemDeviceDescription()
      serial.bus = "platform"
      let parent = try world.fileSystem.addDevice("serial8250", below: nil, serial)
      var terminal = SystemDeviceDescription()
      (terminal.className, terminal.number) = ("tty", DeviceNumber(4, 64))
      let child = try world.fileSystem.addDevice("ttyS0", below: parent, terminal)
      #expect(try world.link("class/tty/ttyS0") == "../../devices/platform/serial8250/tty/ttyS0")
      #expect(try world.link("class/tty/ttyS0/device") == "../../../serial8250")
      #expect(try world.number("class/tty/ttyS0/device") == world.number("bus/platform/devices/serial8250"))
      try parent.setDriver("ns16550")
      #expect(try world.link("devices/platform/serial8250/driver") == "../../../bus/platform/drivers/ns16550")
      #expect(
        try world.link("bus/platform/drivers/ns16550/serial8250") == "../../../../devices/platform/serial8250")
      try parent.setDriver("other")
      #expect(try world.names("bus/platform/drivers/ns16550") == ["bind", "unbind", "uevent"])
      #expect(try world.number("devices/platform/serial8250/driver") == world.number("bus/platform/drivers/other"))
      child.remove()
      parent.remove()
      #expect(try world.names("bus/platform/drivers/other") == ["bind", "unbind", "uevent"])
      #expect(try world.names("bus/platform/devices") == [])
    }
  }

  @Test("the directory between a device and what belongs to it is there while something of the class is")
  func between() throws {
    try withWorld { world in
      var card = SystemDeviceDescription()
      card.bus = "virtio"
      let parent = try world.fileSystem.addDevice("virtio0", below: nil, card)
      let path = "devices/virtio0"
      let before = try world.names(path)
      var port = SystemDeviceDescription()
      port.className = "virtio-ports"
      let first = try world.fileSystem.addDevice("vport0p1", below: parent, port)
      let number = try world.number("\(path)/virtio-ports")
      let second = try world.fileSystem.addDevice("vport0p2", below: parent, port)
      #expect(try world.names("\(path)/virtio-ports") == ["vport0p1", "vport0p2"])
      #expect(throws: Errno.EEXIST) { try world.fileSystem.addDevice("vport0p2", below: parent, port) }
      first.remove()
      #expect(try world.names("\(path)/virtio-ports") == ["vport0p2"])
      #expect(try world.number("\(path)/virtio-ports") == number)
      second.remove()
      #expect(try world.names(path) == before)
      let third = try world.fileSystem.addDevice("vport0p1", below: parent, port)
      #expect(try world.link("class/virtio-ports/vport0p1") == "../../\(path)/virtio-ports/vport0p1")
      #expect(try world.link("\(path)/virtio-ports/vport0p1/device") == "../../../virtio0")
      // What belongs to one of a class lies below it as it is, whatever its own class.
      var clock = SystemDeviceDescription()
      clock.className = "ptp"
      _ = try world.fileSystem.addDevice("ptp0", below: third, clock)
      #expect(try world.link("class/ptp/ptp0") == "../../\(path)/virtio-ports/vport0p1/ptp0")
      #expect(try world.link("class/ptp/ptp0/device") == "../../vport0p1")
      parent.remove()
      #expect(try world.names("class/ptp") == [] && world.names("class/virtio-ports") == [])
      #expect(throws: Errno.ENOENT) { try world.fileSystem.addDevice("vport0p1", below: parent, port) }
      #expect(try world.names("class/virtio-ports") == [])
    }
  }

  @Test("a device may be called otherwise than its file")
  func fileName() throws {
    try withWorld { world in
      var random = SystemDeviceDescription()
      (random.className, random.number, random.fileName) = ("misc", DeviceNumber(10, 183), "hwrng")
      let device = try world.fileSystem.addDevice("hw_random", below: nil, random)
      #expect(try world.link("class/misc/hw_random") == "../../devices/virtual/misc/hw_random")
      #expect(try world.text("class/misc/hw_random/uevent") == "MAJOR=10\nMINOR=183\nDEVNAME=hwrng\n")
      device.remove()
    }
  }

  @Test("CPUs, memory and settings say what programs look for")
  func machine() throws {
    try withWorld { world in
      #expect(try world.text("devices/system/cpu/online") == "0\n")
      #expect(try world.text("devices/system/cpu/kernel_max") == "63\n")
      #expect(try world.text("devices/system/cpu/cpu0/topology/core_cpus_list") == "0\n")
      #expect(try world.text("devices/system/cpu/cpu0/topology/package_cpus") == "1\n")
      #expect(try world.text("devices/system/node/node0/cpulist") == "0\n")
      #expect(try world.text("devices/system/node/node0/meminfo").hasPrefix("Node 0 MemTotal: "))
      let huge = "kernel/mm/transparent_hugepage/enabled"
      let old = AddressSpace.hugePages
      defer { AddressSpace.hugePages = old }
      try world.write("madvise\n", to: huge)
      #expect(AddressSpace.hugePages == .advised)
      #expect(try world.text(huge) == "always [madvise] never\n")
      #expect(throws: Errno.EINVAL) { try world.write("sometimes", to: huge) }
      #expect(throws: Errno.EINVAL) { try world.write("madvise\n\n", to: huge) }
    }
  }
}

@Suite("Sets of CPUs as texts")
struct ProcessorTextTests {
  private func texts(_ bits: UInt64) -> [String] {
    var mask = TextBuffer()
    var list = TextBuffer()
    mask.write(processorMask: bits)
    list.write(processorList: bits)
    let (maskBytes, listBytes) = (mask.bytes, list.bytes)
    return [
      String(decoding: maskBytes.indices.map { maskBytes[$0] }, as: UTF8.self),
      String(decoding: listBytes.indices.map { listBytes[$0] }, as: UTF8.self),
    ]
  }

  @Test("masks are in words of 32 bits, lists in ranges")
  func texts() {
    #expect(texts(0) == ["0", ""])
    #expect(texts(1) == ["1", "0"])
    #expect(texts(0xf) == ["f", "0-3"])
    #expect(texts(0b101101) == ["2d", "0,2-3,5"])
    #expect(texts(.max) == ["ffffffff,ffffffff", "0-63"])
    #expect(texts(1 << 63) == ["80000000,00000000", "63"])
    #expect(texts(3 << 62 | 1) == ["c0000000,00000001", "0,62-63"])
  }
}
