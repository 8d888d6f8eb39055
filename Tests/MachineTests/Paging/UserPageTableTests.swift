import Foundations
import PageFrames
import Testing

@testable import Machine

@Suite("UserPageTable", .serialized)
struct UserPageTableTests {
  /// The modes of paging, with and without process-context identifiers.
  static let processors: [(PagingMode, Bool)] = [
    (.fourLevel, false), (.fourLevel, true), (.fiveLevel, false), (.fiveLevel, true),
  ]

  @Test("Random changes agree with a dictionary, the CPU sees no stale page, and nothing leaks", arguments: processors)
  func randomChanges(_ mode: PagingMode, _ hasIdentifiers: Bool) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(mode, hasIdentifiers: hasIdentifiers)
      let freeBefore = SimulatedMemory.freeCount
      do {
        let seed = UInt64(mode.rawValue) + (hasIdentifiers ? 10 : 0)
        let workload = PageTableWorkload(mode, seed: seed, try ModelledTable(), try ModelledTable())
        for step in 0..<700 {
          try workload.step(failing: false)
          workload.useMemory()
          if step % 25 == 0 {
            workload.check()
            workload.checkCounters()
          }
        }
        workload.check()
      }
      CurrentAddressSpace.leave()
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("A change without memory for its tables changes nothing, and nothing leaks", arguments: processors)
  func withoutMemory(_ mode: PagingMode, _ hasIdentifiers: Bool) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(mode, hasIdentifiers: hasIdentifiers)
      let freeBefore = SimulatedMemory.freeCount
      do {
        let workload = PageTableWorkload(mode, seed: 99, try ModelledTable(), try ModelledTable())
        for step in 0..<700 {
          try workload.step(failing: step % 3 != 0)
          workload.useMemory()
          if step % 25 == 0 {
            workload.check()
            workload.checkCounters()
          }
        }
        #expect(workload.failureCount > 50)
      }
      CurrentAddressSpace.leave()
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }
}
