import Slabs
import Testing

@Suite("SizeClasses")
struct SizeClassTests {
  private static let alignments: [UInt] = (0...13).map { 1 << $0 }

  @Test("Classes grow, hold 8 to 8,192 bytes, and are named after their size")
  func sizes() {
    #expect(SizeClasses.size(0) == 8)
    #expect(SizeClasses.size(SizeClasses.count - 1) == SizeClasses.largest)
    for index in 1..<SizeClasses.count { #expect(SizeClasses.size(index) > SizeClasses.size(index - 1)) }
    for index in 0..<SizeClasses.count {
      let size = SizeClasses.size(index)
      let text = size >= 1024 && size % 1024 == 0 ? "\(size / 1024)k" : "\(size)"
      #expect("\(SizeClasses.name(index))" == "kmalloc-\(text)")
    }
  }

  @Test("Every size at every alignment gets the smallest class whose objects are large and aligned enough")
  func smallest() throws {
    // The largest power of two that divides a size is what its objects are aligned to.
    let classes = (0..<SizeClasses.count).map { (UInt(SizeClasses.size($0)), UInt(SizeClasses.alignment($0))) }
    for alignment in Self.alignments {
      var expected = 0
      var mistakes = 0
      for byteCount in UInt(1)...8192 {
        while classes[expected].0 < byteCount || classes[expected].1 < alignment { expected += 1 }
        if SizeClasses.index(byteCount: byteCount, alignment: alignment) != expected { mistakes += 1 }
      }
      #expect(mistakes == 0, "alignment \(alignment)")
    }
  }

  @Test("What no class holds is refused: no bytes, too many, too large an alignment, and sums that overflow")
  func refused() {
    let refused: [(UInt, UInt)] = [
      (0, 8), (8193, 8), (8, 16_384), (.max, 8), (.max, .max), (8, 1 << 63), (1 << 63, 1), (.max - 7, 16), (8193, 1),
    ]
    for (byteCount, alignment) in refused {
      #expect(SizeClasses.index(byteCount: byteCount, alignment: alignment) == nil, "\(byteCount) at \(alignment)")
    }
  }

  @Test("Rounding up to a class wastes less than a fifth from 64 bytes on, and a tenth on average")
  func waste() {
    var total = 0
    var wasted = 0
    for byteCount in 65...8192 {
      let size = SizeClasses.index(byteCount: UInt(byteCount), alignment: 8).map { SizeClasses.size($0) } ?? 0
      #expect((size - byteCount) * 5 < size)
      total += size
      wasted += size - byteCount
    }
    #expect(wasted * 10 < total)
  }
}
