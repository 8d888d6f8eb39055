import Foundations
import PageFrames
import Synchronization

/// Where page tables get their frames.
enum PageTableFrames {
  private static let taken = Atomic<Int>(0)

  /// Frames that hold page tables now, but for those that boot made.
  static var count: Int { taken.load(ordering: .relaxed) }

  /// Takes a frame filled with zeros for a program's table, with the kind `.pageTable`, no entry counted.
  ///
  /// - Throws: `ENOMEM`.
  static func takeZeroed() throws(Errno) -> FrameNumber {
    prepare(try FrameAllocator.allocateForUser())
  }

  /// Takes a frame filled with zeros for one of the kernel's tables, or returns nil.
  static func takeZeroed(_ priority: AllocationPriority) -> FrameNumber? {
    guard let frame = FrameAllocator.allocate(priority) else { return nil }
    return prepare(frame)
  }

  private static func prepare(_ frame: FrameNumber) -> FrameNumber {
    let descriptors = FrameTable.descriptors
    descriptors[frame].kind = .pageTable
    descriptors[frame].index = 0
    FrameMemory.clear(frame)
    taken.wrappingAdd(1, ordering: .relaxed)
    return frame
  }

  /// Gives a table's frame back.
  static func release(_ frame: FrameNumber) {
    taken.wrappingSubtract(1, ordering: .relaxed)
    FrameAllocator.release(frame)
  }
}
