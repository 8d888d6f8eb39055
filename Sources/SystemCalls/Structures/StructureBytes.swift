import Machine

/// Little-endian numbers at fixed places of a structure.
enum StructureBytes {
  /// Writes the low `width` bytes of `value` at `offset`.
  @inline(__always)
  static func put(_ value: UInt64, width: Int = 8, at offset: Int, _ bytes: inout MutableSpan<UInt8>) {
    switch width {
    case 8: bytes.store(value, at: offset)
    case 4: bytes.store(UInt32(truncatingIfNeeded: value), at: offset)
    case 2: bytes.store(UInt16(truncatingIfNeeded: value), at: offset)
    default: bytes.store(UInt8(truncatingIfNeeded: value), at: offset)
    }
  }

  /// Writes `value` in 8 bytes at `offset`.
  @inline(__always)
  static func put(_ value: Int64, at offset: Int, _ bytes: inout MutableSpan<UInt8>) {
    put(UInt64(bitPattern: value), at: offset, &bytes)
  }

  /// The number in `width` bytes at `offset`.
  @inline(__always)
  static func get(_ bytes: Span<UInt8>, width: Int = 8, at offset: Int) -> UInt64 {
    switch width {
    case 8: bytes.load(UInt64.self, at: offset)
    case 4: UInt64(bytes.load(UInt32.self, at: offset))
    case 2: UInt64(bytes.load(UInt16.self, at: offset))
    default: UInt64(bytes.load(UInt8.self, at: offset))
    }
  }

  /// The signed number in 8 bytes at `offset`.
  @inline(__always)
  static func getSigned(_ bytes: Span<UInt8>, at offset: Int) -> Int64 {
    Int64(bitPattern: get(bytes, at: offset))
  }
}
