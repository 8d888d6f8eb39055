/// Reads physical memory for the parsers of what a loader left there.
///
/// The kernel's implementation reads through its page tables; tests have one over an array. All multi-byte values are
/// little-endian and may be unaligned.
public protocol PhysicalMemoryReader: ~Copyable {
  /// The byte at `address`, or nil where there is no memory that may be read.
  borrowing func read8(at address: UInt64) -> UInt8?
}

extension PhysicalMemoryReader where Self: ~Copyable {
  /// The 16-bit value at `address`.
  borrowing func read16(at address: UInt64) -> UInt16? {
    word(at: address, byteCount: 2).map { UInt16(truncatingIfNeeded: $0) }
  }

  /// The 32-bit value at `address`.
  borrowing func read32(at address: UInt64) -> UInt32? {
    word(at: address, byteCount: 4).map { UInt32(truncatingIfNeeded: $0) }
  }

  /// The 64-bit value at `address`.
  borrowing func read64(at address: UInt64) -> UInt64? {
    word(at: address, byteCount: 8)
  }

  private borrowing func word(at address: UInt64, byteCount: UInt64) -> UInt64? {
    guard address <= UInt64.max - byteCount else { return nil }
    var value: UInt64 = 0
    for index in 0..<byteCount {
      guard let byte = read8(at: address + index) else { return nil }
      value |= UInt64(byte) << (index * 8)
    }
    return value
  }
}
