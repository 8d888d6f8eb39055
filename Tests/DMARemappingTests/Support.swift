import Foundations
import Machine
import PCI

@testable import DMARemapping

/// Configuration space of functions that a test lists: just enough for a hierarchy to find them.
final class ListedFunctions: PCIConfigurationAccess {
  private var functions: [UInt16: [UInt8]] = [:]

  func byteCount(of address: PCIAddress) -> Int { 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard address.segment == 0, let bytes = functions[address.routing], offset >= 0, offset + width <= bytes.count
    else {
      return .max
    }
    return (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    // Bus numbers can be written; base addresses and windows are not there.
    guard offset >= 0x18, offset + width <= 0x1c, functions[address.routing] != nil else { return }
    for byte in 0..<width {
      functions[address.routing]?[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
    }
  }

  private func make(_ address: PCIAddress, classCode: UInt32, header: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 256)
    (bytes[0], bytes[1], bytes[2]) = (0x86, 0x80, 1)
    (bytes[10], bytes[11]) = (UInt8(truncatingIfNeeded: classCode >> 8), UInt8(truncatingIfNeeded: classCode >> 16))
    bytes[14] = header
    return bytes
  }

  func addDevice(_ address: PCIAddress) {
    functions[address.routing] = make(address, classCode: 0x02_0000, header: 0)
  }

  /// Adds a bridge; `portType` of PCI Express, nil for a conventional one.
  func addBridge(_ address: PCIAddress, to bus: UInt8, through last: UInt8, portType: UInt8?) {
    var bytes = make(address, classCode: 0x06_0400, header: 1)
    (bytes[0x18], bytes[0x19], bytes[0x1a]) = (address.bus, bus, last)
    if let portType {
      (bytes[6], bytes[0x34]) = (0x10, 0x40)
      (bytes[0x40], bytes[0x42]) = (0x10, 2 | portType << 4)
    }
    functions[address.routing] = bytes
  }

  func withHierarchy<Result>(_ body: (borrowing PCIHierarchy) throws -> Result) throws -> Result {
    var hierarchy = PCIHierarchy(self)
    try hierarchy.add(PCIRoot())
    try hierarchy.scan { _ in }
    return try body(hierarchy)
  }
}

func address(_ bus: UInt8, _ device: UInt8, _ function: UInt8 = 0) -> PCIAddress {
  PCIAddress(bus: bus, device: device, function: function)
}

extension ListedFunctions {
  /// 00:02.0; a root port 00:1c.0 to bus 1 with 01:00.0; 00:1e.0 to PCI bus 2 with 02:01.0 and 02:02.0, a conventional bridge 02:03.0
  /// to bus 3 with 03:04.0.
  static func usual() -> ListedFunctions {
    let functions = ListedFunctions()
    functions.addDevice(address(0, 2))
    functions.addBridge(address(0, 0x1c), to: 1, through: 1, portType: 4)
    functions.addDevice(address(1, 0))
    functions.addBridge(address(0, 0x1e), to: 2, through: 3, portType: 7)
    functions.addDevice(address(2, 1))
    functions.addDevice(address(2, 2))
    functions.addBridge(address(2, 3), to: 3, through: 3, portType: nil)
    functions.addDevice(address(3, 4))
    return functions
  }

  func path(_ address: PCIAddress) throws -> DMAPath { try withHierarchy { try DMAPath(to: address, in: $0) } }
}

/// A report that keeps what it is told.
final class NotingReport: RemappingReport {
  var faults: [RemappingFault] = []
  var suppressed: UInt64 = 0
  var problems: [String] = []
  var time: UInt64 = 0

  override func fault(_ fault: RemappingFault, at unit: Message, isAttached: Bool, suppressed: UInt64) {
    faults.append(fault)
    self.suppressed += suppressed
  }

  override func problem(_ text: StaticString, at unit: Message) { problems.append(text.description) }
  override var nanoseconds: UInt64 { time }
}

/// A sink that keeps what it is told.
final class NotingSink: RemappingFaultSink {
  var faults: [RemappingFault] = []
  var lostCount = 0
  override func note(_ fault: RemappingFault) { faults.append(fault) }
  override func noteLost() { lostCount += 1 }
}
