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
    first = try Self.take(count: count, limit: limit)
    self.count = count
  }

  /// Takes frames that are nobody's run yet; for the parameters see `init`.
  ///
  /// - Returns: the first.
  static func take(count: Int, limit: ZoneKind) throws(Errno) -> FrameNumber {
    guard count > 0 else { throw .EINVAL }
    guard let first = FrameAllocator.allocateRun(.kernel, count: count, limit: limit, .user) else { throw .ENOMEM }
    FrameTable.descriptors[first].index = UInt64(count)
    return first
  }

  deinit {
    FrameAllocator.releaseRun(first, count: count)
  }

  /// The physical addresses that the run has.
  public var addresses: Range<UInt64> { first.address..<(first + count).address }
}
