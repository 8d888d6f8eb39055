#if !os(none)
  import PageFrames

  /// The simulated memory as a device on the bus sees it, for device models in tests: by addresses, without knowing who owns what.
  ///
  /// Used within `SimulatedMemory.exclusive`.
  public enum SimulatedBus {
    // SAFETY (section): the range was checked to be in the allocation that stands in for the machine's memory, which lives as
    // long as the process; that a device may write to memory that was given to it is what is simulated.

    private static func pointer(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
      let end = UInt64(SimulatedMemory.frameCount) * FrameNumber.byteCount
      // Nobody is ever given frame 0.
      guard count >= 0, address >= FrameNumber.byteCount, address <= end, UInt64(count) <= end - address else {
        return nil
      }
      return unsafe UnsafeMutableRawPointer(bitPattern: UInt(PhysicalMap.address(of: address)))
    }

    /// The `count` bytes at `address`; nil when they are not all memory.
    public static func read(_ address: UInt64, count: Int) -> [UInt8]? {
      guard let pointer = unsafe pointer(address, count) else { return nil }
      return unsafe [UInt8](UnsafeRawBufferPointer(start: pointer, count: count))
    }

    /// Writes `bytes` to `address`.
    ///
    /// - Returns: false when they are not all memory; then nothing is written.
    public static func write(_ bytes: [UInt8], at address: UInt64) -> Bool {
      guard let pointer = unsafe pointer(address, bytes.count) else { return false }
      unsafe UnsafeMutableRawBufferPointer(start: pointer, count: bytes.count).copyBytes(from: bytes)
      return true
    }
  }
#endif
