import Boot
import PageFrames

/// How the frame table is mapped: which parts of it get memory of their own.
///
/// 2 MiB of the table describe 256 MiB of physical memory. Where nearly all of that is memory, the table gets a 2 MiB page;
/// elsewhere each 4 KiB of the table get a page if there is any memory among their 128 frames, and the page of zeros if not.
struct FrameTablePlan: ~Copyable {
  private static let largePage: UInt64 = 2 << 20
  /// Bytes of physical memory that 4 KiB of the table describe.
  private static let memoryOfSmallPage: UInt64 = 128 * FrameNumber.byteCount
  private static let memoryOfLargePage: UInt64 = 512 * memoryOfSmallPage
  /// Largest amount of physical memory whose table may have large pages: the first 2 TiB.
  private static let largePageLimit = 8192

  /// How many frames the table describes.
  let frameCount: Int
  private var isLarge = InlineArray<128, UInt64>(repeating: 0)
  private var largeCount: UInt64 = 0
  private var largeStart: UInt64 = 0

  init(_ plan: borrowing PhysicalMemoryPlan) {
    precondition(MemoryLayout<FrameDescriptor>.stride == 32)
    frameCount = plan.frameCount
    let end = UInt64(frameCount) * FrameNumber.byteCount
    for block in 0..<Self.largePageLimit {
      let start = UInt64(block) * Self.memoryOfLargePage
      guard start < end else { break }
      if plan.memoryByteCount(in: start..<start + Self.memoryOfLargePage) >= Self.memoryOfLargePage
        - Self.memoryOfSmallPage
      {
        isLarge[block >> 6] |= 1 << UInt64(block & 63)
        largeCount += 1
      }
    }
  }

  /// Where to begin to take memory in `range` so that the large pages lie at multiples of their size.
  func alignedStart(in range: Range<UInt64>) -> UInt64 {
    guard largeCount > 0 else { return range.lowerBound }
    let mask = Self.largePage - 1
    return min((range.lowerBound + mask) & ~mask, range.upperBound)
  }

  /// Takes the table's large pages: the first memory that is taken from `frames`.
  mutating func takeLargePages(from frames: inout BootFrames) throws(MachineError) {
    largeStart = try frames.take(byteCount: largeCount * Self.largePage)
  }

  /// Maps the whole table.
  func map(
    _ plan: borrowing PhysicalMemoryPlan, into table: inout PageTable, frames: inout BootFrames
  ) throws(MachineError) {
    let zeros = try frames.takeZeroed()
    let end = UInt64(frameCount) * FrameNumber.byteCount
    var nextLarge = largeStart
    var memory: UInt64 = 0
    while memory < end {
      let virtual = UInt64(APUS_FRAME_TABLE) + memory / FrameNumber.byteCount * 32
      let block = Int(memory / Self.memoryOfLargePage)
      if block < Self.largePageLimit, isLarge[block >> 6] & 1 << UInt64(block & 63) != 0 {
        try table.map(
          virtual: virtual, physical: nextLarge, byteCount: Self.largePage, .data, frames: &frames)
        nextLarge += Self.largePage
        memory += Self.memoryOfLargePage
        continue
      }
      let isMemory = plan.memoryByteCount(in: memory..<memory + Self.memoryOfSmallPage) > 0
      let physical = isMemory ? try frames.takeZeroed() : zeros
      try table.map(
        virtual: virtual, physical: physical, byteCount: PageTable.pageSize, isMemory ? .data : .constants,
        frames: &frames)
      memory += Self.memoryOfSmallPage
    }
  }
}
