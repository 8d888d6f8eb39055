import Foundations
import Registers
import TestSupport
import Testing

@testable import Processors

@Suite("Extended state")
struct ExtendedStateTests {
  @Test("The sizes are those that the processors give in total")
  func totals() {
    for processor in [.alderLakeFast, .vermeer, .genoaGuest, .qemuMax] as [RecordedProcessor] {
      let registers = CPUIDRegisters(processor)
      let state = processor.record.extendedState
      #expect(state.standardSize(of: state.available) == registers.saveSizeLargest)
      #expect(state.inconsistency(registers) == nil)
    }
    // Leaf 0Dh, subleaf 1, EBX: compacted, of what was on when it was recorded.
    let genoa = RecordedProcessor.genoaGuest.record.extendedState
    #expect(genoa.compactedSize(of: genoa.available.union(genoa.supervisor)) == 0x9a8)
    #expect(genoa.compactedSize(of: genoa.available) == 0x980)
    let max = RecordedProcessor.qemuMax.record.extendedState
    #expect(max.compactedSize(of: max.available) == 0x3c8)
    let fast = RecordedProcessor.alderLakeFast.record.extendedState
    #expect(fast.compactedSize(of: fast.available) == 576 + 256 + 8)
  }

  @Test("AVX and its like are on where they are there, tiles never")
  func enabled() {
    #expect(RecordedProcessor.qemu64.record.extendedState.enabled == [])
    #expect(RecordedProcessor.conroe.record.extendedState.bufferByteCount == 512)
    #expect(RecordedProcessor.genoaGuest.record.extendedState.enabled == [.x87, .sse, .avx, .avx512])
    #expect(RecordedProcessor.alderLakeFast.record.extendedState.enabled == [.x87, .sse, .avx, .protectionKeys])
    let tiles = RecordedProcessor.genoaGuest
      .with(0xd, 0) { $0.eax |= 3 << 17 }
      .with(0xd, 17) { $0 = CPUIDResult(eax: 64, ebx: 2752, ecx: 2) }
      .with(0xd, 18) { $0 = CPUIDResult(eax: 8192, ebx: 2816, ecx: 6) }
    let state = tiles.record.extendedState
    #expect(state.available.contains(.tiles) && state.enabled.isDisjoint(with: .tiles))
    #expect(state.bufferByteCount == 0x980)
    // 2432 is a multiple of 64; the configuration is there, and the data behind it.
    #expect(state.compactedOffset(of: 17, in: state.available) == 2432)
    #expect(state.compactedOffset(of: 18, in: state.available) == 2496)
    let noMasks = RecordedProcessor.genoaGuest.with(0xd, 0) { $0.eax &= ~(1 << 6) }
    #expect(noMasks.record.extendedState.enabled == [.x87, .sse, .avx])
  }

  @Test("The buffer is compacted only where XSAVEC is")
  func format() {
    #expect(RecordedProcessor.qemuMax.record.extendedState.bufferByteCount == 0xa88)
    #expect(RecordedProcessor.vermeer.record.extendedState.bufferByteCount == 840)
  }

  @Test("Parts of a compacted buffer follow each other, aligned where they ask for it, for every choice of parts")
  func compactedParts() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<2_000 {
      var processor = RecordedProcessor.genoaGuest
      var aligned: UInt64 = 0
      for part in 2..<32 as Range<UInt32> {
        let isAligned = Bool.random(using: &generator)
        if isAligned { aligned |= 1 << UInt64(part) }
        processor[0xd, part] = CPUIDResult(
          eax: UInt32.random(in: 1...300, using: &generator), ebx: 576, ecx: isAligned ? 2 : 0)
      }
      let state = processor.record.extendedState
      let parts = ExtendedState.Components(rawValue: UInt64.random(in: 0...0xffff_ffff, using: &generator))
      var end: UInt32 = 576
      for part in 2..<32 {
        guard parts.rawValue >> UInt64(part) & 1 != 0 else {
          if state.compactedOffset(of: part, in: parts) != nil { Issue.record("part \(part) is not wanted") }
          continue
        }
        let offset = state.compactedOffset(of: part, in: parts) ?? 0
        let isAligned = aligned >> UInt64(part) & 1 != 0
        let isRight = isAligned ? offset % 64 == 0 && offset >= end && offset < end + 64 : offset == end
        if !isRight { Issue.record("part \(part) is at \(offset), not behind \(end)") }
        end = offset + state.size(of: part)
      }
      if state.compactedSize(of: parts) != end { Issue.record("the size is not where the last part ends") }
    }
  }

  @Test("Parts that overlap or are missing are found")
  func inconsistencies() {
    func fault(_ processor: RecordedProcessor) -> String? {
      processor.record.extendedState.inconsistency(CPUIDRegisters(processor))
    }
    #expect(fault(.genoaGuest.with(0xd, 7) { $0.ebx -= 8 }) == "parts of the extended state overlap")
    #expect(fault(.genoaGuest.with(0xd, 2) { $0.eax = 0 }) == "a part of the extended state has no size")
    #expect(fault(.genoaGuest.with(0xd, 0) { $0.ecx += 64 }) != nil)
    #expect(fault(.genoaGuest.with(0xd, 2) { $0.ebx = 512 }) == "a part of the extended state overlaps the header")
    #expect(fault(.skylakeX) != nil)
  }
}
