/// How many frames are used for what.
///
/// Each CPU counts what it took less what it gave back; only the sum over all CPUs means anything.
public struct FrameUsage: Sendable {
  private var counts = InlineArray<16, Int>(repeating: 0)

  /// Creates a count of nothing.
  public init() {}

  /// Frames of `kind`.
  public subscript(kind: FrameKind) -> Int { counts[Int(kind.rawValue) & 15] }

  /// Counts `count` frames more, or less, of the kind with the number `rawKind`.
  @inline(__always)
  public mutating func add(_ count: Int, rawKind: UInt8) { counts[Int(rawKind) & 15] &+= count }

  /// Adds another CPU's counts.
  public mutating func add(_ other: FrameUsage) {
    for index in 0..<16 { counts[index] &+= other.counts[index] }
  }
}
