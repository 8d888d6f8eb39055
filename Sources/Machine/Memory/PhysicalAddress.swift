import Boot
import PageFrames

/// The window of the kernel's address space through which all memory is reached, cached.
///
/// It is linear, as is `DeviceMap`, so an address does not change when the boot tables give way to the kernel's own.
enum PhysicalMap {
  /// What the map can hold; memory above is not used.
  static let limit = UInt64(APUS_PHYSICAL_LIMIT)
  #if os(none)
    static let base = UInt64(APUS_PHYSICAL_MAP)
  #else
    /// On the host, physical memory is an allocation. SAFETY: written once, by `SimulatedMemory.start`.
    nonisolated(unsafe) static var hostBase: UInt64 = 0
    static var base: UInt64 { unsafe hostBase }
  #endif
  @inline(__always)
  static func address(of physical: UInt64) -> UInt64 { base &+ physical }

  /// Whether no page of `range`, whole pages, is in the map: it is neither the kernel's nor programs' memory.
  ///
  /// - Context: once the kernel has its own page tables.
  static func isOutside(_ range: Range<UInt64>) -> Bool {
    var page = range.lowerBound
    while page < min(range.upperBound, limit) {
      if PageTable.translate(address(of: page), root: KernelRoot.frame.address) != nil { return false }
      page += PageTable.pageSize
    }
    return true
  }
}

/// What the tables in force reach: the boot tables the first 4 GiB, the kernel's own what was mapped into them.
enum PhysicalReach {
  static let bootLimit: UInt64 = 4 << 30
  /// SAFETY: written by the boot CPU while it is the only one.
  nonisolated(unsafe) static var hasKernelTables = false
}
