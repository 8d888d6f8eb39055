public import Foundations
public import Machine
import PageFrames

/// Where a balloon's pages come from and go to.
///
/// By itself it takes what the frame allocator has to spare, and knows no figures.
open class BalloonPageSource {
  /// Creates a source.
  public init() {}

  /// Gives a page that nobody uses, whose contents will be lost.
  ///
  /// - Throws: `ENOMEM` when none is to spare.
  open func takePage() throws(Errno) -> UserFrame {
    guard FrameAllocator.isPlentiful else { throw .ENOMEM }
    return try UserFrame.allocate(.anonymous, isZeroed: false)
  }

  /// Takes a page back, whose contents are anything.
  open func giveBack(_ page: consuming UserFrame) {}

  /// The figure that the host may know, in bytes or as a count; nil when it is not known.
  open func statistic(_ tag: VirtioLayout.Balloon.StatisticTag) -> UInt64? { nil }
}
