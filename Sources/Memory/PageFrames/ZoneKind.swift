/// The zones that physical memory is divided into, lowest first.
///
/// All memory is in the kernel's physical map, so a zone is only about which devices can reach it: the old DMA controllers
/// 16 MiB, many 32-bit devices nothing above 4 GiB.
public enum ZoneKind: Int, Sendable {
  /// Below 16 MiB.
  case dma
  /// From 16 MiB to 896 MiB.
  case normal
  /// Above 896 MiB.
  case high

  /// How many zones there are.
  public static let count = 3

  /// The frames that belong to the zone.
  public var limits: Range<UInt32> {
    switch self {
    case .dma: 0..<4096
    case .normal: 4096..<229_376
    case .high: 229_376..<UInt32.max
    }
  }

  /// The zone's name as Linux writes it in `/proc/buddyinfo`.
  public var name: StaticString {
    switch self {
    case .dma: "DMA"
    case .normal: "Normal"
    case .high: "HighMem"
    }
  }
}

/// How far an allocation may go when memory is short.
public enum AllocationPriority: Sendable {
  /// For programs: leaves the minimum watermark alone, which is kept for the kernel.
  case user
  /// For the kernel's own objects, which must not fail while a program's request can: leaves a quarter of the watermark.
  case kernel
  /// For freeing memory, handling faults and reporting them: takes the last frame.
  case emergency

  /// The part of the minimum watermark that must stay free.
  @inline(__always)
  func floor(of minimum: Int) -> Int {
    switch self {
    case .user: minimum
    case .kernel: minimum >> 2
    case .emergency: 0
    }
  }
}
