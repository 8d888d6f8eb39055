public import ACPI
public import Foundations
import Machine
public import PCI

/// Finds AMD's IOMMUs by the ACPI table IVRS.
public enum AMDRemapping {
  /// How many bytes of registers a unit has.
  public static let registerByteCount: UInt64 = 0x4000

  /// What could not be done of what the table asks for.
  public enum Problem: Sendable {
    /// The unit with registers at this address cannot be used: its devices reach everything.
    case unit(address: UInt64, Errno)
    /// Memory that firmware set aside for devices could not be kept for one of them, which may not work.
    case memory(Range<UInt64>, PCIAddress, Errno)
  }

  /// Adds the units of `table` to `units`, which are off, and keeps the memory that firmware set aside for devices.
  ///
  /// - Parameters:
  ///   - addressBits: how many bits the machine's physical addresses have.
  ///   - space: reaches the registers at some physical addresses.
  ///   - delay: waits for so many microseconds, in any context.
  ///   - report: is told of what could not be done.
  /// - Returns: how many units were added.
  /// - Context: once, a thread without locks, before `RemappingUnits.enable`.
  public static func addUnits<Space: RegisterSpace & ~Copyable>(
    of table: borrowing IVRS, to units: RemappingUnits, in hierarchy: borrowing PCIHierarchy, addressBits: Int,
    space: (Range<UInt64>) throws(Errno) -> Space, delay: @escaping (Int) -> Void, report: (Problem) -> Void
  ) -> Int {
    let found = list(table)
    var count = 0
    for index in 0..<found.count {
      let unit = found[index]
      do throws(Errno) {
        let description = AMDUnitDescription(
          unit, lastBus: lastBus(of: unit.segment, hierarchy), addressBits: addressBits, in: hierarchy)
        guard unit.baseAddress <= UInt64.max - registerByteCount else { throw .EINVAL }
        let registers = try space(unit.baseAddress..<unit.baseAddress + registerByteCount)
        let remapping = try AMDRemappingUnit(
          "amdvi\(count)", description, rules: try AMDDeviceRules(of: unit, in: table), registers: registers,
          delay: delay)
        try units.add(remapping)
        count += 1
      } catch { report(.unit(address: unit.baseAddress, error)) }
    }
    if count > 0 { keepReservedMemory(of: table, units, hierarchy, report) }
    return count
  }

  private static func list(_ table: borrowing IVRS) -> GrowableArray<IVRS.Unit> {
    var units = GrowableArray<IVRS.Unit>()
    // A machine without memory for so few does not get here.
    table.forEachUnit { try? units.append($0) }
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

  private static func keepReservedMemory(
    of table: borrowing IVRS, _ units: RemappingUnits, _ hierarchy: borrowing PCIHierarchy, _ report: (Problem) -> Void
  ) {
    var reserved = GrowableArray<IVRS.ReservedMemory>()
    table.forEachReservedMemory { try? reserved.append($0) }
    for index in 0..<reserved.count {
      let memory = reserved[index]
      for function in 0..<hierarchy.count {
        let address = hierarchy[function].address
        guard address.segment == memory.segment, memory.devices.contains(address.routing) else { continue }
        do throws(Errno) {
          // What units were to leave alone is kept the same way: a range of theirs would be open to all devices.
          try units.reserve(memory.range, for: try DMAPath(to: address, in: hierarchy))
        } catch { report(.memory(memory.range, address, error)) }
      }
    }
  }
}
