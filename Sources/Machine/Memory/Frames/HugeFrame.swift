import Foundations
public import PageFrames

/// The 512 frames of a 2 MiB page, in one piece at a multiple of 2 MiB, each with a reference of its own.
///
/// Once mapped they are ordinary frames: a huge page may be split and its frames freed one by one, and the allocator joins
/// them again.
@frozen
public struct HugeFrame: ~Copyable {
  /// How many frames there are.
  public static let frameCount = 512
  /// Bytes of the whole.
  public static let byteCount = 2 << 20

  /// The first frame.
  public let first: FrameNumber

  /// Takes 512 frames filled with zeros.
  ///
  /// - Returns: nil when there is no such piece; nobody is asked to make room for one.
  public init?() {
    guard let first = FrameAllocator.allocateRun(.anonymous, count: Self.frameCount, .user) else { return nil }
    self.first = first
    for index in 0..<Self.frameCount {
      let frame = UserFrame(new: first + index)
      frame.clear()
      _ = frame.relinquish()
    }
  }

  deinit {
    // Nobody else can have a reference to a frame of it: it never was mapped.
    FrameAllocator.releaseRun(first, count: Self.frameCount)
  }

  /// Gives up the references without dropping them: to a page-table entry.
  consuming func relinquish() -> FrameNumber {
    let first = first
    discard self
    return first
  }
}
