import Foundations
import LinuxABI
import Machine
import PCI
import Security
import SyntheticFiles
import VFS

/// /sys/bus/pci/devices. Source: Linux Documentation/ABI/testing/sysfs-bus-pci.
extension SystemFileSystem {
  /// Adds the functions that were found, each below the bridge that leads to it.
  func addPCIFunctions() throws(Errno) {
    var roots = GrowableArray<(address: PCIAddress, device: SystemDevice)>()
    var functions = GrowableArray<(address: PCIAddress, device: SystemDevice)>()
    var index = 0
    // One at a time: the hierarchy is not to be held for long, and a bridge comes before what is behind it.
    while let (function, bridge) = PCISystem.withHierarchy({ Self.function(index, in: $0) }) ?? nil {
      index += 1
      let parent: SystemDevice
      if let bridge, let found = Self.find(bridge, in: functions) {
        parent = found
      } else {
        let bus = PCIAddress(segment: function.address.segment, bus: function.address.bus, place: 0)
        if let found = Self.find(bus, in: roots) {
          parent = found
        } else {
          parent = try addDevice(PCIText.busName(bus).bytes, below: nil, SystemDeviceDescription())
          try roots.append((bus, parent))
        }
      }
      try functions.append((function.address, try add(function, below: parent)))
    }
  }

  private static func find(
    _ address: PCIAddress, in devices: borrowing GrowableArray<(address: PCIAddress, device: SystemDevice)>
  ) -> SystemDevice? {
    for index in 0..<devices.count where devices[index].address == address { return devices[index].device }
    return nil
  }

  private static func function(
    _ index: Int, in hierarchy: borrowing PCIHierarchy
  ) -> (PCIFunction, bridge: PCIAddress?)? {
    guard index < hierarchy.count else { return nil }
    let function = hierarchy[index]
    let bridge = hierarchy.bridge(toBus: function.address.bus, segment: function.address.segment)
    return (function, bridge.map { hierarchy[$0].address })
  }

  private func add(_ function: PCIFunction, below parent: SystemDevice?) throws(Errno) -> SystemDevice {
    let name = PCIText.name(of: function.address)
    var description = SystemDeviceDescription()
    description.bus = "pci"
    description.facts = { text in PCIText.writeFacts(function, to: &text) }
    let device = try addDevice(name.bytes, below: parent, description)
    let directory = device.directory
    try directory.addHex("vendor", UInt64(function.vendor), width: 4)
    try directory.addHex("device", UInt64(function.device), width: 4)
    try directory.addHex("subsystem_vendor", UInt64(function.subsystemVendor), width: 4)
    try directory.addHex("subsystem_device", UInt64(function.subsystemDevice), width: 4)
    try directory.addHex("class", UInt64(function.classCode), width: 6)
    try directory.addHex("revision", UInt64(function.revision), width: 2)
    try directory.add("irq") { text in
      text.write(decimal: UInt64(function.firmwareInterruptLine ?? 0))
      text.write("\n")
    }
    try directory.add("modalias") { text in
      PCIText.writeAlias(function, to: &text)
      text.write("\n")
    }
    try directory.add("resource") { text in PCIText.writeResources(function, to: &text) }
    try directory.add("numa_node") { text in text.write("-1\n") }
    try directory.add("local_cpulist") { text in
      text.write(processorList: Processor.online)
      text.write("\n")
    }
    try directory.add("config", ConfigurationInode(self, function))
    return device
  }
}

/// The texts of a function's attributes.
enum PCIText {
  /// Segment, bus, device and function.
  static func name(of address: PCIAddress) -> Message {
    var name = Message()
    name.write(hex: UInt64(address.segment), width: 4)
    name.write(":")
    name.write(hex: UInt64(address.bus), width: 2)
    name.write(":")
    name.write(hex: UInt64(address.device), width: 2)
    name.write(".")
    name.write(hex: UInt64(address.function))
    return name
  }

  /// A root bus.
  static func busName(_ bus: PCIAddress) -> Message {
    var name: Message = "pci"
    name.write(hex: UInt64(bus.segment), width: 4)
    name.write(":")
    name.write(hex: UInt64(bus.bus), width: 2)
    return name
  }

  static func writeFacts(_ function: PCIFunction, to text: inout TextBuffer) {
    text.write("PCI_CLASS=")
    text.write(upperHex: UInt64(function.classCode), width: 1)
    text.write("\nPCI_ID=")
    text.write(upperHex: UInt64(function.vendor), width: 4)
    text.write(":")
    text.write(upperHex: UInt64(function.device), width: 4)
    text.write("\nPCI_SUBSYS_ID=")
    text.write(upperHex: UInt64(function.subsystemVendor), width: 4)
    text.write(":")
    text.write(upperHex: UInt64(function.subsystemDevice), width: 4)
    text.write("\nPCI_SLOT_NAME=")
    text.write(name(of: function.address))
    text.write("\nMODALIAS=")
    writeAlias(function, to: &text)
    text.write("\n")
  }

