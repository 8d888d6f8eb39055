import Boot

/// Physical frames for the kernel's first tables and heap: taken upward from one range of free memory, never given back.
///
/// The frame allocator takes over what is left of the range.
struct BootFrames: ~Copyable {
  /// What has not been taken, as physical addresses, page aligned.
  private(set) var free: Range<UInt64>
  /// The first address that was to be had.
  let start: UInt64

  /// Creates a source of the frames in `range`.
  ///
  /// - Precondition (by Machine): the memory is usable, nobody else's, and mapped by the tables in force.
  init(range: Range<UInt64>) {
    let mask = PageTable.pageSize - 1
    let lower = (range.lowerBound + mask) & ~mask
    free = lower..<max(lower, range.upperBound & ~mask)
    start = lower
  }

  /// Takes one frame filled with zeros.
  ///
  /// - Throws: `.outOfMemory` when none is left.
  mutating func takeZeroed() throws(MachineError) -> UInt64 {
    try take(byteCount: PageTable.pageSize)
  }

  /// Takes `byteCount` bytes, a multiple of the page size, in one piece filled with zeros.
  mutating func take(byteCount: UInt64) throws(MachineError) -> UInt64 {
    guard free.upperBound - free.lowerBound >= byteCount else { throw .outOfMemory }
    let first = free.lowerBound
    free = (first + byteCount)..<free.upperBound
    // SAFETY: the range is free memory that the physical map reaches.
    let memory = unsafe UnsafeMutableRawPointer(bitPattern: UInt(PhysicalMap.address(of: first))).unsafelyUnwrapped
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(byteCount))
    return first
  }
}
