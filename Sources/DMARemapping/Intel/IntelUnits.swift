public import ACPI
public import Foundations
import Machine
public import PCI

/// Finds the VT-d units of the machine. Source: VT-d 4.1, chapter 8.
public enum IntelUnits {
  /// Adds the units of `table` to `units`, and has them let devices reach what firmware has reserved for them.
  ///
  /// - Parameters:
  ///   - hierarchy: the functions, with the bus numbers that the firmware gave.
  ///   - mayReserve: whether firmware may reserve those addresses: they are not memory that the kernel uses.
  /// - Throws: `ENOMEM`.
  /// - Context: once, a thread without locks, before `RemappingUnits.enable`.
  public static func add(
    _ table: borrowing DMAR, in hierarchy: borrowing PCIHierarchy, to units: RemappingUnits,
    mayReserve: (Range<UInt64>) -> Bool
  ) throws(Errno) -> RemappingSetup {
    var setup = RemappingSetup()
    let found = try Listed<DMAR.Unit>.all { add in table.forEachUnit { add($0) } }
    try setup.add(found.elements.count, to: units) { index throws(Errno) in
      let unit = found.elements[index]
      return try make(unit, "dmar\(UInt64(index))", scope(of: unit, table, hierarchy))
    }
    try reserve(table, hierarchy, units, mayReserve, &setup)
    return setup
  }

  private static func make(
    _ unit: DMAR.Unit, _ name: Message, _ scope: consuming VTDScope
  ) throws(Errno) -> RemappingUnit {
    let first = try DeviceSpace.map(unit.registers..<unit.registers + UInt64(unit.byteCount))
    let capabilities = VTDCapabilities(
      VTD.Capabilities(rawValue: first.read64(at: 8)), VTD.ExtendedCapabilities(rawValue: first.read64(at: 16)))
    guard !capabilities.isMissing else { throw .ENODEV }
    // The offsets have 10 bits, in units of 16 bytes, so that this is some 20 KiB at most.
    let all = try DeviceSpace.map(
      unit.registers..<unit.registers + UInt64(max(unit.byteCount, (capabilities.byteCount + 0xfff) & ~0xfff)))
    let (faults, cacheOffset) = (capabilities.faults, capabilities.translationCacheOffset)
    guard let commands = all.part(at: 0, count: VTD.length), let status = all.part(at: 0, count: VTD.length),
      let cache = all.part(at: cacheOffset, count: VTDTranslationCache.length),
      let records = all.part(at: faults.offset, count: faults.count * 16)
    else { throw .ENODEV }
    return try VTDUnit(name, scope, VTDSpaces(commands: commands, cache: cache, status: status, faults: records))
  }

  // MARK: Devices

  private static func scope(
    of unit: DMAR.Unit, _ table: borrowing DMAR, _ hierarchy: borrowing PCIHierarchy
  ) throws(Errno) -> VTDScope {
    let devices = try Listed<DMAR.Device>.all { add in table.forEachDevice(of: unit) { add($0) } }
    var scope = VTDScope(segment: unit.segment, servesOthers: unit.servesOthers)
    for index in 0..<devices.elements.count {
      let device = devices.elements[index]
      guard let address = address(of: device, segment: unit.segment, hierarchy) else { continue }
      if device.kind == .bridge {
        try scope.add(bridge: address)
      } else if device.kind == .endpoint {
        try scope.add(function: address)
      }
    }
    return scope
  }

  /// Where a device is; nil when a bridge on the way is not there.
  static func address(
    of device: DMAR.Device, segment: UInt16, _ hierarchy: borrowing PCIHierarchy
  ) -> PCIAddress? {
    guard device.stepCount > 0 else { return nil }
    var address = PCIAddress(segment: segment, bus: device.bus, place: device.step(0))
    for step in 1..<max(1, device.stepCount) {
      guard let index = hierarchy.index(of: address) else { return nil }
      let bridge = hierarchy[index]
      guard bridge.isBridge, bridge.secondaryBus > address.bus else { return nil }
      address = PCIAddress(segment: segment, bus: bridge.secondaryBus, place: device.step(step))
    }
    return address
  }

  // MARK: Reserved memory

  private static func reserve(
    _ table: borrowing DMAR, _ hierarchy: borrowing PCIHierarchy, _ units: RemappingUnits,
    _ mayReserve: (Range<UInt64>) -> Bool, _ setup: inout RemappingSetup
  ) throws(Errno) {
    let regions = try Listed<DMAR.Reserved>.all { add in table.forEachReserved { add($0) } }
    for index in 0..<regions.elements.count {
      let region = regions.elements[index]
      let devices = try Listed<DMAR.Device>.all { add in table.forEachDevice(of: region) { add($0) } }
      for number in 0..<devices.elements.count {
        guard let address = address(of: devices.elements[number], segment: region.segment, hierarchy),
          hierarchy.index(of: address) != nil
        else { continue }
        setup.reserve(region.addresses, for: address, in: hierarchy, by: units, mayReserve: mayReserve)
      }
    }
  }
}
