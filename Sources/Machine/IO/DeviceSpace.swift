import Boot
public import Foundations

/// Registers of a device in physical memory, or memory that firmware has kept for itself.
///
/// Never memory that the kernel or programs use, and never registers through which memory safety could be broken (those of the
/// interrupt controllers, which Machine keeps). What was mapped stays mapped, so a space costs nothing to drop; several may
/// reach the same registers, and who owns a device is for its driver to settle.
public struct DeviceSpace: RegisterSpace, ~Copyable {
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

  @inline(__always)
  private func place(_ offset: Int, _ width: Int) -> UInt64? {
    guard offset >= 0, offset <= count &- width else { return nil }
    return address &+ UInt64(truncatingIfNeeded: offset)
  }

  // SAFETY (section): `place` has checked that the bytes are inside what `map` mapped for good, where no Swift object is.

  /// Reads 8 bits.
  @inline(__always)
  public func read8(at offset: Int) -> UInt8 { place(offset, 1).map { apus_device_read8($0) } ?? .max }
  /// Reads 16 bits.
  @inline(__always)
  public func read16(at offset: Int) -> UInt16 { place(offset, 2).map { apus_device_read16($0) } ?? .max }
  /// Reads 32 bits.
  @inline(__always)
  public func read32(at offset: Int) -> UInt32 { place(offset, 4).map { apus_device_read32($0) } ?? .max }
  /// Reads 64 bits, in one access.
  @inline(__always)
  public func read64(at offset: Int) -> UInt64 { place(offset, 8).map { apus_device_read64($0) } ?? .max }
  /// Writes 8 bits.
  @inline(__always)
  public func write8(_ value: UInt8, at offset: Int) {
    if let place = place(offset, 1) { apus_device_write8(place, value) }
  }
  /// Writes 16 bits.
  @inline(__always)
  public func write16(_ value: UInt16, at offset: Int) {
    if let place = place(offset, 2) { apus_device_write16(place, value) }
  }
  /// Writes 32 bits.
  @inline(__always)
  public func write32(_ value: UInt32, at offset: Int) {
    if let place = place(offset, 4) { apus_device_write32(place, value) }
  }
  /// Writes 64 bits, in one access.
  @inline(__always)
  public func write64(_ value: UInt64, at offset: Int) {
    if let place = place(offset, 8) { apus_device_write64(place, value) }
  }
}
