public import ACPI
public import Foundations
import Machine
public import PCI

/// Finds AMD's IOMMUs of the machine. Source: AMD 48882, section 5.2.
public enum AMDUnits {
  /// How many bytes of registers a unit has, besides counters that are not used here.
  static var registerByteCount: UInt64 { 0x4000 }

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
  ) throws(Errno) -> RemappingSetup {
    try add(table, in: hierarchy, to: units, addressBits: addressBits, mayReserve: mayReserve) {
      name, description, rules, range throws(Errno) in
      try AMDRemappingUnit(name, description, rules: rules, registers: try DeviceSpace.map(range), delay: delay)
    }
  }

  /// The same with units that `make` makes of what is said of them and where their registers are.
  static func add(
    _ table: borrowing IVRS, in hierarchy: borrowing PCIHierarchy, to units: RemappingUnits, addressBits: Int,
    mayReserve: (Range<UInt64>) -> Bool,
    make: (Message, AMDUnitDescription, AMDDeviceRules, Range<UInt64>) throws(Errno) -> RemappingUnit
  ) throws(Errno) -> RemappingSetup {
    var setup = RemappingSetup()
    let found = try Listed<IVRS.Unit>.all { add in table.forEachUnit { add($0) } }
    try setup.add(found.elements.count, to: units) { index throws(Errno) in
      let unit = found.elements[index]
      let description = AMDUnitDescription(
        unit, lastBus: lastBus(of: unit.segment, hierarchy), addressBits: addressBits, in: hierarchy)
      guard unit.baseAddress <= UInt64.max - registerByteCount else { throw .EINVAL }
      let registers = unit.baseAddress..<unit.baseAddress + registerByteCount
      return try make("amdvi\(UInt64(index))", description, AMDDeviceRules(of: unit, in: table), registers)
    }
    try reserve(table, hierarchy, units, mayReserve, &setup)
    return setup
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
    _ mayReserve: (Range<UInt64>) -> Bool, _ setup: inout RemappingSetup
  ) throws(Errno) {
    let reserved = try Listed<IVRS.ReservedMemory>.all { add in table.forEachReservedMemory { add($0) } }
    for index in 0..<reserved.elements.count {
      let memory = reserved.elements[index]
      for function in 0..<hierarchy.count {
        let address = hierarchy[function].address
        guard address.segment == memory.segment, memory.devices.contains(address.routing) else { continue }
        // What units were to leave alone is reserved, too: a range of theirs would be open to all devices.
        setup.reserve(memory.range, for: address, in: hierarchy, by: units, mayReserve: mayReserve)
      }
    }
  }
}
