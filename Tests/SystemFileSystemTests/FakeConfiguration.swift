import Foundations
import Machine
import PCI
import Synchronization

/// Configuration space of a machine with
/// - a bridge at 00:01.0 and a network card behind it at 01:00.0,
/// - a display at 00:02.0,
/// - a port at 00:1c.0 whose slot 5 is empty until something is plugged in.
final class FakeConfiguration: PCIConfigurationAccess {
  struct Function {
    var bytes: [UInt8]
    /// What of each base address register and of the ROM's register is kept.
    var masks: [Int: UInt32] = [:]

    init(byteCount: Int = 256, _ values: [Int: UInt8], masks: [Int: UInt32] = [:]) {
      bytes = Array(repeating: 0, count: byteCount)
      for (offset, value) in values { bytes[offset] = value }
      self.masks = masks
    }
  }

  /// The functions. Tests that change them hold `SimulatedMemory.exclusive`, and leave them as they were.
  private static let functions = Mutex<[UInt16: Function]>([:])

  static let port: UInt16 = 0xe0
  static let slot: UInt16 = 0x200

  /// Makes them the machine's, whatever it had before.
  static func install() {
    functions.withLock { $0 = made }
    PCISystem.install(PCIHierarchy(FakeConfiguration()))
    _ = try? PCISystem.change { (hierarchy: inout PCIHierarchy) throws(Errno) in
      hierarchy = PCIHierarchy(FakeConfiguration())
      try? hierarchy.add(PCIRoot())
      try? hierarchy.scan { _ in }
    }
  }

  private static var made: [UInt16: Function] {
    var functions: [UInt16: Function] = [:]
    functions[0x08] = Function([
      0: 0x86, 1: 0x80, 2: 0x0c, 8: 2, 10: 4, 11: 6, 14: 1, 0x19: 1, 0x1a: 1, 0x21: 0xfe, 0x23: 0xfe,
    ])
    functions[0x100] = Function(
      [
        0: 0x86, 1: 0x80, 2: 0xd3, 3: 0x10, 4: 2, 11: 2, 0x12: 4, 0x13: 0xfe, 0x2c: 0xf4, 0x2d: 0x1a, 0x2f: 0x11,
        0x3c: 11, 0x3d: 1,
      ], masks: [0x10: 0xffff_0000])
    functions[0x10] = Function(
      [0: 0x34, 1: 0x12, 2: 0x11, 3: 0x11, 4: 3, 11: 3, 0x10: 0x08, 0x13: 0xfd, 0x32: 0xfe, 0x33: 0xfe],
      masks: [0x10: 0xff00_0000, 0x14: 0xffff_ffc1, 0x30: 0xffff_0001])
    functions[port] = Function(
      byteCount: 4096,
      [
        0: 0x36, 1: 0x1b, 2: 0x0c, 6: 0x10, 10: 4, 11: 6, 14: 1, 0x19: 2, 0x1a: 2, 0x34: 0x40,
        // PCI Express: a root port with a slot, number 5, that can be filled and has a lamp; a link of 5 GT/s and four lanes, of which one is used.
        0x40: 0x10, 0x41: 0x80, 0x42: 0x42, 0x43: 1, 0x4c: 0x42, 0x52: 0x11, 0x54: 0x4a, 0x56: 0x28,
        // The board that it stands on.
        0x80: 0x0d, 0x84: 0x36, 0x85: 0x1b, 0x86: 7,
      ])
    return functions
  }

  /// A disk for the slot.
  static var disk: Function {
    Function(
      byteCount: 4096,
      [
        0: 0x36, 1: 0x1b, 2: 0x10, 6: 0x10, 9: 2, 10: 8, 11: 1, 0x10: 4, 0x34: 0x40, 0x3c: 10, 0x3d: 1,
        // PCI Express: it can be reset alone, and its link is the port's. Power management: it keeps its state.
        0x40: 0x10, 0x41: 0x80, 0x42: 2, 0x47: 0x10, 0x4c: 0x42, 0x52: 0x11, 0x80: 1, 0x84: 8,
      ], masks: [0x10: 0xffff_c000, 0x14: .max])
  }

  /// Puts a function somewhere, or takes it out; the hierarchy does not know yet.
  static func plug(_ function: Function?, at routing: UInt16) {
    functions.withLock { $0[routing] = function }
  }

  static func byte(_ routing: UInt16, _ offset: Int) -> UInt8 { function(routing)?.bytes[offset] ?? 0xff }

  private static func function(_ routing: UInt16) -> Function? { functions.withLock { $0[routing] } }

  func byteCount(of address: PCIAddress) -> Int { Self.function(address.routing)?.bytes.count ?? 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    guard let function = Self.function(address.routing), offset + width <= function.bytes.count else { return .max }
    return (0..<width).reduce(0) { $0 | UInt32(function.bytes[offset + $1]) << UInt32(8 * $1) }
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    guard let function = Self.function(address.routing), offset + width <= function.bytes.count else { return }
    let isBridge = function.bytes[14] & 0x7f == 1
    for index in 0..<width {
      let place = offset + index
      var kept: UInt8 = 0xff
      let isMasked = (0x10..<0x34).contains(place) && !(isBridge && (0x18..<0x30).contains(place)) || place == 0x38
      if isMasked { kept = UInt8(truncatingIfNeeded: (function.masks[place & ~3] ?? 0) >> UInt32(8 * (place & 3))) }
      // Bus numbers and windows stay.
      if isBridge, (0x18..<0x30).contains(place) { kept = 0 }
      let new = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
      let value = new & kept | function.bytes[place] & ~kept
      Self.functions.withLock { $0[address.routing]?.bytes[place] = value }
    }
  }
}
