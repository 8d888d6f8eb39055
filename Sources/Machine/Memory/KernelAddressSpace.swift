import Boot
import PageFrames

/// The kernel's own address space: exact permissions for the image, a physical map, and nothing else.
///
/// No page is both writable and executable, every stack stands on an unmapped page, and the boot tables' identity map is
/// gone. The layout is in docs/architecture.md.
public enum KernelAddressSpace {
  private static let pageAttributeTable: UInt32 = 0x277
  /// Entry 1 becomes write-combining, and 5 and 7, behind a page's PAT bit, write-protected and write-through; see
  /// `PageAttributeTable.kernel` in Processors. Intel SDM vol. 3A, 13.12.4.
  private static let pageAttributes: UInt64 = 0x0407_0506_0007_0106
  private static let globalPages: UInt64 = 1 << 7
  private static let vgaMemory: Range<UInt64> = 0xa0000..<0xc0000

  /// What the tables and the heap took. SAFETY: written by `install`, on the boot CPU while it is alone.
  nonisolated(unsafe) private static var takenByteCount: UInt64 = 0

  /// Builds the tables from `plan`, switches to them, and gives the rest of the free memory to the frame allocator.
  ///
  /// - Throws: `.outOfMemory` when no range of free memory below 4 GiB is large enough for the tables, `.alreadyMapped` when
  ///   two ranges of the plan overlap.
  /// - Parameter heapIsDebugged: whether every object of the heap is poisoned, fenced and accounted for.
  /// - Context: once, on the boot CPU, interrupts off.
  public static func install(
    _ plan: borrowing PhysicalMemoryPlan, heapIsDebugged: Bool
  ) throws(MachineError) {
    let bootMemory = plan.largestFree(below: PhysicalReach.bootLimit)
    guard !bootMemory.overlaps(ImageLayout.physical) else { throw .outOfMemory }
    let hasGiantPages = apus_read_cpuid(0x8000_0001, 0).edx & 1 << 26 != 0
    var frameTable = FrameTablePlan(plan)
    var frames = BootFrames(range: frameTable.alignedStart(in: bootMemory)..<bootMemory.upperBound)
    try frameTable.takeLargePages(from: &frames)
    var table = try PageTable(frames: &frames, hasGiantPages: hasGiantPages)

    try frameTable.map(plan, into: &table, frames: &frames)
    try mapImage(into: &table, frames: &frames)
    for index in 0..<plan.count {
      try mapMemory(plan[index], into: &table, frames: &frames)
    }
    try table.map(
      virtual: DeviceMap.address(of: vgaMemory.lowerBound), physical: vgaMemory.lowerBound,
      byteCount: vgaMemory.upperBound - vgaMemory.lowerBound, .device, frames: &frames)
    if let buffer = plan.frameBuffer, !buffer.overlaps(vgaMemory), plan.isOutsideMemory(buffer) {
      let aligned = pages(covering: buffer)
      try table.map(
        virtual: DeviceMap.address(of: aligned.lowerBound), physical: aligned.lowerBound,
        byteCount: aligned.upperBound - aligned.lowerBound, .frameBuffer, frames: &frames)
    }

    setPageAttributes()
    ControlRegister.cr3 = table.root
    setGlobalPages()
    KernelRoot.adopt(FrameNumber(containing: table.root))
    // SAFETY: the boot CPU is the only one that runs, so nobody reads these meanwhile.
    unsafe PhysicalReach.hasKernelTables = true

    startFrameAllocator(plan, frameCount: frameTable.frameCount, taken: frames.start..<frames.free.lowerBound)
    BootModule.start(BootModules(plan))
    ObjectHeap.start(isDebugged: heapIsDebugged)
    guard UserFrame.startZeroFrame(),
      KernelTables.start(table: table.root, levelCount: PagingMode.current.levelCount)
    else { throw .outOfMemory }
  }

  /// Makes a CPU that has just loaded the tables use them as the boot CPU does.
  static func startProcessor() {
    setPageAttributes()
    setGlobalPages()
  }

