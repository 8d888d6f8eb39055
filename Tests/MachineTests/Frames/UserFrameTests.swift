import Foundations
import PageFrames
import Synchronization
import TestSupport
import Testing

@testable import Machine

@Suite("UserFrame", .serialized)
struct UserFrameTests {
  @Test("A frame asked for with zeros has them, whatever its last owner left")
  func zeroed() throws {
    try SimulatedMemory.exclusive {
      let ones = [UInt8](repeating: 0xff, count: UserFrame.byteCount)
      var numbers: Set<UInt32> = []
      for _ in 0..<50 {
        let dirty = try UserFrame.allocate(isZeroed: false)
        dirty.write(at: 0, from: ones.span)
        numbers.insert(dirty.number.rawValue)
      }
      var reused = 0
      for _ in 0..<50 {
        let frame = try UserFrame.allocate(isZeroed: true)
        if numbers.contains(frame.number.rawValue) { reused += 1 }
        #expect(bytes(of: frame).allSatisfy { $0 == 0 })
      }
      #expect(reused > 0)
    }
  }

  @Test("Reading, writing and zeroing touch exactly the bytes they name")
  func contents() throws {
    try SimulatedMemory.exclusive {
      var random = SeededGenerator(seed: 21)
      let frame = try UserFrame.allocate(isZeroed: true)
      let other = try UserFrame.allocate(isZeroed: false)
      var model = [UInt8](repeating: 0, count: UserFrame.byteCount)
      for round in 0..<2_000 {
        let offset = random.below(UserFrame.byteCount + 1)
        let count = random.below(UserFrame.byteCount + 1 - offset)
        switch random.below(4) {
        case 0:
          let new = (0..<count).map { _ in UInt8(random.below(256)) }
          frame.write(at: offset, from: new.span)
          model.replaceSubrange(offset..<offset + count, with: new)
        case 1:
          frame.zeroFill(offset..<offset + count)
          for index in offset..<offset + count { model[index] = 0 }
        case 2:
          var part = [UInt8](repeating: 0xee, count: count)
          var span = part.mutableSpan
          frame.read(at: offset, into: &span)
          #expect(part.elementsEqual(model[offset..<offset + count]), "round \(round)")
        default:
          other.copy(from: frame)
          #expect(bytes(of: other) == model, "round \(round)")
        }
      }
      #expect(bytes(of: frame) == model)
    }
  }

  @Test("A frame is freed with its last reference, in whatever order they go")
  func references() throws {
    try SimulatedMemory.exclusive {
      let freeBefore = SimulatedMemory.freeCount
      let usedBefore = FrameAllocator.figures.usage[.anonymous]
      var random = SeededGenerator(seed: 4)
      var held = GrowableArray<UserFrame>()
      var counts: [UInt32: UInt32] = [:]
      for _ in 0..<30_000 {
        switch random.below(5) {
        case 0...1 where counts.count < 300:
          let frame = try UserFrame.allocate(isZeroed: false)
          #expect(counts[frame.number.rawValue] == nil)
          counts[frame.number.rawValue] = 1
          try held.append(frame)
        case 2 where !held.isEmpty:
          let index = random.below(held.count)
          let number = held[index].number
          try held.append(held[index].share())
          counts[number.rawValue, default: 0] += 1
        default:
          guard !held.isEmpty else { continue }
          let index = random.below(held.count)
          let number = held[index].number.rawValue
          let count = try #require(counts[number])
          #expect(held[index].isShared == (count > 1))
          _ = held.remove(at: index)
          counts[number] = count == 1 ? nil : count - 1
        }
      }
      for (number, count) in counts {
        let references = FrameTable.descriptors[FrameNumber(number)].references.load(ordering: .relaxed)
        #expect(references == count)
      }
      #expect(SimulatedMemory.freeCount == freeBefore - counts.count)
      #expect(FrameAllocator.figures.usage[.anonymous] == usedBefore + counts.count)
      held.removeAll()
      #expect(SimulatedMemory.freeCount == freeBefore)
      #expect(FrameAllocator.figures.usage[.anonymous] == usedBefore)
    }
  }

  @Test("The frame of zeros is one, is shared, and is never freed")
  func zeroFrame() {
    SimulatedMemory.exclusive {
      let freeBefore = SimulatedMemory.freeCount
      for _ in 0..<100 {
        let zero = UserFrame.zero
        let again = zero.share()
        #expect(zero.isZeroFrame && again.isZeroFrame && zero.isShared)
        #expect(zero.number == again.number)
        #expect(bytes(of: zero).allSatisfy { $0 == 0 })
      }
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("A counter that is driven to its limit stays there, and the frame is never freed")
  func immortality() throws {
    try SimulatedMemory.exclusive {
      let freeBefore = SimulatedMemory.freeCount
      let frame = try UserFrame.allocate(isZeroed: true)
      let number = frame.number
      FrameTable.descriptors[number].references.store(UserFrame.immortal - 1, ordering: .relaxed)
      let last = frame.share()
      #expect(FrameTable.descriptors[number].references.load(ordering: .relaxed) == UserFrame.immortal)
      for _ in 0..<10 { _ = last.share() }
      _ = consume last
      _ = consume frame
      #expect(FrameTable.descriptors[number].references.load(ordering: .relaxed) == UserFrame.immortal)
      #expect(SimulatedMemory.freeCount == freeBefore - 1)
      // So that later tests find all memory.
      FrameTable.descriptors[number].references.store(1, ordering: .relaxed)
      UserFrame.dropReference(to: number)
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("Without memory there is ENOMEM, and nothing is lost")
  func withoutMemory() {
    SimulatedMemory.exclusive {
      let freeBefore = SimulatedMemory.freeCount
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { _ = try UserFrame.allocate(isZeroed: true) }
      AllocationFaults.fail(after: nil)
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("Bytes beyond the frame, and kernel memory as a program's, end the kernel")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      try SimulatedMemory.exclusive {
        let bytes: [UInt8] = [1, 2]
        try UserFrame.allocate(isZeroed: true).write(at: 4095, from: bytes.span)
      }
    }
    await #expect(processExitsWith: .failure) {
      try SimulatedMemory.exclusive {
        var bytes: [UInt8] = [1, 2]
        var span = bytes.mutableSpan
        try UserFrame.allocate(isZeroed: true).read(at: -1, into: &span)
      }
    }
    await #expect(processExitsWith: .failure) {
      try SimulatedMemory.exclusive { try UserFrame.allocate(isZeroed: true).zeroFill(0..<4097) }
    }
    await #expect(processExitsWith: .failure) {
      try SimulatedMemory.exclusive { _ = try UserFrame.allocate(.slab, isZeroed: true) }
    }
  }

  private func bytes(of frame: borrowing UserFrame) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xcc, count: UserFrame.byteCount)
    var span = bytes.mutableSpan
    frame.read(at: 0, into: &span)
    return bytes
  }
}