  /// What modprobe(8) would look for.
  static func writeAlias(_ function: PCIFunction, to text: inout TextBuffer) {
    text.write("pci:v")
    text.write(upperHex: UInt64(function.vendor), width: 8)
    text.write("d")
    text.write(upperHex: UInt64(function.device), width: 8)
    text.write("sv")
    text.write(upperHex: UInt64(function.subsystemVendor), width: 8)
    text.write("sd")
    text.write(upperHex: UInt64(function.subsystemDevice), width: 8)
    text.write("bc")
    text.write(upperHex: UInt64(function.baseClass), width: 2)
    text.write("sc")
    text.write(upperHex: UInt64(function.subclass), width: 2)
    text.write("i")
    text.write(upperHex: UInt64(function.programmingInterface), width: 2)
  }

  /// A line for each base address and the ROM, and of a bridge for its windows and one more.
  static func writeResources(_ function: PCIFunction, to text: inout TextBuffer) {
    for slot in PCIResourceSlot.allCases {
      let isWindow = slot.rawValue > PCIResourceSlot.rom.rawValue
      if isWindow, !function.isBridge { continue }
      writeResource(function[slot], isROM: slot == .rom, to: &text)
    }
    if function.isBridge { writeResource(PCIResource(), isROM: false, to: &text) }
  }

  private static func writeResource(_ resource: PCIResource, isROM: Bool, to text: inout TextBuffer) {
    guard let range = resource.range else {
      return text.write("0x0000000000000000 0x0000000000000000 0x0000000000000000\n")
    }
    text.write("0x")
    text.write(hex: range.lowerBound, width: 16)
    text.write(" 0x")
    text.write(hex: range.upperBound - 1, width: 16)
    text.write(" 0x")
    text.write(hex: flags(of: resource, isROM: isROM), width: 16)
    text.write("\n")
  }

  /// Source: Linux linux/ioport.h: what the addresses are, IORESOURCE_SIZEALIGN, and the low bits of the register.
  private static func flags(of resource: PCIResource, isROM: Bool) -> UInt64 {
    let sizeAligned: UInt64 = 0x4_0000
    if isROM { return sizeAligned | 0x6200 }
    let wide: UInt64 = resource.is64Bit ? 0x10_0004 : 0
    switch resource.kind {
    case .none: return 0
    case .ports: return sizeAligned | 0x101
    case .memory: return sizeAligned | 0x200 | wide
    case .prefetchable: return sizeAligned | 0x2208 | wide
    }
  }
}

/// `config`: a function's configuration space, to be read; behind the first 64 bytes by the superuser only, as reading there
/// has been known to hang devices.
private final class ConfigurationInode: SyntheticInode {
  let function: PCIFunction

  init(_ fileSystem: SystemFileSystem, _ function: PCIFunction) {
    self.function = function
    super.init(fileSystem, .regular, permissions: 0o444)
    let count = Int64(function.space.count)
    attributes.withLock { $0.size = count }
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile { try ConfigurationFile(request, self) }
}

private final class ConfigurationFile: OpenFile {
  private static let publicCount = 64

  private let function: PCIFunction

  init(_ request: OpenRequest, _ inode: ConfigurationInode) throws(Errno) {
    function = inode.function
    try super.init(request, inode)
  }

  override var isSeekable: Bool { true }

  override func endOffset() throws(Errno) -> Int64 { Int64(function.space.count) }

  override func readContent(_ buffer: inout IOBuffer, at offset: Int64) throws(Errno) -> Int {
    let space = function.space
    let end = credentials.has(.CAP_SYS_ADMIN) ? space.count : min(space.count, Self.publicCount)
    guard offset < Int64(end) else { return 0 }
    var position = Int(offset)
    var total = 0
    while position < end, buffer.remaining > 0 {
      var bytes = InlineArray<4, UInt8>(repeating: 0)
      // Whole words where they are aligned, as some registers take nothing else.
      let isWord = position & 3 == 0 && end - position >= 4 && buffer.remaining >= 4
      let value = isWord ? space.read32(at: position) : UInt32(space.read8(at: position))
      for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
      do throws(Errno) {
        let moved = try buffer.write(bytes.span.extracting(0..<(isWord ? 4 : 1)))
        total += moved
        position += moved
        if moved == 0 { break }
      } catch {
        if total > 0 { return total }
        throw error
      }
    }
    return total
  }
}

extension SyntheticDirectory {
  /// Adds a number in hexadecimal behind `0x`.
  fileprivate func addHex(_ name: StaticString, _ value: UInt64, width: Int) throws(Errno) {
    try add(name) { text in
      text.write("0x")
      text.write(hex: value, width: width)
      text.write("\n")
    }
  }
}

extension TextBuffer {
  /// Writes `value` in hexadecimal with capital letters.
  fileprivate mutating func write(upperHex value: UInt64, width: Int) {
    var shift = max(width - 1, value == 0 ? 0 : (63 - value.leadingZeroBitCount) / 4) * 4
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 15)
      write(byte: digit < 10 ? 0x30 + digit : 0x37 + digit)
      shift -= 4
    }
  }
}
