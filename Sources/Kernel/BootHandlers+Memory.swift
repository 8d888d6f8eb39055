import BootInformation
import Foundations
import Logging
import Machine

extension BootHandlers {
  /// Switches to the kernel's own page tables and walks all of them.
  static func memory(_ state: inout BootState) -> BootOutcome {
    do throws(MachineError) {
      try KernelAddressSpace.install(state.plan)
    } catch {
      switch error {
      case .outOfMemory: return .failed("no memory for the page tables")
      case .alreadyMapped(let address): return .failed("two ranges share \(hex: address)")
      case .missingFeature, .tooEarly: return .failed("the page tables cannot be built")
      }
    }
    log(state.information)
    let audit = AddressSpaceAudit.run()
    guard audit.writableAndExecutable == 0 else {
      return .failed("\(audit.writableAndExecutable) pages are writable and executable")
    }
    guard audit.userPages == 0 else { return .failed("\(audit.userPages) pages are mapped where programs live") }
    guard AddressSpaceAudit.access(at: ImageLayout.bootStack.lowerBound - 1) == nil else {
      return .failed("the boot stack has no guard page")
    }
    return .done("\(bytes: state.information.memoryMap.usableByteCount) usable, W^X in \(audit.pages) pages")
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
      "\(bytes: KernelAddressSpace.bootMemoryUsed) for page tables and heap; heap \(bytes: heap.usedByteCount) of \(bytes: heap.totalByteCount)"
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
