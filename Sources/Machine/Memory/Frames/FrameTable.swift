import Boot
public import PageFrames

/// The descriptors of all frames: one table, mapped at an address of its own, in which holes of physical memory cost nothing.
///
/// Where there is no memory, the table's pages are one shared page of zeros, read only: an absent frame's descriptor can be
/// looked at like any other.
public enum FrameTable {
  #if os(none)
    /// A constant, so that looking up a descriptor neither loads nor checks it.
    private static let base = UInt(APUS_FRAME_TABLE)
  #else
    // SAFETY: written by `start`, before anything reads it.
    nonisolated(unsafe) private static var base: UInt = 0
  #endif
  // SAFETY: written by the boot CPU while it is the only one, before anything reads it.
  nonisolated(unsafe) private static var count = 0

  /// The descriptors, by frame number.
  @inline(__always)
  public static var descriptors: Span<FrameDescriptor> {
    @_lifetime(immortal) get {
      // SAFETY: `start` was given a table of `count` descriptors that is never freed; until then the span is empty.
      #if os(none)
        let address = base
      #else
        let address = unsafe base
      #endif
      let start = unsafe UnsafePointer<FrameDescriptor>(bitPattern: address)
      let elements = unsafe UnsafeBufferPointer(start: start, count: count)
      return unsafe _overrideLifetime(Span(_unsafeElements: elements), copying: ())
    }
  }

  /// Makes the table of `frameCount` zeroed descriptors at `address` the one in force.
  static func start(at address: UInt, frameCount: Int) {
    // SAFETY: the boot CPU is alone.
    #if os(none)
      precondition(address == base)
    #else
      unsafe base = address
    #endif
    unsafe count = frameCount
  }
}
