import Boot

/// The symbol table that ImageTool put behind the image.
public enum SymbolTableBytes {
  /// "APUSSYM1" read as a little-endian word.
  private static let magic: UInt64 = 0x314d_5953_5355_5041

  /// The length that the table's header states, 0 for an image without one.
  static var loadedByteCount: Int { 0 }
}
