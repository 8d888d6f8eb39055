import TestSupport
import Testing

@testable import Slabs

@Suite("SlabLayout")
struct SlabLayoutTests {
  private static func layout(_ sizeClass: Int, _ debugging: SlabDebugging) -> SlabLayout {
    SlabLayout(
      objectSize: SizeClasses.size(sizeClass), alignment: SizeClasses.alignment(sizeClass), debugging: debugging)
  }

  @Test("Slabs of the size classes waste an eighth of themselves at most", arguments: 0..<SizeClasses.count)
  func waste(sizeClass: Int) {
    let layout = Self.layout(sizeClass, .off)
    let byteCount = 4096 << layout.order
    #expect((byteCount - layout.objectsPerSlab * layout.stride) * 8 <= byteCount)
    #expect(layout.stride == SizeClasses.size(sizeClass))
    #expect(layout.objectsPerSlab >= 8 || layout.order == SlabLayout.largestOrder)
    #expect(layout.firstOffset == 0 && layout.linkOffset == 0)
  }

  @Test("Objects of any size and alignment fit their slab, aligned and apart", arguments: [SlabDebugging.off, .on])
  func everySize(debugging: SlabDebugging) {
    var mistakes = 0
    for size in 1...8192 {
      for alignment in [1, 8, 16, 64, 256, 512, 4096, 8192] {
        let layout = SlabLayout(objectSize: size, alignment: alignment, debugging: debugging)
        let isAligned = layout.stride % max(alignment, 8) == 0 && layout.firstOffset % max(alignment, 8) == 0
        let end = layout.firstOffset + layout.objectsPerSlab * layout.stride
        let isFitting = layout.objectsPerSlab > 0 && end <= 4096 << layout.order && layout.smallestOrder <= layout.order
        let isSmallest =
          layout.objectCount(order: layout.smallestOrder) > 0
          && (layout.smallestOrder == 0 || layout.objectCount(order: layout.smallestOrder - 1) == 0)
        let overhead = debugging == .on ? 64 : 0
        if !isAligned || !isFitting || !isSmallest || layout.stride < size + overhead { mistakes += 1 }
      }
    }
    #expect(mistakes == 0)
  }

  @Test("Any offset into a slab is told to be an object's start or not", arguments: [SlabDebugging.off, .on])
  func offsets(debugging: SlabDebugging) {
    for sizeClass in 0..<SizeClasses.count {
      let layout = Self.layout(sizeClass, debugging)
      var mistakes = 0
      for offset in 0...32_768 {
        let distance = offset - layout.firstOffset
        let isStart = offset < 32_768 && distance >= 0 && distance % layout.stride == 0
        if layout.index(atOffset: UInt(offset)) != (isStart ? distance / layout.stride : nil) { mistakes += 1 }
      }
      #expect(mistakes == 0, "class \(sizeClass)")
      #expect(layout.index(atOffset: .max) == nil)
      #expect(layout.index(atOffset: 1 << 32) == nil)
    }
  }

  @Test("A slab's state survives being packed into a descriptor")
  func state() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<10_000 {
      var state = SlabState(total: Int.random(in: 1...4096, using: &generator))
      state.touched = Int.random(in: 0...state.total, using: &generator)
      state.taken = Int.random(in: 0...state.touched, using: &generator)
      state.firstFree = Int.random(in: 0...state.touched, using: &generator)
      #expect(SlabState(state.rawValue) == state)
    }
  }
}
