import Foundations
import PageFrames

/// Where page tables get their frames.
enum PageTableFrames {
  /// Takes a frame filled with zeros for a program's table, with the kind `.pageTable`, no entry counted.
  ///
  /// - Throws: `ENOMEM`.
  static func takeZeroed() throws(Errno) -> FrameNumber {
    prepare(try FrameAllocator.allocateForUser(.pageTable))
  }

  /// Takes a frame filled with zeros for one of the kernel's tables, or returns nil.
  static func takeZeroed(_ priority: AllocationPriority) -> FrameNumber? {
    guard let frame = FrameAllocator.allocate(.pageTable, priority) else { return nil }
    return prepare(frame)
  }

  private static func prepare(_ frame: FrameNumber) -> FrameNumber {
    let descriptors = FrameTable.descriptors
    descriptors[frame].index = 0
    FrameMemory.clear(frame)
    return frame
  }

  /// Gives a table's frame back.
  static func release(_ frame: FrameNumber) {
    FrameAllocator.release(frame)
  }
}
