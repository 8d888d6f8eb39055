import PageFrames

/// What an allocator should think is free: one bit a frame, and from the bits alone the blocks that it should have.
///
/// The blocks follow from the bits: a block of 2^k frames at a multiple of its size is one if all of it is free and its buddy
/// is not, or if it is of the largest size. Sixty-four frames are looked at together, so that millions of steps are cheap.
struct FreeMap {
  /// Where a free block begins and the logarithm of its size.
  struct Block: Equatable {
    var first: UInt32
    var order: Int
  }

  /// Frames of the largest block; no block crosses a multiple of it.
  static let chunk: UInt32 = 1024

  private var words: [UInt64]

  init(frameCount: Int) {
    words = [UInt64](repeating: 0, count: (frameCount + 1023) / 1024 * 16)
  }

  /// How many frames are free.
  private(set) var freeCount = 0

  func isFree(_ frame: UInt32) -> Bool { words[Int(frame >> 6)] >> UInt64(frame & 63) & 1 == 1 }

  /// Makes all frames of `range`, which are in use, free.
  ///
  /// - Returns: false if one was free already.
  mutating func insert(_ range: Range<UInt32>) -> Bool {
    freeCount += range.count
    return forEachWord(of: range) { word, mask in
      guard word & mask == 0 else { return false }
      word |= mask
      return true
    }
  }

  /// Takes all frames of `range`, which are free.
  ///
  /// - Returns: false if one was not free.
  mutating func remove(_ range: Range<UInt32>) -> Bool {
    freeCount -= range.count
    return forEachWord(of: range) { word, mask in
      guard word & mask == mask else { return false }
      word &= ~mask
      return true
    }
  }

  private mutating func forEachWord(of range: Range<UInt32>, _ body: (inout UInt64, UInt64) -> Bool) -> Bool {
    var next = range.lowerBound
    while next < range.upperBound {
      let bit = next & 63
      let count = min(64 - bit, range.upperBound - next)
      let mask = (count == 64 ? UInt64.max : (1 << UInt64(count)) - 1) << UInt64(bit)
      if !body(&words[Int(next >> 6)], mask) { return false }
      next += count
    }
    return true
  }

  /// Whether the 1024 frames from `first` on, a multiple of 1024, are all free.
  func isChunkFree(_ first: UInt32) -> Bool {
    let start = Int(first >> 6)
    return start + 16 <= words.count && words[start..<start + 16].allSatisfy { $0 == .max }
  }

  /// The free blocks among the 1024 frames from `first` on.
  func blocks(inChunk first: UInt32) -> [Block] {
    var found: [Block] = []
    var fullWords: UInt64 = 0
    for index in 0..<16 {
      let word = words[Int(first >> 6) + index]
      guard word != 0 else { continue }
      if word == .max {
        fullWords |= 1 << UInt64(index)
      } else {
        Self.appendBlocks(of: word, at: first + UInt32(index) * 64, unit: 0, to: &found)
      }
    }
    Self.appendBlocks(of: fullWords, at: first, unit: 6, to: &found)
    return found
  }

  /// Appends the blocks of a map whose bits are 2^`unit` frames each.
  private static func appendBlocks(of map: UInt64, at base: UInt32, unit: Int, to found: inout [Block]) {
    var level = map
    var order = 0
    while level != 0 {
      let size = UInt64(1) << UInt64(order)
      let pairs = level & (level >> size) & starts[order + 1]
      var alone = level & ~(pairs | pairs << size)
      while alone != 0 {
        let bit = UInt32(alone.trailingZeroBitCount)
        alone &= alone - 1
        found.append(Block(first: base + bit << UInt32(unit), order: order + unit))
      }
      level = pairs
      order += 1
    }
  }

  /// For each k the bits at multiples of 2^k.
  private static let starts: [UInt64] = [
    .max, 0x5555_5555_5555_5555, 0x1111_1111_1111_1111, 0x0101_0101_0101_0101, 0x0001_0001_0001_0001,
    0x0000_0001_0000_0001, 1, 0,
  ]
}
