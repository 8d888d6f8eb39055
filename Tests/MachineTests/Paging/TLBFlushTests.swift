import Foundations
import PageFrames
import TestSupport
import Testing

@testable import Machine

@Suite("TLBFlush", .serialized)
struct TLBFlushTests {
  private static let base: UInt64 = 0x4000_0000

  private static func references(_ frame: FrameNumber) -> UInt32 {
    FrameTable.descriptors[frame].references.load(ordering: .relaxed)
  }

  /// A table with `count` pages from the base on.
  private static func table(pages count: Int) throws -> UserPageTable {
    var table = try UserPageTable()
    for page in 0..<count {
      try table.map(UserFrame.allocate(isZeroed: false), at: base + UInt64(page) * 4096, [.read, .write])
    }
    return table
  }

  @Test("An unmapped frame is kept until the flush is finished", arguments: [1, 8, 9, 100, 511, 512, 513, 1_500])
  func keepsFrames(count: Int) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let freeBefore = SimulatedMemory.freeCount
      do {
        var table = try Self.table(pages: count)
        let first = try #require(table.entry(at: Self.base)?.frame)
        let last = try #require(table.entry(at: Self.base + UInt64(count - 1) * 4096)?.frame)
        let freeWhileMapped = SimulatedMemory.freeCount
        var flush = TLBFlush()
        try table.unmap(Self.base..<Self.base + UInt64(count) * 4096, flush: &flush)
        #expect(table.residentPageCount == 0)
        #expect(Self.references(first) == 1 && Self.references(last) == 1)
        #expect(SimulatedMemory.freeCount <= freeWhileMapped)
        flush.finish()
      }
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("Without memory to remember frames in, they are flushed and freed at once")
  func withoutSpill() throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      var table = try Self.table(pages: 300)
      CurrentAddressSpace.activate(table, handler: PageFaultHandler())
      for page in 0..<300 { _ = SimulatedProcessor.translate(Self.base + UInt64(page) * 4096, .read) }
      AllocationFaults.fail(after: 0)
      var flush = TLBFlush()
      try table.unmap(Self.base + 4096..<Self.base + 200 * 4096, flush: &flush)
      flush.finish()
      AllocationFaults.fail(after: nil)
      for page in 1..<200 {
        #expect(SimulatedProcessor.translate(Self.base + UInt64(page) * 4096, .read) == .fault(isPresent: false))
      }
      #expect(table.residentPageCount == 101)
      CurrentAddressSpace.leave()
    }
  }

  @Test("A flush that is dropped is finished, and one flush serves two tables")
  func dropped() throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: true)
      let freeBefore = SimulatedMemory.freeCount
      do {
        var first = try Self.table(pages: 3)
        var second = try Self.table(pages: 3)
        let range = Self.base..<Self.base + 3 * 4096
        for isFirst in [true, false] {
          if isFirst {
            CurrentAddressSpace.activate(first, handler: PageFaultHandler())
          } else {
            CurrentAddressSpace.activate(second, handler: PageFaultHandler())
          }
          #expect(SimulatedProcessor.translate(Self.base, .read) != .fault(isPresent: false))
        }
        do {
          var flush = TLBFlush()
          try first.unmap(range, flush: &flush)
          try second.unmap(range, flush: &flush)
        }
        #expect(SimulatedProcessor.translate(Self.base, .read) == .fault(isPresent: false))
        CurrentAddressSpace.activate(first, handler: PageFaultHandler())
        #expect(SimulatedProcessor.translate(Self.base, .read) == .fault(isPresent: false))
      }
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("A file's frame learns from its last mapping that it was read and written")
  func marksOfFiles() throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      for (access, kind, expected) in [
        (PageAccess([.read, .write]), FrameKind.file, FrameFlags([.referenced, .dirty])),
        (.read, .file, .referenced), ([.read, .write], .anonymous, []),
      ] {
        var table = try UserPageTable()
        let frame = try UserFrame.allocate(kind, isZeroed: false)
        try table.map(frame.share(), at: Self.base, access)
        #expect(FrameTable.descriptors[frame.number].mappings.load(ordering: .relaxed) == 1)
        var flush = TLBFlush()
        try table.unmap(Self.base..<Self.base + 4096, flush: &flush)
        flush.finish()
        #expect(FrameTable.descriptors[frame.number].flags == expected)
        #expect(FrameTable.descriptors[frame.number].mappings.load(ordering: .relaxed) == 0)
      }
    }
  }

  @Test("Neighbouring pages join; beyond the ceiling everything is meant")
  func ranges() {
    var pages = PageRanges()
    #expect(pages.isEmpty)
    for page in 0..<33 as Range<UInt64> { pages.add(page: page * 4096) }
    #expect(pages.count == 1 && pages[0] == 0..<33 * 4096 && !pages.isEverything)
    pages.add(page: 33 * 4096)
    #expect(pages.isEverything && !pages.isEmpty)
  }

  @Test("A few ranges are kept apart, and every page stays in one", arguments: 0..<200)
  func scatteredRanges(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var pages = PageRanges()
    for _ in 0..<random.below(12) {
      let page = UInt64(random.below(seed.isMultiple(of: 2) ? 40 : 12)) * 4096
      pages.add(page: page)
      var isInside = pages.isEverything
      for index in 0..<pages.count where pages[index].contains(page) { isInside = true }
      #expect(isInside)
    }
  }
}
