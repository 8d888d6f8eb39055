import Foundations
import Machine
import PCI
import SyntheticFiles
import SystemFileSystem
import VFS

/// `/proc/bus/pci`: a directory for each bus with a file for each function, and a list. Source: proc(5), `/proc/bus/pci`; Linux
/// Documentation/PCI.
extension ProcessFileSystem {
  func addPCIFiles(to buses: SyntheticDirectory) throws(Errno) {
    let directory = PCIBusesDirectory(self)
    try buses.add("pci", directory)
    try directory.add("devices") { text in
      var last: PCIAddress?
      while let function = PCISystem.function(after: last) {
        last = function.address
        PCIFunctionLine.write(function, to: &text)
      }
    }
  }
}

/// The line of a function: bus and place, numbers, interrupt, ranges, their sizes, and the driver.
enum PCIFunctionLine {
  static func write(_ function: PCIFunction, to text: inout TextBuffer) {
    text.write(hex: UInt64(function.address.routing), width: 4)
    text.write("\t")
    text.write(hex: UInt64(function.vendor), width: 4)
    text.write(hex: UInt64(function.device), width: 4)
    text.write("\t")
    text.write(hex: UInt64(function.firmwareInterruptLine ?? 0))
    for slot in PCIResourceSlot.allCases where slot.rawValue <= PCIResourceSlot.rom.rawValue {
      // The low bits of the register are the address's.
      writeField(range(of: slot, in: function).map { $0.lowerBound | typeBits(of: slot, in: function) } ?? 0, to: &text)
    }
    for slot in PCIResourceSlot.allCases where slot.rawValue <= PCIResourceSlot.rom.rawValue {
      writeField(range(of: slot, in: function).map { $0.upperBound - $0.lowerBound } ?? 0, to: &text)
    }
    text.write("\t")
    if let driver = function.boundDriver { text.write(driver.description) }
    text.write("\n")
  }

  private static func range(of slot: PCIResourceSlot, in function: PCIFunction) -> Range<UInt64>? {
    slot == .rom ? function.shadowROM ?? function[slot].range : function[slot].range
  }

  private static func writeField(_ value: UInt64, to text: inout TextBuffer) {
    text.write("\t")
    let digits = value == 0 ? 1 : (67 - value.leadingZeroBitCount) / 4
    text.write(repeating: 0x20, count: 16 - digits)
    text.write(hex: value)
  }

  private static func typeBits(of slot: PCIResourceSlot, in function: PCIFunction) -> UInt64 {
    let resource = function[slot]
    if slot == .rom { return function.shadowROM != nil ? 2 : function.isROMEnabled ? 1 : 0 }
    let wide: UInt64 = resource.is64Bit ? 4 : 0
    switch resource.kind {
    case .none: return 0
    case .ports: return 1
    case .memory: return wide
    case .prefetchable: return 8 | wide
    }
  }
}

/// Names of buses and functions: `00` or `0001:00`, and `1f.2`.
private enum PCIFunctionName {
  static func bus(_ address: PCIAddress) -> Message {
    var name = Message()
    if address.segment != 0 {
      name.write(hex: UInt64(address.segment), width: 4)
      name.write(":")
    }
    name.write(hex: UInt64(address.bus), width: 2)
    return name
  }

  static func function(_ address: PCIAddress) -> Message {
    var name = Message()
    name.write(hex: UInt64(address.device), width: 2)
    name.write(".")
    name.write(hex: UInt64(address.function))
    return name
  }

  static func isEqual(_ message: Message, _ name: Span<UInt8>) -> Bool {
    guard message.count == name.count else { return false }
    for index in name.indices where message.bytes[index] != name[index] { return false }
    return true
  }

  /// The number of the file of a bus or a function; no process has one so high.
  static func inode(_ address: PCIAddress, isBus: Bool) -> UInt64 {
    let base: UInt64 = isBus ? 0x4000_0001_0000_0000 : 0x4000_0000_0000_0000
    return base | UInt64(address.segment) << 16 | UInt64(isBus ? UInt16(address.bus) << 8 : address.routing)
  }