  private static func setPageAttributes() {
    if apus_read_cpuid(1, 0).edx & 1 << 16 != 0 { apus_write_msr(pageAttributeTable, pageAttributes) }
  }

  private static func setGlobalPages() {
    if apus_read_cpuid(1, 0).edx & 1 << 13 != 0 { ControlRegister.cr4 |= globalPages }
  }

  private static func startFrameAllocator(
    _ plan: borrowing PhysicalMemoryPlan, frameCount: Int, taken: Range<UInt64>
  ) {
    FrameTable.start(at: UInt(APUS_FRAME_TABLE), frameCount: frameCount)
    // SAFETY: the boot CPU is alone.
    unsafe takenByteCount = taken.upperBound - taken.lowerBound
    var node = MemoryNode()
    for index in 0..<plan.freeCount {
      let range = plan.free(index)
      for part in [range.clamped(to: 0..<taken.lowerBound), range.clamped(to: taken.upperBound..<UInt64.max)]
      where !part.isEmpty {
        let frames =
          FrameNumber(containing: part.lowerBound).rawValue..<FrameNumber(containing: part.upperBound).rawValue
        node.add(frames, in: FrameTable.descriptors)
      }
    }
    node.setWatermarks()
    FrameAllocator.start(node)
  }

  /// Bytes of physical memory that the tables and the heap took.
  static var bootMemoryUsed: UInt64 {
    // SAFETY: written once, by `install`, while only the boot CPU runs.
    unsafe takenByteCount
  }

  private static func mapImage(into table: inout PageTable, frames: inout BootFrames) throws(MachineError) {
    try mapImage(ImageLayout.text, .code, into: &table, frames: &frames)
    try mapImage(ImageLayout.constants, .constants, into: &table, frames: &frames)
    let symbols = ImageLayout.symbolsStart..<(ImageLayout.physical.upperBound + ImageLayout.virtualOffset)
    try mapImage(pages(covering: symbols), .constants, into: &table, frames: &frames)
    var page = ImageLayout.data.lowerBound
    while page < ImageLayout.data.upperBound {
      if ImageLayout.guardPage(containing: page) == nil {
        try mapImage(page..<(page + PageTable.pageSize), .data, into: &table, frames: &frames)
      }
      page += PageTable.pageSize
    }
  }

  private static func mapImage(
    _ range: Range<UInt64>, _ attributes: PageAttributes, into table: inout PageTable, frames: inout BootFrames
  ) throws(MachineError) {
    try table.map(
      virtual: range.lowerBound, physical: range.lowerBound - ImageLayout.virtualOffset,
      byteCount: range.upperBound - range.lowerBound, attributes, frames: &frames)
  }

  /// Maps `range` into the physical map: read-only where it is the image's code or constants, whose other address must not
  /// be a way around their permissions.
  private static func mapMemory(
    _ range: Range<UInt64>, into table: inout PageTable, frames: inout BootFrames
  ) throws(MachineError) {
    let offset = ImageLayout.virtualOffset
    let readOnly = ImageLayout.text.lowerBound - offset..<ImageLayout.constants.upperBound - offset
    let all = pages(covering: range)
    let below = all.clamped(to: 0..<readOnly.lowerBound)
    let inside = all.clamped(to: readOnly)
    let above = all.clamped(to: readOnly.upperBound..<UInt64.max)
    for (part, attributes) in [(below, PageAttributes.data), (inside, .constants), (above, .data)] where !part.isEmpty {
      try table.map(
        virtual: PhysicalMap.address(of: part.lowerBound), physical: part.lowerBound,
        byteCount: part.upperBound - part.lowerBound, attributes, frames: &frames)
    }
  }

  private static func pages(covering range: Range<UInt64>) -> Range<UInt64> {
    let mask = PageTable.pageSize - 1
    return (range.lowerBound & ~mask)..<((range.upperBound + mask) & ~mask)
  }
}
