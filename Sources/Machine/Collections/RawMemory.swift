import PageFrames

/// The heap, for Machine's own collections: it says no by nil instead of a trap.
enum RawMemory {
  /// Takes `byteCount` bytes, or returns nil when there is no memory.
  ///
  /// SAFETY: the caller owns the memory until it gives it to `release`.
  static func allocate(byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer? {
    #if os(none)
      return unsafe KernelHeap.allocate(count: UInt(byteCount), alignment: UInt(alignment), .user)
    #else
      guard AllocationFaults.allows() else { return nil }
      return UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: alignment)
    #endif
  }

  /// Gives back what `allocate` returned.
  ///
  /// SAFETY: the caller does not use the memory again.
  static func release(_ memory: UnsafeMutableRawPointer) {
    #if os(none)
      unsafe KernelHeap.release(memory)
    #else
      unsafe memory.deallocate()
    #endif
  }
}