  /// The first function of the next bus behind that of `address`; the first of all when that is nil.
  static func nextBus(after address: PCIAddress?) -> PCIFunction? {
    PCISystem.function(after: address.map { PCIAddress(segment: $0.segment, bus: $0.bus, place: .max) })
  }
}

/// `/proc/bus/pci`.
private final class PCIBusesDirectory: SyntheticDirectory {
  private let system: ProcessFileSystem

  init(_ system: ProcessFileSystem) {
    self.system = system
    super.init(system)
  }

  override func lookUpOther(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    var last: PCIAddress?
    while let function = PCIFunctionName.nextBus(after: last) {
      last = function.address
      if PCIFunctionName.isEqual(PCIFunctionName.bus(function.address), name) {
        return PCIBusDirectory(system, function.address)
      }
    }
    return nil
  }

  override func listOthers(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    var last: PCIAddress?
    while let function = PCIFunctionName.nextBus(after: last) {
      last = function.address
      let place = Self.otherPositions + Int64(function.address.segment) << 8 + Int64(function.address.bus)
      guard place >= position else { continue }
      let name = PCIFunctionName.bus(function.address)
      let number = PCIFunctionName.inode(function.address, isBus: true)
      guard try emit(name.bytes, number, .directory, place + 1) else { return }
    }
  }
}

/// `/proc/bus/pci/<bus>`.
private final class PCIBusDirectory: SyntheticDirectory {
  private let system: ProcessFileSystem
  private let bus: PCIAddress

  init(_ system: ProcessFileSystem, _ address: PCIAddress) {
    self.system = system
    bus = PCIAddress(segment: address.segment, bus: address.bus, place: 0)
    super.init(system, number: PCIFunctionName.inode(address, isBus: true))
  }

  /// The bus may go.
  override var isLasting: Bool { false }

  /// The function on the bus at `place` or behind it.
  private func function(from place: UInt8) -> PCIFunction? {
    let address = PCIAddress(segment: bus.segment, bus: bus.bus, place: place)
    if let function = PCISystem.function(at: address) { return function }
    guard let next = PCISystem.function(after: address), next.address.segment == bus.segment,
      next.address.bus == bus.bus
    else { return nil }
    return next
  }

  override func lookUpOther(_ name: Span<UInt8>) throws(Errno) -> Inode? {
    var place: UInt8 = 0
    while let function = function(from: place) {
      if PCIFunctionName.isEqual(PCIFunctionName.function(function.address), name) {
        return PCIFunctionInode(system, function)
      }
      guard function.address.place < .max else { return nil }
      place = function.address.place + 1
    }
    return nil
  }

  override func listOthers(
    from position: Int64, _ emit: (_ name: Span<UInt8>, UInt64, FileKind, _ next: Int64) throws(Errno) -> Bool
  ) throws(Errno) {
    var place = UInt8(clamping: position - Self.otherPositions)
    guard position <= Self.otherPositions + 0xff else { return }
    while let function = function(from: place) {
      let name = PCIFunctionName.function(function.address)
      let number = PCIFunctionName.inode(function.address, isBus: false)
      let next = Self.otherPositions + Int64(function.address.place) + 1
      guard try emit(name.bytes, number, .regular, next), function.address.place < .max else { return }
      place = function.address.place + 1
    }
  }
}

/// `/proc/bus/pci/<bus>/<device>.<function>`: configuration space.
private final class PCIFunctionInode: SyntheticInode {
  private let address: PCIAddress
  private let identity: UInt32

  init(_ system: ProcessFileSystem, _ function: PCIFunction) {
    address = function.address
    identity = UInt32(function.vendor) << 16 | UInt32(function.device)
    super.init(
      system, number: PCIFunctionName.inode(function.address, isBus: false), .regular, permissions: 0o644)
    let size = Int64(function.usedByteCount)
    attributes.withLock { $0.size = size }
  }

  /// Another function may come.
  override var isLasting: Bool { false }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile {
    let (address, identity) = (address, identity)
    return try PCIConfigurationFile(request, self, address) {
      guard let function = PCISystem.function(at: address) else { return false }
      return UInt32(function.vendor) << 16 | UInt32(function.device) == identity
    }
  }
}
