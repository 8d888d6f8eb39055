import Boot

/// The two windows of the kernel's address space through which physical memory is reached.
///
/// `PhysicalMap` holds memory, cached; `DeviceMap` holds device registers and frame buffers, with the caching each was
/// mapped with. Both are linear, so an address does not change when the boot tables give way to the kernel's own.
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
}

enum DeviceMap {
  static let base = UInt64(APUS_DEVICE_MAP)

  /// What physical addresses this CPU has, as far as the map can hold them: 64 TiB.
  ///
  /// Source: Intel SDM vol. 2A, CPUID leaf 80000008h.
  static var byteCount: UInt64 {
    let hasLeaf = apus_read_cpuid(0x8000_0000, 0).eax >= 0x8000_0008
    let width = hasLeaf ? apus_read_cpuid(0x8000_0008, 0).eax & 0xff : 36
    return 1 << UInt64(min(max(width, 36), 46))
  }

  static func address(of physical: UInt64) -> UInt64 { base + physical }
}

/// What the tables in force reach: the boot tables the first 4 GiB, the kernel's own what was mapped into them.
enum PhysicalReach {
  static let bootLimit: UInt64 = 4 << 30
  /// SAFETY: written by the boot CPU while it is the only one.
  nonisolated(unsafe) static var hasKernelTables = false
}
