import Foundations
import Machine
import PageFrames

/// Every frame that a program can get.
enum AllFrames {
  /// Takes frames until there are no more.
  static func take() throws(TestFailure) -> GrowableArray<UserFrame> {
    var frames = GrowableArray<UserFrame>()
    do throws(Errno) {
      try frames.reserveCapacity(FrameAllocator.figures.managedCount)
    } catch {
      throw TestFailure(reason: "no memory for the list of frames")
    }
    do throws(Errno) {
      while true { try frames.append(UserFrame.allocate(isZeroed: false)) }
    } catch {
      try expect(error == .ENOMEM, "frames ended with error \(error.rawValue)")
    }
    return frames
  }

  /// Writes the frame's number all over it.
  static func stamp(_ frame: borrowing UserFrame) {
    var bytes = InlineArray<512, UInt8>(repeating: 0)
    for index in 0..<512 { bytes[index] = byte(index, of: frame.number) }
    for part in 0..<8 { frame.write(at: part * 512, from: bytes.span) }
  }

  /// Whether the frame still holds what `stamp` wrote.
  static func hasStamp(_ frame: borrowing UserFrame) -> Bool {
    var bytes = InlineArray<512, UInt8>(repeating: 0)
    for part in 0..<8 {
      var span = bytes.mutableSpan
      frame.read(at: part * 512, into: &span)
      for index in 0..<512 where bytes[index] != byte(index, of: frame.number) { return false }
    }
    return true
  }

  private static func byte(_ index: Int, of frame: FrameNumber) -> UInt8 {
    UInt8(truncatingIfNeeded: frame.rawValue >> UInt32(index & 3) * 8)
  }
}

/// How much memory is free, and in what blocks.
struct FreeBlocks: Equatable {
  /// Frames that are free in all.
  private(set) var freeCount = 0
  private var counts = [Int](repeating: 0, count: 33)

  /// The free blocks now, after everything that is kept for later was given back.
  static var now: FreeBlocks {
    var blocks = FreeBlocks()
    _ = HeapStatistics.shrink()
    FrameAllocator.drainCache()
    let node = FrameAllocator.statistics.node
    blocks.freeCount = node.freeCount
    for zone in [ZoneKind.dma, .normal, .high] {
      for order in 0..<11 { blocks.counts[zone.rawValue * 11 + order] = node.zone(zone).freeBlockCount(order: order) }
    }
    return blocks
  }
}
