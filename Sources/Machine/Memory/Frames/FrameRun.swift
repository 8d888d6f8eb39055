import Foundations
public import PageFrames

/// Neighbouring frames that are owned together: buffers for devices, and whatever must lie in one piece.
public struct FrameRun: ~Copyable {
  /// The first frame.
  public let first: FrameNumber
  /// How many frames there are.
  public let count: Int

  /// Takes `count` frames in one piece.
  ///
  /// - Parameters:
  ///   - count: at least 1.
  ///   - limit: the highest zone that will do; `.dma` for devices that reach 16 MiB only.
  /// - Throws: `EINVAL` for a count below 1, `ENOMEM` when there is no such piece.
  public init(count: Int, limit: ZoneKind = .high) throws(Errno) {
    guard count > 0 else { throw .EINVAL }
    guard let first = FrameAllocator.allocateRun(.kernel, count: count, limit: limit, .user) else { throw .ENOMEM }
    FrameTable.descriptors[first].index = UInt64(count)
    self.first = first
    self.count = count
  }

  deinit {
    FrameAllocator.releaseRun(first, count: count)
  }

  /// Leaves the frames to whoever calls this.
  ///
  /// - Returns: the first.
  consuming func keep() -> FrameNumber {
    let first = first
    discard self
    return first
  }

  /// The physical addresses that the run has.
  public var addresses: Range<UInt64> { first.address..<(first + count).address }
}
