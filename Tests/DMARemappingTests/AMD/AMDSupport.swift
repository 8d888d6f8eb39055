import ACPI
import Foundations
import Machine
import PCI

@testable import DMARemapping
@testable import DeviceModels

/// A model of a unit with the driver's unit over it.
final class AMDRig {
  let model: AMDUnitModel
  let unit: AMDRemappingUnit<DeviceModel>
  /// How many microseconds the driver has waited.
  private(set) var waited = 0
  private let clock: Clock

  private final class Clock { var microseconds = 0 }

  var microseconds: Int { clock.microseconds }

  /// Makes a unit that is off, for buses 0 and 1.
  init(
    _ model: AMDUnitModel = AMDUnitModel(), rules: AMDDeviceRules = AMDDeviceRules(),
    function: PCIFunction? = nil, lastSourceID: UInt16 = 0x1ff, addressBits: Int = 40, hasFeatures: Bool = true
  ) throws(Errno) {
    let clock = Clock()
    let description = AMDUnitDescription(
      function: function, address: PCIAddress(bus: 0, device: 1, function: 0), lastSourceID: lastSourceID,
      addressBits: addressBits, control: IVRS.ControlFlags(rawValue: 0x20),
      cachesMissingEntries: model.cachesMissingEntries, hasExtendedFeatures: hasFeatures)
    self.model = model
    self.clock = clock
    unit = try AMDRemappingUnit(
      "amdvi0", description, rules: rules, registers: model.registers, delay: { clock.microseconds += $0 })
  }

  static func source(_ routing: UInt16) -> PCIAddress {
    PCIAddress(bus: UInt8(routing >> 8), place: UInt8(truncatingIfNeeded: routing))
  }
}

/// Configuration space of one function, with clearing by ones in its status register.
final class OneFunction: PCIConfigurationAccess {
  let address: PCIAddress
  var bytes = [UInt8](repeating: 0, count: 256)

  /// QEMU 7.2's function of the IOMMU, as a guest sees it.
  init(_ address: PCIAddress) {
    self.address = address
    set(0x00, 0x0008_1022)
    set(0x04, 0x0010_0000)
    set(0x08, 0x0806_0000)
    set(0x34, 0x60)
    set(0x60, 0x0080_5c05)
    set(0x5c, 0x0000_5808)
    set(0x58, 0x0000_4005)
    set(0x40, 0x1f03_000f)
    set(0x44, 0xfed8_0000)
    set(0x4c, 0xff00_0000)
    set(0x50, 0x0018_2840)
  }

  func set(_ offset: Int, _ value: UInt32) {
    for byte in 0..<4 { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8)) }
  }

  func get(_ offset: Int, _ width: Int) -> UInt32 {
    (0..<width).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
  }

  func byteCount(of address: PCIAddress) -> Int { 256 }

  func read(_ address: PCIAddress, at offset: Int, width: Int) -> UInt32 {
    address == self.address && offset + width <= 256 ? get(offset, width) : .max
  }

  func write(_ value: UInt32, to address: PCIAddress, at offset: Int, width: Int) {
    guard address == self.address, offset + width <= 256 else { return }
    for byte in 0..<width {
      let new = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
      switch offset + byte {
      case 7: bytes[7] &= ~new
      case 4, 5, 0x62..<0x72: bytes[offset + byte] = new
      default: break
      }
    }
  }

  func withHierarchy<Result>(_ body: (borrowing PCIHierarchy) throws -> Result) throws -> Result {
    var hierarchy = PCIHierarchy(self)
    try hierarchy.add(PCIRoot(buses: 0...3))
    try hierarchy.scan { _ in }
    return try body(hierarchy)
  }
}
