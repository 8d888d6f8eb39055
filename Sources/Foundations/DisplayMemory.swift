/// The memory of a text screen or framebuffer, seen as little-endian bytes from offset 0.
///
/// A conformer never traps: a load that is not wholly inside gives zero, a store that is not wholly inside is dropped, and a
/// fill or move does the elements that are inside. Offsets are in bytes and need not be aligned. Loads from a real display are
/// slow, so that callers keep their own copy of what they show.
public protocol DisplayMemory: ~Copyable {
  /// The size in bytes.
  var byteCount: Int { get }

  /// The 16 bits at `offset`.
  borrowing func load16(at offset: Int) -> UInt16
  /// The 32 bits at `offset`.
  borrowing func load32(at offset: Int) -> UInt32
  /// Stores 8 bits at `offset`.
  borrowing func store8(_ value: UInt8, at offset: Int)
  /// Stores 16 bits at `offset`.
  borrowing func store16(_ value: UInt16, at offset: Int)
  /// Stores 32 bits at `offset`.
  borrowing func store32(_ value: UInt32, at offset: Int)
  /// Stores 64 bits at `offset`.
  borrowing func store64(_ value: UInt64, at offset: Int)

  /// Stores `count` times the same 16 bits from `offset` on.
  borrowing func fill16(_ value: UInt16, at offset: Int, count: Int)
  /// Stores `count` times the same 32 bits from `offset` on.
  borrowing func fill32(_ value: UInt32, at offset: Int, count: Int)
  /// Copies `count` bytes inside the memory; the two places may overlap. Does nothing when one is not wholly inside.
  borrowing func move(from source: Int, to destination: Int, count: Int)
}

extension DisplayMemory where Self: ~Copyable {
  /// Whether `count` bytes from `offset` on are inside, for conformers.
  @inlinable
  public borrowing func contains(_ offset: Int, count: Int) -> Bool {
    offset >= 0 && count >= 0 && offset <= byteCount && count <= byteCount &- offset
  }

  /// Stores two halves; conformers with wider stores have their own.
  @inlinable
  public borrowing func store64(_ value: UInt64, at offset: Int) {
    guard contains(offset, count: 8) else { return }
    store32(UInt32(truncatingIfNeeded: value), at: offset)
    store32(UInt32(truncatingIfNeeded: value >> 32), at: offset &+ 4)
  }

  /// Stores one by one; conformers with string instructions have their own.
  @inlinable
  public borrowing func fill16(_ value: UInt16, at offset: Int, count: Int) {
    var place = offset
    for _ in 0..<max(0, min(count, byteCount / 2 &+ 1)) {
      store16(value, at: place)
      place &+= 2
    }
  }

  /// Stores one by one; conformers with string instructions have their own.
  @inlinable
  public borrowing func fill32(_ value: UInt32, at offset: Int, count: Int) {
    var place = offset
    for _ in 0..<max(0, min(count, byteCount / 4 &+ 1)) {
      store32(value, at: place)
      place &+= 4
    }
  }
}
