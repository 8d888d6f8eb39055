/// Little-endian numbers at fixed places of a structure.
enum StructureBytes {
  /// Writes the low `width` bytes of `value` at `offset`.
  @inline(__always)
  static func put(_ value: UInt64, width: Int = 8, at offset: Int, _ bytes: inout MutableSpan<UInt8>) {
    for index in 0..<width { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8)) }
  }

  /// Writes `value` in 8 bytes at `offset`.
  @inline(__always)
  static func put(_ value: Int64, at offset: Int, _ bytes: inout MutableSpan<UInt8>) {
    put(UInt64(bitPattern: value), at: offset, &bytes)
  }

  /// The number in `width` bytes at `offset`.
  @inline(__always)
  static func get(_ bytes: Span<UInt8>, width: Int = 8, at offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
    return value
  }

  /// The signed number in 8 bytes at `offset`.
  @inline(__always)
  static func getSigned(_ bytes: Span<UInt8>, at offset: Int) -> Int64 {
    Int64(bitPattern: get(bytes, at: offset))
  }
}
