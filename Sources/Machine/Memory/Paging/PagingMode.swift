import Boot

/// How many levels the page tables have: what the entry code has turned on, for the kernel and for programs alike.
///
/// Source: Intel SDM vol. 3A, 4.5.
public enum PagingMode: UInt8, Sendable {
  /// Addresses of 48 bits.
  case fourLevel = 4
  /// Addresses of 57 bits.
  case fiveLevel = 5

  private static let cr4FiveLevel: UInt64 = 1 << 12

  /// The mode in force. SAFETY: written by the boot CPU while it is alone; a host test changes it while it is alone.
  nonisolated(unsafe) private static var detected = PagingMode.fourLevel

  /// The mode in force.
  @inline(__always)
  public static var current: PagingMode {
    // SAFETY: not written after boot.
    unsafe detected
  }

  /// Asks the CPU.
  ///
  /// - Context: once, on the boot CPU, before any page table is made.
  static func detect() {
    #if os(none)
      set(apus_read_cr4() & cr4FiveLevel != 0 ? .fiveLevel : .fourLevel)
    #endif
  }

  static func set(_ mode: PagingMode) {
    // SAFETY: as said at `detected`.
    unsafe detected = mode
  }

  /// How many levels of tables there are.
  @inline(__always)
  var levelCount: Int { Int(rawValue) }

  /// The level of the root table, counted from 0 for the tables that hold 4 KiB pages.
  @inline(__always)
  var rootLevel: Int { Int(rawValue) - 1 }
}
