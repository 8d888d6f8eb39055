public import ACPI
public import Foundations
import Machine
public import PCI

/// Finds the VT-d units of the machine. Source: VT-d 4.1, chapter 8.
public enum IntelUnits {
  /// What was found.
  public struct Outcome: Equatable, Sendable {
    /// How many units were added.
    public var units = 0
    /// How many units are not used: their registers cannot be reached, or they are not what is known here.
    public var unusableUnits = 0
    /// How many pieces of memory were reserved for devices, each counted for each of its devices.
    public var reservations = 0
    /// How many of them were not: the memory is not what firmware may reserve, or there is no way to do it.
    public var failedReservations = 0
  }

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
  ) throws(Errno) -> Outcome {
    var outcome = Outcome()
    var found = GrowableArray<DMAR.Unit>()
    var isOut = false
    table.forEachUnit { unit in
      do throws(Errno) { try found.append(unit) } catch { isOut = true }
    }
    if isOut { throw .ENOMEM }
    for index in 0..<found.count {
      do throws(Errno) {
        let name: Message = "dmar\(UInt64(index))"
        try units.add(unit(found[index], name, scope(of: found[index], table, hierarchy)))
        outcome.units += 1
      } catch {
        if error == .ENOMEM { throw error }
        outcome.unusableUnits += 1
      }
    }
    try reserve(table, hierarchy, units, mayReserve, &outcome)
    return outcome
  }

  private static func unit(
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
    var devices = GrowableArray<DMAR.Device>()
    var isOut = false
    table.forEachDevice(of: unit) { device in
      do throws(Errno) { try devices.append(device) } catch { isOut = true }
    }
    if isOut { throw .ENOMEM }
    var scope = VTDScope(segment: unit.segment, servesOthers: unit.servesOthers)
    for index in 0..<devices.count {
      guard let address = address(of: devices[index], segment: unit.segment, hierarchy) else { continue }
      if devices[index].kind == .bridge {
        try scope.add(bridge: address)
      } else if devices[index].kind == .endpoint {
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
    _ mayReserve: (Range<UInt64>) -> Bool, _ outcome: inout Outcome
  ) throws(Errno) {
    var regions = GrowableArray<DMAR.Reserved>()
    var isOut = false
    table.forEachReserved { region in
      do throws(Errno) { try regions.append(region) } catch { isOut = true }
    }
    for index in 0..<regions.count {
      var paths = GrowableArray<DMAPath>()
      table.forEachDevice(of: regions[index]) { device in
        do throws(Errno) {
          guard let address = address(of: device, segment: regions[index].segment, hierarchy),
            hierarchy.index(of: address) != nil
          else { return }
          try paths.append(try DMAPath(to: address, in: hierarchy))
        } catch { isOut = true }
      }
      for device in 0..<paths.count {
        if reserve(regions[index].addresses, paths[device], units, mayReserve) {
          outcome.reservations += 1
        } else {
          outcome.failedReservations += 1
        }
      }
    }
    if isOut { throw .ENOMEM }
  }

  private static func reserve(
    _ addresses: Range<UInt64>, _ path: DMAPath, _ units: RemappingUnits, _ mayReserve: (Range<UInt64>) -> Bool
  ) -> Bool {
    guard mayReserve(addresses) else { return false }
    do throws(Errno) {
      try units.reserve(addresses, for: path)
      return true
    } catch {
      return false
    }
  }
}
