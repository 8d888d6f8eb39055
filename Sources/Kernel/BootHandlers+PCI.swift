import ACPI
import BootInformation
import Foundations
import Logging
import Machine
import PCI
import Time

extension BootHandlers {
  /// Finds the PCI functions, gives addresses to those that have none, and lists them.
  static func pci(_ state: inout BootState) -> BootOutcome {
    do throws(Errno) {
      let access = try configuration(state.firmware)
      var hierarchy = PCIHierarchy(access)
      try addRoots(&hierarchy, state)
      try hierarchy.scan(delay: wait)
      try hierarchy.assignResources(.moving)
      for index in 0..<hierarchy.count {
        let function = hierarchy[index]
        guard function.isPresent else { return .failed("a function that was found does not answer any more") }
        var line = Message()
        function.writeListing(to: &line)
        KernelLog.add(.info, .pci, line)
        var facts = Message()
        function.writeFacts(to: &facts)
        KernelLog.add(.debug, .pci, facts)
      }
      let (count, problems) = (hierarchy.count, hierarchy.problems)
      PCISystem.install(hierarchy)
      log(problems)
      // The firmware's code may look at configuration space as soon as it is there.
      if let line = Firmware.start(state.firmware, access) { KernelLog.add(.info, .acpi, line) }
      guard problems.unplacedRanges == 0 else { return .failed("\(problems.unplacedRanges) ranges have no addresses") }
      return count == 0 ? .done("no functions") : .done("\(count) functions")
    } catch {
      return .failed("error \(error.rawValue)")
    }
  }

  /// The ways to configuration space: memory, where the table MCFG tells of it and it is true, then ports.
  private static func configuration(_ firmware: borrowing FirmwareTables?) throws(Errno) -> CombinedConfiguration {
    let combined = CombinedConfiguration()
    var ports: PortConfiguration<PortSpace>?
    if let space = PortSpace.claimPCIConfiguration() {
      let way = PortConfiguration(space)
      if way.isPresent { ports = way }
    }
    if let mcfg = mcfg(firmware) {
      for index in 0..<mcfg.count {
        if let range = mcfg[index], let way = mapped(range, ports) { try combined.add(way) }
      }
    }
    if let ports { try combined.add(ports) }
    return combined
  }

  /// The way through the memory that MCFG names; nil, logged, when that is not configuration space.
  private static func mapped(
    _ range: MCFG.Allocation, _ ports: PortConfiguration<PortSpace>?
  ) -> MappedConfiguration<DeviceSpace>? {
    let bus = range.buses.lowerBound
    let first = range.base + UInt64(bus) << 20
    let byteCount = MappedConfiguration<DeviceSpace>.byteCount(of: range.buses)
    let space: DeviceSpace
    do throws(Errno) {
      space = try DeviceSpace.map(first..<first + UInt64(byteCount))
    } catch {
      KernelLog.add(.warning, .pci, "the memory of MCFG at \(hex: first) is refused: error \(error.rawValue)")
      return nil
    }
    let way = MappedConfiguration(space, segment: range.segment, buses: range.buses)
    if let ports, range.segment == 0, !CombinedConfiguration.agree(way, ports, segment: 0, bus: bus) {
      KernelLog.add(.warning, .pci, "no configuration space at \(hex: first), where MCFG has it")
      return nil
    }
    KernelLog.add(.debug, .pci, "configuration space of buses \(bus) to \(range.buses.upperBound) at \(hex: first)")
    return way
  }

  private static func mcfg(_ firmware: borrowing FirmwareTables?) -> MCFG? {
    var table: ACPITable?
    switch firmware {
    case .some(let tables): table = tables.table("MCFG")
    case nil: table = nil
    }
    guard let table = table.take() else { return nil }
    do throws(ACPITableError) {
      return try MCFG(table)
    } catch {
      KernelLog.add(.warning, .pci, "the ACPI table MCFG cannot be used: \(error.reason)")
      return nil
    }
  }

  /// Bus 0, the first bus of every other segment, and the addresses that nothing else has.
  private static func addRoots(_ hierarchy: inout PCIHierarchy, _ state: borrowing BootState) throws(Errno) {
    try hierarchy.add(PCIRoot())
    if let mcfg = mcfg(state.firmware) {
      for index in 0..<mcfg.count {
        guard let range = mcfg[index], range.segment != 0 else { continue }
        try add(PCIRoot(segment: range.segment, buses: range.buses), to: &hierarchy)
      }
    }
    // The ports above those of the PC's own devices.
    try hierarchy.add(PCIAperture(.ports, 0x1000..<0x1_0000), toRoot: 0)
    if let gap = state.information.memoryMap.highestGap(below: 0xfec0_0000) {
      KernelLog.add(.debug, .pci, "functions get addresses in \(hex: gap.lowerBound)...\(hex: gap.upperBound - 1)")
      try hierarchy.add(PCIAperture(.memory, gap), toRoot: 0)
    }
  }

  private static func add(_ root: PCIRoot, to hierarchy: inout PCIHierarchy) throws(Errno) {
    do throws(Errno) {
      try hierarchy.add(root)
    } catch {
      guard error == .EEXIST else { throw error }
      KernelLog.add(.warning, .pci, "MCFG has buses of segment \(root.segment) twice")
    }
  }

  private static func log(_ problems: PCIProblems) {
    func warn(_ count: Int, _ what: Message) {
      if count > 0 { KernelLog.add(.warning, .pci, "\(count) \(what)") }
    }
    warn(problems.renumberedBridges, "bridges got new bus numbers")
    warn(problems.closedBridges, "bridges have no bus behind them: all numbers are taken")
    warn(problems.lateFunctions, "functions were not ready in time")
    warn(problems.misplacedRanges, "ranges lay where they cannot be reached")
    warn(problems.unplacedRanges, "ranges have no addresses")
  }

  private static func wait(milliseconds: Int) {
    let begin = Clock.nanoseconds
    while Clock.nanoseconds &- begin < UInt64(milliseconds) * 1_000_000 { Machine.pause() }
  }
}

extension MemoryMap {
  /// The highest addresses below `limit` that no entry of the map has, from the next multiple of 1 MiB on; nil when they are
  /// less than 16 MiB.
  fileprivate func highestGap(below limit: UInt64) -> Range<UInt64>? {
    var first: UInt64 = 0
    for index in 0..<count where self[index].range.lowerBound < limit {
      first = max(first, min(self[index].range.upperBound, limit))
    }
    first = (first + 0xf_ffff) & ~0xf_ffff
    return first < limit && limit - first >= 16 << 20 ? first..<limit : nil
  }
}
