/// The number of a 4 KiB frame of physical memory: its address divided by 4,096.
///
/// 32 bits reach 16 TiB, which is as much as the kernel's physical map holds. Frame 0 is never handed out, so links between
/// frames use it to say "none".
public struct FrameNumber: Equatable, Comparable, Sendable {
  /// Bytes of one frame.
  public static let byteCount: UInt64 = 4096
  /// The logarithm of `byteCount`.
  public static let shift: UInt64 = 12
  /// No frame.
  public static let none = FrameNumber(0)

  /// The number.
  public let rawValue: UInt32

  /// The frame with this number.
  @inline(__always)
  public init(_ rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// The frame that holds the physical address `address`, which is below 16 TiB.
  @inline(__always)
  public init(containing address: UInt64) {
    rawValue = UInt32(truncatingIfNeeded: address >> Self.shift)
  }

  /// The physical address of the frame's first byte.
  @inline(__always)
  public var address: UInt64 { UInt64(rawValue) << Self.shift }

  /// Whether `left` lies below `right`.
  @inline(__always)
  public static func < (left: FrameNumber, right: FrameNumber) -> Bool { left.rawValue < right.rawValue }

  /// The frame `count` frames further up.
  @inline(__always)
  public static func + (frame: FrameNumber, count: Int) -> FrameNumber {
    FrameNumber(UInt32(truncatingIfNeeded: Int(frame.rawValue) &+ count))
  }
}
