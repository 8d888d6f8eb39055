import BootInformation
import Machine

/// What the boot steps leave for the steps after them.
struct BootState: ~Copyable {
  /// What the loader said.
  let information: BootInformation
  /// The memory that the kernel's page tables shall reach.
  var plan: PhysicalMemoryPlan

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
  }

  /// Chooses what to map and where the kernel's first tables go.
  private static func plan(from information: borrowing BootInformation) -> PhysicalMemoryPlan {
    let lowMemory: Range<UInt64> = 0..<0x10_0000
    let directLimit: UInt64 = 4 << 30
    var plan = PhysicalMemoryPlan()
    _ = plan.add(lowMemory)
    for index in 0..<information.memoryMap.count {
      let region = information.memoryMap[index]
      switch region.kind {
      case .usable, .acpiReclaimable, .acpiNonVolatile:
        let above = region.range.clamped(to: lowMemory.upperBound..<UInt64.max)
        if !above.isEmpty { _ = plan.add(above) }
      case .reserved, .bad, .persistent: break
      }
      if region.kind == .usable {
        let free = largestFreePart(of: region.range.clamped(to: lowMemory.upperBound..<directLimit), information)
        if free.upperBound - free.lowerBound > plan.bootMemory.upperBound - plan.bootMemory.lowerBound {
          plan.bootMemory = free
        }
      }
    }
    plan.frameBuffer = information.screen?.range
    return plan
  }

  /// The largest part of `range` that neither the image nor a module occupies.
  private static func largestFreePart(of range: Range<UInt64>, _ information: borrowing BootInformation) -> Range<
    UInt64
  > {
    var best: Range<UInt64> = 0..<0
    var start = range.lowerBound
    while start < range.upperBound {
      // The occupied range that begins or continues soonest from `start` on.
      var end = range.upperBound
      var next = range.upperBound
      func consider(_ occupied: Range<UInt64>) {
        guard occupied.upperBound > start, occupied.lowerBound < end else { return }
        end = max(start, occupied.lowerBound)
        next = occupied.upperBound
      }
      consider(ImageLayout.physical)
      consider(information.loaderInformation)
      for index in 0..<information.moduleCount { consider(information.module(index)) }
      if end - start > best.upperBound - best.lowerBound { best = start..<end }
      start = max(next, start + 1)
    }
    return best
  }
}
