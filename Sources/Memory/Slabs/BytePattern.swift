/// Runs of equal bytes in memory that is read and written 64 bits at a time.
extension ObjectMemory {
  /// Sets `count` bytes from `start` on to `byte`.
  func fill(_ start: UInt, count: Int, with byte: UInt8) {
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    forEachWord(start, count) { address, mask in
      store(mask == .max ? pattern : load(at: address) & ~mask | pattern & mask, at: address)
      return true
    }
  }

  /// The first of `count` bytes from `start` on that is not `byte`: how far from `start`, and what it is.
  func firstMismatch(_ start: UInt, count: Int, with byte: UInt8) -> (offset: Int, found: UInt8)? {
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    var result: (Int, UInt8)?
    forEachWord(start, count) { address, mask in
      let word = load(at: address)
      let difference = (word ^ pattern) & mask
      guard difference != 0 else { return true }
      let shift = difference.trailingZeroBitCount & ~7
      result = (Int(bitPattern: address &- start) + shift / 8, UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      return false
    }
    return result
  }

  /// Runs `body` with each word that has one of the bytes, and a mask of those it has, until `body` returns false.
  @inline(__always)
  private func forEachWord(_ start: UInt, _ count: Int, _ body: (_ address: UInt, _ mask: UInt64) -> Bool) {
    let end = start &+ UInt(count)
    var address = start & ~7
    while address < end {
      var mask = UInt64.max
      if address < start { mask <<= UInt64(start &- address) * 8 }
      if end &- address < 8 { mask &= ~(UInt64.max << (UInt64(end &- address) * 8)) }
      guard body(address, mask) else { return }
      address &+= 8
    }
  }
}
