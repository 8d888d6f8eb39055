import BootInformation
import Machine
import SystemFileSystem

/// What the boot steps leave for the steps after them.
struct BootState: ~Copyable {
  /// What the loader said.
  let information: BootInformation
  /// The memory that the kernel's page tables shall reach.
  var plan: PhysicalMemoryPlan
  /// What the firmware says of the machine; nil before the memory step, and where it says nothing.
  var firmware: FirmwareTables?
  /// The file systems that there are from the beginning; nil before the IPC step, and when tests have the machine.
  var files: RootFileSystem?
  /// /sys; nil before the drivers step, and when tests have the machine.
  var system: SystemFileSystem?

  /// Reads the loader's information.
  ///
  /// - Throws: what makes it unusable; nothing can be booted then.
  init() throws(BootInformationError) {
    let handoff = BootHandoff.current
    let memory = BootMemoryReader()
    switch handoff.loader {
    case .multiboot2: information = try BootInformation(multiboot2At: handoff.informationAddress, memory: memory)
    case .pvh: information = try BootInformation(pvhAt: handoff.informationAddress, memory: memory)
    }
    plan = BootState.plan(from: information)
    firmware = nil
  }

  /// Chooses what to map and what is free.
  private static func plan(from information: borrowing BootInformation) -> PhysicalMemoryPlan {
    let lowMemory: Range<UInt64> = 0..<0x10_0000
    // Firmware is known to write there after it has called it free, and a second CPU has to start below 1 MiB.
    let keptLowMemory: Range<UInt64> = 0..<0x1_0000
    var plan = PhysicalMemoryPlan()
    _ = plan.add(lowMemory)
    for index in 0..<information.memoryMap.count {
      let region = information.memoryMap[index]
      // What firmware keeps is not the kernel's memory: its tables are reached as a device's memory is.
      guard region.kind == .usable else { continue }
      let above = region.range.clamped(to: lowMemory.upperBound..<UInt64.max)
      if !above.isEmpty, !plan.add(above) { continue }
      _ = plan.addFree(region.range)
    }
    plan.reserve(keptLowMemory)
    plan.reserve(ImageLayout.physical)
    for index in 0..<information.moduleCount { plan.addModule(information.module(index)) }
    plan.frameBuffer = information.screen?.range
    return plan
  }
}
