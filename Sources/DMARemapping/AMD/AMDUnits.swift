public import ACPI
public import Foundations
import Machine
public import PCI

/// Finds AMD's IOMMUs of the machine. Source: AMD 48882, section 5.2.
public enum AMDUnits {
  /// How many bytes of registers a unit has, besides counters that are not used here.
  static var registerByteCount: UInt64 { 0x4000 }

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

  /// Adds the units of `table`, which are off, to `units`, and has them let devices reach what firmware has reserved for them.
  ///
  /// - Parameters:
  ///   - hierarchy: the functions, with the bus numbers that they will have.
  ///   - addressBits: how many bits the machine's physical addresses have.
  ///   - mayReserve: whether firmware may reserve those addresses: they are not memory that the kernel uses.
  ///   - delay: waits for so many microseconds, in any context.
  /// - Throws: `ENOMEM`.
  /// - Context: once, a thread without locks, before `RemappingUnits.enable`.
  public static func add(
    _ table: borrowing IVRS, in hierarchy: borrowing PCIHierarchy, to units: RemappingUnits, addressBits: Int,
    mayReserve: (Range<UInt64>) -> Bool, delay: @escaping (Int) -> Void
  ) throws(Errno) -> Outcome {
    try add(table, in: hierarchy, to: units, addressBits: addressBits, mayReserve: mayReserve, delay: delay) {
      range throws(Errno) in
      try DeviceSpace.map(range)
    }
  }

  /// The same with registers that `space` reaches.
  static func add<Space: RegisterSpace & ~Copyable>(
    _ table: borrowing IVRS, in hierarchy: borrowing PCIHierarchy, to units: RemappingUnits, addressBits: Int,
    mayReserve: (Range<UInt64>) -> Bool, delay: @escaping (Int) -> Void,
    space: (Range<UInt64>) throws(Errno) -> Space
  ) throws(Errno) -> Outcome {
    var outcome = Outcome()
    let found = try list(table)
    for index in 0..<found.count {
      let unit = found[index]
      let name: Message = "amdvi\(UInt64(index))"
      do throws(Errno) {
        let description = AMDUnitDescription(
          unit, lastBus: lastBus(of: unit.segment, hierarchy), addressBits: addressBits, in: hierarchy)
        guard unit.baseAddress <= UInt64.max - registerByteCount else { throw .EINVAL }
        let registers = try space(unit.baseAddress..<unit.baseAddress + registerByteCount)
        try units.add(
          AMDRemappingUnit(
            name, description, rules: AMDDeviceRules(of: unit, in: table), registers: registers, delay: delay))
        outcome.units += 1
      } catch {
        if error == .ENOMEM { throw error }
        outcome.unusableUnits += 1
      }
    }
    try reserve(table, hierarchy, units, mayReserve, &outcome)
    return outcome
  }

  private static func list(_ table: borrowing IVRS) throws(Errno) -> GrowableArray<IVRS.Unit> {
    var units = GrowableArray<IVRS.Unit>()
    var isOut = false
    table.forEachUnit { unit in
      do throws(Errno) { try units.append(unit) } catch { isOut = true }
    }
    if isOut { throw .ENOMEM }
    return units
  }

  /// The last bus that devices of `segment` may be on: the device table has entries up to there.
  private static func lastBus(of segment: UInt16, _ hierarchy: borrowing PCIHierarchy) -> UInt8 {
    var last: UInt8?
    for index in 0..<hierarchy.rootCount where hierarchy.root(index).segment == segment {
      last = max(last ?? 0, hierarchy.root(index).buses.upperBound)
    }
    return last ?? .max
  }

  // MARK: Reserved memory

  private static func reserve(
    _ table: borrowing IVRS, _ hierarchy: borrowing PCIHierarchy, _ units: RemappingUnits,
    _ mayReserve: (Range<UInt64>) -> Bool, _ outcome: inout Outcome
  ) throws(Errno) {
    var reserved = GrowableArray<IVRS.ReservedMemory>()
    var isOut = false
    table.forEachReservedMemory { memory in
      do throws(Errno) { try reserved.append(memory) } catch { isOut = true }
    }
    if isOut { throw .ENOMEM }
    for index in 0..<reserved.count {
      let memory = reserved[index]
      for function in 0..<hierarchy.count {
        let address = hierarchy[function].address
        guard address.segment == memory.segment, memory.devices.contains(address.routing) else { continue }
        // What units were to leave alone is reserved, too: a range of theirs would be open to all devices.
        if reserve(memory.range, address, hierarchy, units, mayReserve) {
          outcome.reservations += 1
        } else {
          outcome.failedReservations += 1
        }
      }
    }
  }

  private static func reserve(
    _ addresses: Range<UInt64>, _ function: PCIAddress, _ hierarchy: borrowing PCIHierarchy, _ units: RemappingUnits,
    _ mayReserve: (Range<UInt64>) -> Bool
  ) -> Bool {
    guard mayReserve(addresses) else { return false }
    do throws(Errno) {
      try units.reserve(addresses, for: try DMAPath(to: function, in: hierarchy))
      return true
    } catch {
      return false
    }
  }
}
