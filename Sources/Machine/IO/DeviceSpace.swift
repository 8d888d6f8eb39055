public import Foundations

/// Registers of a device in physical memory, or memory that firmware has kept for itself.
///
/// Never memory that the kernel or programs use, and never registers through which memory safety could be broken (those of the
/// interrupt controllers, which Machine keeps). What was mapped stays mapped, so a space costs nothing to drop; several may
/// reach the same registers, and who owns a device is for its driver to settle.
public struct DeviceSpace: CheckedWindow, ~Copyable {
  /// How accesses are cached. Source: Intel SDM vol. 3A, 13.3.
  public enum Caching: Sendable {
    /// Registers: every access reaches the device, in order.
    case uncached
    /// Frame buffers: writes are gathered.
    case writeCombining
    /// Memory, such as the tables of firmware.
    case writeBack
  }

  private let address: UInt64
  /// The size in bytes.
  public let count: Int

  /// Maps the bytes at physical addresses `range`.
  ///
  /// - Throws: `EINVAL` when the range is empty or past what the CPU addresses, `EPERM` when memory or registers in it are the
  ///   kernel's, `EBUSY` when part of it is mapped with another caching, `ENOMEM`, `ENODEV` before the kernel has page tables.
  /// - Context: any without locks.
  public static func map(_ range: Range<UInt64>, caching: Caching = .uncached) throws(Errno) -> DeviceSpace {
    let address = try DeviceMap.map(range, caching)
    return DeviceSpace(address: address, count: Int(range.upperBound - range.lowerBound))
  }

  /// Registers that Machine keeps for itself.
  static func mapReserved(_ range: Range<UInt64>) throws(Errno) -> DeviceSpace {
    let address = try DeviceMap.mapReserved(range)
    return DeviceSpace(address: address, count: Int(range.upperBound - range.lowerBound))
  }

  private init(address: UInt64, count: Int) {
    self.address = address
    self.count = count
  }

  /// The space that begins `offset` bytes in and has `count` bytes.
  ///
  /// - Returns: nil when it is not inside this one.
  public borrowing func part(at offset: Int, count partCount: Int) -> DeviceSpace? {
    guard offset >= 0, partCount > 0, offset <= count, partCount <= count - offset else { return nil }
    return DeviceSpace(address: address &+ UInt64(offset), count: partCount)
  }

  // SAFETY: the bytes are inside what `map` mapped for good, where no Swift object is.
  /// Where the `width` bytes at `offset` are; nil when they are not all inside.
  @inline(__always)
  public func place(_ offset: Int, _ width: Int) -> CheckedPlace? {
    guard offset >= 0, width >= 0, offset <= count &- width else { return nil }
    return CheckedPlace(address &+ UInt64(truncatingIfNeeded: offset))
  }
}
