import Boot
import BootInformation

/// Reads what the loader left, through the device map of the boot tables: the first 4 GiB.
///
/// Reading is all that it can do, and only before the kernel's own tables take over.
public struct BootMemoryReader: PhysicalMemoryReader {
  /// Creates the reader.
  public init() {}

  /// The byte at `address`, or nil above 4 GiB or after the memory step.
  public func read8(at address: UInt64) -> UInt8? {
    // SAFETY: the boot tables map all of the first 4 GiB; any byte pattern is a valid UInt8.
    guard unsafe !PhysicalReach.hasKernelTables, address < PhysicalReach.bootLimit else { return nil }
    return unsafe UnsafePointer<UInt8>(bitPattern: UInt(DeviceMap.address(of: address)))?.pointee
  }
}
