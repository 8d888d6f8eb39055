import Boot
import Foundations

/// Reads what firmware left in memory: tables in memory that it keeps, and everything in the first 1 MiB.
public struct FirmwareMemory: Sendable {
  private static let low: Range<UInt64> = 0..<0x10_0000

  /// Creates the reader.
  public init() {}

  /// Copies `destination.count` bytes from physical address `address` on.
  ///
  /// - Throws: `EPERM` when they are memory of the kernel's or programs' above 1 MiB, otherwise what `DeviceSpace.map` throws.
  /// - Context: any without locks, once the kernel has its own page tables.
  public func read(at address: UInt64, into destination: inout MutableSpan<UInt8>) throws(Errno) {
    guard destination.count > 0 else { return }
    let (end, isPastEnd) = address.addingReportingOverflow(UInt64(destination.count))
    guard !isPastEnd else { throw .EINVAL }
    let source: UInt64
    if end <= Self.low.upperBound {
      // SAFETY: a plain read of a flag that only the boot CPU writes, while it is alone.
      guard unsafe PhysicalReach.hasKernelTables else { throw .ENODEV }
      source = PhysicalMap.address(of: address)
    } else {
      source = try DeviceMap.map(address..<end, .writeBack)
    }
    // Byte by byte: firmware may change the memory at any time.
    for index in 0..<destination.count { destination[index] = apus_device_read8(source &+ UInt64(index)) }
  }
}
