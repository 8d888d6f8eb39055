public import Foundations

/// One of a device's structures: registers in a range that was checked.
public final class VirtioRegion<Space: RegisterSpace & ~Copyable>: RegisterSpace {
  private let space: Space
  /// How many bytes it has.
  public let byteCount: Int

  /// The first `byteCount` bytes of `space`.
  public init(_ space: consuming Space, byteCount: Int) {
    self.space = space
    self.byteCount = byteCount
  }

  private func contains(_ offset: Int, _ width: Int) -> Bool { offset >= 0 && offset <= byteCount &- width }

  /// Reads 8 bits.
  public func read8(at offset: Int) -> UInt8 { contains(offset, 1) ? space.read8(at: offset) : .max }
  /// Reads 16 bits.
  public func read16(at offset: Int) -> UInt16 { contains(offset, 2) ? space.read16(at: offset) : .max }
  /// Reads 32 bits.
  public func read32(at offset: Int) -> UInt32 { contains(offset, 4) ? space.read32(at: offset) : .max }
  /// Reads 64 bits.
  public func read64(at offset: Int) -> UInt64 { contains(offset, 8) ? space.read64(at: offset) : .max }
  /// Writes 8 bits.
  public func write8(_ value: UInt8, at offset: Int) { if contains(offset, 1) { space.write8(value, at: offset) } }
  /// Writes 16 bits.
  public func write16(_ value: UInt16, at offset: Int) { if contains(offset, 2) { space.write16(value, at: offset) } }
  /// Writes 32 bits.
  public func write32(_ value: UInt32, at offset: Int) { if contains(offset, 4) { space.write32(value, at: offset) } }
  /// Writes 64 bits.
  public func write64(_ value: UInt64, at offset: Int) { if contains(offset, 8) { space.write64(value, at: offset) } }
}
