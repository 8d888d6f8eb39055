import Boot
import PageFrames

/// The bytes behind frame numbers. Machine's own; everybody else has types that own their frames.
enum FrameMemory {
  /// SAFETY: the caller owns the frame or reads what may change at any time.
  @inline(__always)
  static func pointer(to frame: FrameNumber) -> UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(PhysicalMap.address(of: frame.address))).unsafelyUnwrapped
  }

  /// Fills the frame with zeros.
  ///
  /// SAFETY: the caller owns the frame.
  @inline(__always)
  static func clear(_ frame: FrameNumber) {
    unsafe apus_clear_page(pointer(to: frame))
  }
}
