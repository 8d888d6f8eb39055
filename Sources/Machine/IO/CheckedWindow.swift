import Boot
public import Foundations

/// Where bytes are that may be accessed as a device's. Only Machine can make one, after it has checked them.
public struct CheckedPlace {
  fileprivate let address: UInt64

  /// - Parameter address: of bytes that are mapped for as long as whoever tells of them exists, where no Swift object is.
  @inline(__always)
  init(_ address: UInt64) { self.address = address }
}

/// Bytes that are shared with a device, in the kernel's own addresses: registers, or memory that the device reaches too.
///
/// Accesses are the same whatever the bytes are; what is inside, each kind knows. An access outside is lost: a read gives ones.
public protocol CheckedWindow: RegisterSpace, ~Copyable {
  /// Where the `width` bytes at `offset` are; nil when they are not all inside.
  func place(_ offset: Int, _ width: Int) -> CheckedPlace?
}

// SAFETY (section): a `CheckedPlace` is only made of bytes that are inside of what its maker has mapped, where no Swift object is.
// A device may write at any moment: each access is one access of its width.

extension CheckedWindow where Self: ~Copyable {
  /// Reads 8 bits.
  @inline(__always)
  public func read8(at offset: Int) -> UInt8 { place(offset, 1).map { apus_device_read8($0.address) } ?? .max }
  /// Reads 16 bits.
  @inline(__always)
  public func read16(at offset: Int) -> UInt16 { place(offset, 2).map { apus_device_read16($0.address) } ?? .max }
  /// Reads 32 bits.
  @inline(__always)
  public func read32(at offset: Int) -> UInt32 { place(offset, 4).map { apus_device_read32($0.address) } ?? .max }
  /// Reads 64 bits, in one access.
  @inline(__always)
  public func read64(at offset: Int) -> UInt64 { place(offset, 8).map { apus_device_read64($0.address) } ?? .max }
  /// Writes 8 bits.
  @inline(__always)
  public func write8(_ value: UInt8, at offset: Int) {
    if let place = place(offset, 1) { apus_device_write8(place.address, value) }
  }
  /// Writes 16 bits.
  @inline(__always)
  public func write16(_ value: UInt16, at offset: Int) {
    if let place = place(offset, 2) { apus_device_write16(place.address, value) }
  }
  /// Writes 32 bits.
  @inline(__always)
  public func write32(_ value: UInt32, at offset: Int) {
    if let place = place(offset, 4) { apus_device_write32(place.address, value) }
  }
  /// Writes 64 bits, in one access.
  @inline(__always)
  public func write64(_ value: UInt64, at offset: Int) {
    if let place = place(offset, 8) { apus_device_write64(place.address, value) }
  }
}
