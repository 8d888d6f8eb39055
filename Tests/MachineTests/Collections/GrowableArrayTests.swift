import Foundations
import TestSupport
import Testing

@testable import Machine

@Suite("GrowableArray", .serialized)
struct GrowableArrayTests {
  /// Counts the values that exist.
  private final class Census {
    var alive = 0
  }

  /// A value that must be dropped exactly once.
  private struct Owned: ~Copyable {
    let value: Int
    let census: Census

    init(_ value: Int, _ census: Census) {
      self.value = value
      self.census = census
      census.alive += 1
    }

    deinit { census.alive -= 1 }
  }

  @Test(
    "It holds what an array holds, and every element is dropped once, whatever fails on the way", arguments: [0, 30])
  func againstArray(faultPercent: Int) {
    SimulatedMemory.exclusive {
      defer { AllocationFaults.fail(after: nil) }
      var random = SeededGenerator(seed: UInt64(faultPercent) + 1)
      let census = Census()
      var array = GrowableArray<Owned>()
      var model: [Int] = []
      for step in 0..<60_000 {
        AllocationFaults.fail(after: random.below(100) < faultPercent ? 0 : nil)
        // Now and then a new array, because one that is large enough asks for no more memory.
        if step % 500 == 0 {
          array = GrowableArray<Owned>()
          model = []
        }
        do throws(Errno) {
          switch random.below(10) {
          case 0..<4:
            try array.append(Owned(step, census))
            model.append(step)
          case 4..<6:
            let index = random.below(model.count + 1)
            try array.insert(Owned(step, census), at: index)
            model.insert(step, at: index)
          case 6: try array.reserveCapacity(model.count + random.below(20))
          case 7 where !model.isEmpty:
            let index = random.below(model.count)
            let removed = array.remove(at: index)
            #expect(removed.value == model.remove(at: index))
          case 8:
            let last = array.popLast()
            let expected = model.popLast()
            if let last { #expect(last.value == expected) } else { #expect(expected == nil) }
          default:
            if random.below(40) == 0 {
              array.removeAll()
              model = []
            }
          }
        } catch {
          #expect(error == .ENOMEM)
        }
        #expect(array.count == model.count && census.alive == model.count)
        guard step % 50 == 0 else { continue }
        for index in model.indices where array[index].value != model[index] {
          Issue.record("step \(step): element \(index) is \(array[index].value), not \(model[index])")
        }
      }
      _ = consume array
      #expect(census.alive == 0)
    }
  }

  @Test("Resizing fills and drops, its spans are its elements, and a failure changes nothing")
  func resizing() throws {
    try SimulatedMemory.exclusive {
      var array = GrowableArray<Int>()
      #expect(array.isEmpty && array.capacity == 0 && array.span.count == 0)
      try array.resize(to: 5, filledWith: 7)
      array[2] = 1
      var span = array.mutableSpan
      span[4] = 9
      #expect(array.span.count == 5 && array[4] == 9 && array[2] == 1 && array[0] == 7)
      try array.resize(to: 3, filledWith: 0)
      #expect(array.count == 3 && array[2] == 1)
      AllocationFaults.fail(after: 0)
      #expect(throws: Errno.ENOMEM) { try array.resize(to: 1000, filledWith: 0) }
      AllocationFaults.fail(after: nil)
      #expect(array.count == 3 && array[2] == 1)
    }
  }

  @Test("More than any memory is refused, not tried", arguments: [1 << 40, Int.max / 8, Int.max / 2, Int.max])
  func tooLarge(count: Int) {
    var array = GrowableArray<UInt64>()
    #expect(throws: Errno.ENOMEM) { try array.reserveCapacity(count) }
    #expect(array.capacity == 0)
  }

  @Test("What lies outside, and less than nothing, ends the kernel")
  func misuse() async {
    await #expect(processExitsWith: .failure) {
      var array = GrowableArray<Int>()
      try array.append(1)
      _ = array[1]
    }
    await #expect(processExitsWith: .failure) {
      var array = GrowableArray<Int>()
      try array.append(1)
      array[-1] = 2
    }
    await #expect(processExitsWith: .failure) {
      var array = GrowableArray<Int>()
      try array.insert(1, at: 1)
    }
    await #expect(processExitsWith: .failure) {
      var array = GrowableArray<Int>()
      _ = array.remove(at: 0)
    }
    await #expect(processExitsWith: .failure) {
      var array = GrowableArray<Int>()
      try array.resize(to: -1, filledWith: 0)
    }
  }
}
