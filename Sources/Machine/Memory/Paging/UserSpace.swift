import Boot

/// The addresses that belong to programs: the lower half without the kernel's window (see docs/architecture.md).
public enum UserSpace {
  /// The addresses that the kernel keeps for itself in the middle of the lower half.
  public static let kernelWindow = UInt64(APUS_WINDOW_START)..<UInt64(APUS_WINDOW_END)

  /// The end of the addresses that a program gets unless it asks for more; the same on every CPU.
  ///
  /// The last page of the lower half stays empty: a SYSCALL there would return to an address that is not canonical, which
  /// on Intel's CPUs faults in the kernel with the program's stack. Linux keeps it empty too.
  public static let defaultEnd: UInt64 = 0x7fff_ffff_f000

  /// One past the last address: 2^47 or, with five levels, 2^56, less a page.
  @inline(__always)
  public static var end: UInt64 {
    switch PagingMode.current {
    case .fourLevel: defaultEnd
    case .fiveLevel: 0x00ff_ffff_ffff_f000
    }
  }

  /// Whether `address` belongs to programs.
  @inline(__always)
  public static func contains(_ address: UInt64) -> Bool {
    address < end && (address < kernelWindow.lowerBound || address >= kernelWindow.upperBound)
  }

  /// Whether all of `byteCount` bytes from `start` on belong to programs and lie on one side of the kernel's window.
  ///
  /// No bytes at all are inside wherever one byte or the end is.
  @inline(__always)
  public static func contains(_ start: UInt64, byteCount: UInt64) -> Bool {
    // Asked first for where nearly everything of programs is, their heaps below the window and their stacks above it, so that the
    // mode need not be known; and so that a number of bytes that is known makes each side one comparison.
    let below = kernelWindow.lowerBound
    if _fastPath(byteCount <= below && start <= below &- byteCount) { return true }
    let above = defaultEnd - kernelWindow.upperBound
    if byteCount <= above, start &- kernelWindow.upperBound <= above &- byteCount { return true }
    return containsFarAbove(start, byteCount: byteCount)
  }

  /// Whether the bytes lie above the window, some of them where programs only get memory that ask for it.
  @inline(never)
  private static func containsFarAbove(_ start: UInt64, byteCount: UInt64) -> Bool {
    let (end, isPastEnd) = start.addingReportingOverflow(byteCount)
    return !isPastEnd && start >= kernelWindow.upperBound && end <= self.end
  }
}
