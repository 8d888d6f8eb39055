import BootInformation
import Foundations
import Logging
import Machine
import PageFrames

extension BootHandlers {
  /// Switches to the kernel's own page tables and walks all of them.
  static func memory(_ state: inout BootState) -> BootOutcome {
    do throws(MachineError) {
      try KernelAddressSpace.install(
        state.plan, heapIsDebugged: CommandLine(state.information.commandLine.bytes).contains("slab_debug"))
    } catch {
      switch error {
      case .outOfMemory: return .failed("no memory for the page tables")
      case .alreadyMapped(let address): return .failed("two ranges share \(hex: address)")
      }
    }
    do throws(Errno) { try KernelMemory.start() } catch { return .failed("no memory for the page cache") }
    log(state.information)
    let audit = AddressSpaceAudit.run()
    guard audit.writableAndExecutable == 0 else {
      return .failed("\(audit.writableAndExecutable) pages are writable and executable")
    }
    guard audit.userPages == 0 else { return .failed("\(audit.userPages) pages are mapped where programs live") }
    guard AddressSpaceAudit.access(at: ImageLayout.bootStack.lowerBound - 1) == nil else {
      return .failed("the boot stack has no guard page")
    }
    guard framesComeBack() else { return .failed("the zones do not get back what is taken from them") }
    // As on Linux, `acpi=off` is a machine without any of its tables.
    if CommandLine(state.information.commandLine.bytes).flag("acpi") ?? true {
      state.firmware = FirmwareTables(state.information)
    }
    let free = KernelMemoryUsage.current.free
    return .done("\(bytes: free) free, W^X in \(audit.pages) pages")
  }

  /// Whether every zone that has memory serves a run and has as much as before once it is dropped.
  private static func framesComeBack() -> Bool {
    let before = FrameAllocator.figures.freeCount
    for zone in [ZoneKind.dma, .normal, .high] where FrameAllocator.statistics.node.zone(zone).managedCount > 0 {
      do throws(Errno) {
        let run = try FrameRun(count: 3, limit: zone)
        guard FrameAllocator.figures.freeCount == before - 3, run.first.rawValue < zone.limits.upperBound else {
          return false
        }
      } catch {
        return false
      }
    }
    return FrameAllocator.figures.freeCount == before
  }

  /// Logs what the kernel keeps for itself, at the end of boot.
  static func logUsage() {
    let usage = KernelMemoryUsage.current
    KernelLog.add(
      .info, .memory,
      """
      kernel memory \(bytes: usage.total): code \(bytes: usage.code), constants \(bytes: usage.constants), \
      variables \(bytes: usage.variables), early heap \(bytes: usage.earlyHeap), \
      frame table and first page tables \(bytes: usage.bootTables), page tables \(bytes: usage.pageTables), \
      slabs \(bytes: usage.slabs), pages \(bytes: usage.pages)
      """)
  }

  /// Logs the memory map, the modules, and what of the loader's information had to be left out.
  private static func log(_ information: borrowing BootInformation) {
    for index in 0..<information.memoryMap.count {
      let region = information.memoryMap[index]
      let last = region.range.upperBound - 1
      KernelLog.add(
        .debug, .memory, "\(hex: region.range.lowerBound, width: 12)...\(hex: last, width: 12) \(region.kind.label)")
    }
    for index in 0..<information.moduleCount {
      let module = information.module(index)
      let byteCount = module.upperBound - module.lowerBound
      KernelLog.add(.debug, .memory, "module \(index): \(bytes: byteCount) at \(hex: module.lowerBound)")
    }
    let dropped = information.memoryMap.droppedCount + information.droppedCount
    if dropped > 0 { KernelLog.add(.warning, .kernel, "\(dropped) entries of the loader's information made no sense") }
    let heap = HeapStatistics.current
    KernelLog.add(
      .debug, .memory,
      "\(bytes: KernelMemoryUsage.current.bootTables) for the first tables; heap \(bytes: heap.usedByteCount) of \(bytes: heap.totalByteCount)"
    )
  }
}

extension MemoryKind {
  /// The kind in words.
  fileprivate var label: String {
    switch self {
    case .usable: "usable"
    case .acpiReclaimable: "ACPI tables"
    case .acpiNonVolatile: "ACPI non-volatile"
    case .bad: "broken"
    case .persistent: "persistent"
    case .reserved: "reserved"
    }
  }
}
