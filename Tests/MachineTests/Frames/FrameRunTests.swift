import Foundations
import PageFrames
import Synchronization
import TestSupport
import Testing

@testable import Machine

@Suite("FrameRun and HugeFrame", .serialized)
struct FrameRunTests {
  @Test("Runs of all lengths are the kernel's, lie in one piece and nowhere else, and come back whole")
  func runs() throws {
    try SimulatedMemory.exclusive {
      let before = Blocks.now
      var random = SeededGenerator(seed: 77)
      var owner = [Bool](repeating: false, count: SimulatedMemory.frameCount)
      var runs = GrowableArray<FrameRun>()
      for _ in 0..<2_000 {
        if random.below(2) == 0 || runs.isEmpty {
          let run = try FrameRun(count: 1 + random.below(random.below(20) == 0 ? 3_000 : 60))
          for index in 0..<run.count {
            let frame = run.first + index
            #expect(!owner[Int(frame.rawValue)])
            owner[Int(frame.rawValue)] = true
            #expect(FrameTable.descriptors[frame].kind == .kernel)
          }
          #expect(run.addresses.count == run.count * 4096 && run.addresses.lowerBound == run.first.address)
          try runs.append(run)
        } else {
          let run = runs.remove(at: random.below(runs.count))
          for index in 0..<run.count { owner[Int((run.first + index).rawValue)] = false }
        }
        if runs.count > 40 { while runs.count > 10 { take(&runs, from: &owner) } }
      }
      runs.removeAll()
      #expect(Blocks.now == before)
    }
  }

  private func take(_ runs: inout GrowableArray<FrameRun>, from owner: inout [Bool]) {
    guard let run = runs.popLast() else { return }
    for index in 0..<run.count { owner[Int((run.first + index).rawValue)] = false }
  }

  @Test("A run for old DMA ends below 16 MiB; none is had of no frames, or of more than there are")
  func limits() throws {
    try SimulatedMemory.exclusive {
      let before = Blocks.now
      for count in [1, 7, 64, 1000, 2048] {
        let run = try FrameRun(count: count, limit: .dma)
        #expect(run.addresses.upperBound <= 16 << 20)
      }
      for count in [0, -1, Int.min] {
        #expect(throws: Errno.EINVAL) { _ = try FrameRun(count: count) }
      }
      for count in [SimulatedMemory.frameCount, 1 << 40, Int.max] {
        #expect(throws: Errno.ENOMEM) { _ = try FrameRun(count: count) }
      }
      #expect(throws: Errno.ENOMEM) { _ = try FrameRun(count: 4096, limit: .dma) }
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { _ = try FrameRun(count: 3) }
      AllocationFaults.fail(after: nil)
      #expect(Blocks.now == before)
    }
  }

  @Test("A huge frame is 512 frames of zeros at a multiple of 2 MiB, each with one reference")
  func huge() throws {
    try SimulatedMemory.exclusive {
      let before = Blocks.now
      do {
        guard let huge = HugeFrame() else { throw Errno.ENOMEM }
        #expect(huge.first.rawValue % 512 == 0)
        for index in 0..<HugeFrame.frameCount {
          let references = FrameTable.descriptors[huge.first + index].references.load(ordering: .relaxed)
          #expect(references == 1 && FrameTable.descriptors[huge.first + index].kind == .anonymous)
        }
      }
      #expect(Blocks.now == before)
    }
  }

  @Test("Once it was given up to a page table, its frames go one by one and join again; the next finds zeros")
  func splitHuge() throws {
    try SimulatedMemory.exclusive {
      let before = Blocks.now
      var random = SeededGenerator(seed: 5)
      var order = Array(0..<HugeFrame.frameCount)
      let dirt = [UInt8](repeating: 0xff, count: UserFrame.byteCount)
      var firsts: [FrameNumber] = []
      for _ in 0..<3 {
        guard let huge = HugeFrame() else { throw Errno.ENOMEM }
        firsts.append(huge.first)
        let first = huge.relinquish()
        order.shuffle(using: &random)
        for index in order {
          let frame = UserFrame(adopting: first + index)
          var bytes = dirt
          var span = bytes.mutableSpan
          frame.read(at: 0, into: &span)
          #expect(bytes.allSatisfy { $0 == 0 })
          frame.write(at: 0, from: dirt.span)
        }
        #expect(Blocks.now == before)
      }
      #expect(Set(firsts.map(\.rawValue)).count < 3, "none was used twice")
    }
  }

  @Test("Without room in one piece there is no huge frame, and nobody is asked to make some")
  func noHuge() {
    SimulatedMemory.exclusive {
      let before = Blocks.now
      AllocationFaults.fail(after: 0)
      let isThere = if HugeFrame() == nil { false } else { true }
      AllocationFaults.fail(after: nil)
      #expect(!isThere)
      #expect(Blocks.now == before)
    }
  }

  /// The free blocks of all zones, by order, and what frames are counted for.
  private struct Blocks: Equatable {
    var counts: [Int] = []
    var used: [Int] = []

    static var now: Blocks {
      FrameAllocator.drainCache()
      let statistics = FrameAllocator.statistics
      return Blocks(
        counts: [ZoneKind.dma, .normal, .high].flatMap { zone in
          (0..<11).map { statistics.node.zone(zone).freeBlockCount(order: $0) }
        },
        used: [FrameKind.kernel, .anonymous].map { FrameAllocator.usedCount($0) })
    }
  }
}
