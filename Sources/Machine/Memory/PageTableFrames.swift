import Foundations
import PageFrames

/// Where page tables get their frames.
enum PageTableFrames {
  /// Takes a frame filled with zeros, with the kind `.pageTable`, no entry counted.
  ///
  /// - Throws: `ENOMEM`.
  static func takeZeroed() throws(Errno) -> FrameNumber {
    let frame = try FrameAllocator.allocateForUser()
    let descriptors = FrameTable.descriptors
    descriptors[frame].kind = .pageTable
    descriptors[frame].index = 0
    FrameMemory.clear(frame)
    return frame
  }

  /// Gives a table's frame back.
  static func release(_ frame: FrameNumber) {
    FrameAllocator.release(frame)
  }
}
