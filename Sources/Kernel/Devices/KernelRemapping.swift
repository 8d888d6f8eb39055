import ACPI
import BootInformation
import DMARemapping
import DriverKit
import Foundations
import Logging
import Machine
import PCI
import Time

/// Turns on the IOMMUs that firmware tells of; `iommu=off` on the command line leaves devices as they are.
enum KernelRemapping {
  /// Has devices whose drivers are started from now on held to their drivers' memory.
  ///
  /// - Context: once, the boot thread, before the tree of devices is started.
  static func start(_ state: borrowing BootState) {
    if CommandLine(state.information.commandLine.bytes).flag("iommu") == false { return }
    let units = RemappingUnits(KernelRemappingReport())
    if let table = table("DMAR", state.firmware) { addIntel(table, units, state.information.memoryMap) }
    if let table = table("IVRS", state.firmware) { addAMD(table, units, state.information.memoryMap) }
    guard units.count > 0 else { return }
    let on = units.enable()
    let heard = DriverRemapping.start(units)
    KernelLog.add(
      .info, .pci, "\(UInt64(on)) IOMMUs hold devices to drivers' memory, \(UInt64(heard)) interrupt" as Message)
  }

  private static func table(_ name: ACPISignature, _ firmware: borrowing FirmwareTables?) -> ACPITable? {
    switch firmware {
    case .some(let tables): tables.table(name)
    case nil: nil
    }
  }

  private static func addIntel(_ table: consuming ACPITable, _ units: RemappingUnits, _ map: MemoryMap) {
    do throws(ACPITableError) { addIntel(try DMAR(table), units, map) } catch { refuse("DMAR", error) }
  }

  private static func addIntel(_ table: borrowing DMAR, _ units: RemappingUnits, _ map: MemoryMap) {
    do throws(Errno) {
      let setup: RemappingSetup? = try PCISystem.withHierarchy { hierarchy throws(Errno) in
        try IntelUnits.add(table, in: hierarchy, to: units) { range in !isUsable(range, map) }
      }
      if let setup { warn(setup) }
    } catch { KernelLog.add(.error, .pci, "the IOMMUs are not used: error \(error.rawValue)" as Message) }
  }

  private static func addAMD(_ table: consuming ACPITable, _ units: RemappingUnits, _ map: MemoryMap) {
    do throws(ACPITableError) { addAMD(try IVRS(table), units, map) } catch { refuse("IVRS", error) }
  }

  private static func addAMD(_ table: borrowing IVRS, _ units: RemappingUnits, _ map: MemoryMap) {
    let bits = table.physicalAddressBits > 0 ? table.physicalAddressBits : mostAddressBits
    do throws(Errno) {
      let setup: RemappingSetup? = try PCISystem.withHierarchy { hierarchy throws(Errno) in
        try AMDUnits.add(
          table, in: hierarchy, to: units, addressBits: bits, mayReserve: { range in !isUsable(range, map) },
          delay: { microseconds in BusyWait.wait(microseconds: microseconds) })
      }
      if let setup { warn(setup) }
    } catch { KernelLog.add(.error, .pci, "the IOMMUs are not used: error \(error.rawValue)" as Message) }
  }

  /// Source: Intel SDM vol. 3A, 4.1.4.
  private static var mostAddressBits: Int { 52 }

  private static func refuse(_ name: StaticString, _ error: ACPITableError) {
    var line: Message = "the ACPI table "
    line.write(name.description)
    line.write(" cannot be used: \(error.reason)" as Message)
    KernelLog.add(.warning, .pci, line)
  }

  private static func warn(_ setup: RemappingSetup) {
    let (units, reservations) = (UInt64(setup.unusableUnits), UInt64(setup.failedReservations))
    guard units + reservations > 0 else { return }
    KernelLog.add(
      .warning, .pci, "\(units) IOMMUs unusable, \(reservations) of firmware's reservations refused" as Message)
  }

  /// Whether some of `range` is memory that the kernel uses.
  private static func isUsable(_ range: Range<UInt64>, _ map: MemoryMap) -> Bool {
    for index in 0..<map.count where map[index].kind == .usable && map[index].range.overlaps(range) { return true }
    return false
  }
}

private final class KernelRemappingReport: RemappingReport {
  override func fault(_ fault: RemappingFault, at unit: Message, isAttached: Bool, suppressed: UInt64) {
    let level: LogLevel = isAttached ? .warning : .notice
    var line = Message()
    if suppressed > 0 {
      line.write(unit.bytes)
      line.write(": \(suppressed) refusals before were not told of" as Message)
      KernelLog.add(level, .pci, line)
      line = Message()
    }
    line.write(unit.bytes)
    line.write(": ")
    line.write(fault.access.name.description)
    line.write(" of ")
    line.write(hex: fault.address)
    line.write(" refused to ")
    line.write(hex: UInt64(fault.source.routing), width: 4)
    line.write(": ")
    line.write(fault.explanation.description)
    KernelLog.add(level, .pci, line)
  }

  override func problem(_ text: StaticString, at unit: Message) {
    var line = Message()
    line.write(unit.bytes)
    line.write(": ")
    line.write(text.description)
    KernelLog.add(.error, .pci, line)
  }

  override var nanoseconds: UInt64 { Clock.nanoseconds }
}
