import Foundations
import Machine
import Testing

@testable import VirtualMemory

@Suite("Shared memory", .serialized)
struct SharedMemoryTests {
  private static let base: UInt64 = 0x4000_0000

  private func mapShared(_ space: AddressSpace, _ pages: UInt64, at address: UInt64 = base) throws {
    _ = try space.map(
      MapRequest(address: address, byteCount: pages * 4096, flags: [.shared, .anonymous, .fixed]))
  }

  @Test("A hole is one for everybody who shares the memory")
  func hole() throws {
    try withMachine {
      let parent = try AddressSpace.make()
      try mapShared(parent, 3)
      for page in 0..<3 as Range<UInt64> { #expect(parent.setByte(9, at: Self.base + page * 4096)) }
      let child = try parent.clone()
      #expect(child.byte(at: Self.base + 4096) == 9)
      try parent.advise(Self.base + 4096, 4096, .remove)
      #expect(child.byte(at: Self.base + 4096) == 0)
      #expect(child.setByte(4, at: Self.base + 4096))
      #expect(parent.byte(at: Self.base + 4096) == 4, "it is still the same memory")
      #expect(parent.byte(at: Self.base) == 9 && child.byte(at: Self.base + 2 * 4096) == 9)
      child.tearDown()
      parent.tearDown()
    }
  }

  @Test("Behind its end is no memory, not even when the area grows")
  func end() throws {
    try withMachine {
      let space = try AddressSpace.make()
      try mapShared(space, 2)
      let moved = try space.remap(Self.base, 2 * 4096, 3 * 4096, .mayMove)
      #expect(space.setByte(1, at: moved + 4096))
      #expect(space.resolveFault(moved + 2 * 4096, .write) == .busError)
      _ = try space.map(MapRequest(address: 0x5000_0000, byteCount: 5000, flags: [.shared, .anonymous, .fixed]))
      #expect(space.setByte(1, at: 0x5000_0000 + 4096))
      space.tearDown()
    }
  }

  @Test("It is promised once, however many programs share it")
  func promise() throws {
    try withMachine {
      let before = CommitAccount.pageCount
      let parent = try AddressSpace.make()
      try mapShared(parent, 5)
      #expect(CommitAccount.pageCount == before + 5)
      let child = try parent.clone()
      #expect(CommitAccount.pageCount == before + 5)
      parent.tearDown()
      #expect(CommitAccount.pageCount == before + 5, "the child still has it")
      child.tearDown()
      #expect(CommitAccount.pageCount == before)
    }
  }

  @Test("Thousands of objects are found, shared with a child, and let go of")
  func manyObjects() throws {
    final class Counter: MappedObject {
      var attached = 0
      override var pageCount: UInt64 { 1 }
      override func attach(_ space: AddressSpace) throws(Errno) { attached += 1 }
      override func detach(_ space: AddressSpace) { attached -= 1 }
    }
    try withMachine {
      let objects = (0..<3_000).map { _ in Counter() }
      let space = try AddressSpace.make()
      for (index, object) in objects.enumerated() {
        for copy in 0..<2 as Range<UInt64> {
          _ = try space.map(
            MapRequest(
              address: Self.base + (UInt64(index) * 4 + copy * 2) * 4096, byteCount: 4096, flags: [.private, .fixed],
              object: object))
        }
      }
      #expect(objects.allSatisfy { $0.attached == 1 })
      let child = try space.clone()
      #expect(objects.allSatisfy { $0.attached == 2 })
      for index in stride(from: UInt64(0), to: 3_000, by: 3) { try space.unmap(Self.base + index * 4 * 4096, 3 * 4096) }
      #expect(objects.indices.allSatisfy { objects[$0].attached == ($0 % 3 == 0 ? 1 : 2) })
      let area = try #require(space.area(endingAfter: Self.base + 4 * 4096))
      #expect(space.object(of: area) === objects[1])
      space.tearDown()
      #expect(objects.allSatisfy { $0.attached == 1 })
      child.tearDown()
      #expect(objects.allSatisfy { $0.attached == 0 })
    }
  }
}
