import Boot

/// The symbol table that ImageTool put behind the image.
public enum SymbolTableBytes {
  /// "APUSSYM1" as a little-endian word: the first eight bytes of a table.
  private static let magic: UInt64 = 0x314d_5953_5355_5041
  private static let headerByteCount = 32
  /// A table larger than this is not one.
  private static let limit = 64 << 20

  /// The length that the table's header states; the header's alone for an image without a table.
  static var loadedByteCount: Int {
    // SAFETY: the linker script puts at least a header there, and the loader loads it with the image.
    guard let header = unsafe UnsafePointer<UInt64>(bitPattern: UInt(ImageLayout.symbolsStart)),
      unsafe header[0] == magic, unsafe header[1] <= UInt64(limit)
    else { return headerByteCount }
    return unsafe max(Int(header[1]), headerByteCount)
  }

  /// The table's bytes, header included, or nothing for an image without a table.
  public static var loaded: RawSpan {
    @_lifetime(immortal)
    get {
      let count = loadedByteCount
      // SAFETY: the loader loaded `count` bytes with the image, read-only and for ever.
      let start = unsafe UnsafeRawPointer(bitPattern: UInt(ImageLayout.symbolsStart))
      let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count > headerByteCount ? count : 0)
      return unsafe _overrideLifetime(bytes.bytes, copying: ())
    }
  }
}
