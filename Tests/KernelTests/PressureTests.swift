import Foundations
import Machine
import PageFrames

/// Work at the limit of memory, where every other request fails: nothing may trap, and nothing may be lost.
enum PressureTests {
  private static let small = TestMachine(memory: "64M")

  static func register(_ registrar: inout TestRegistrar, rounds: Int) {
    registrar.test("pressure.single-frames", on: small) { () throws(TestFailure) in
      let before = FreeBlocks.now
      var random = SmallGenerator(seed: 1)
      for round in 0..<20 * rounds { try churnFrames(&random, round: round) }
      try check(before)
    }
    registrar.test("pressure.frames-runs-and-huge-frames", on: small) { () throws(TestFailure) in
      let before = FreeBlocks.now
      var random = SmallGenerator(seed: 2)
      var failures = 0
      for _ in 0..<20 * rounds { failures += churnMixed(&random) }
      try expect(failures > 1_000, "only \(failures) requests failed: there was no pressure")
      try check(before)
    }
    registrar.test("pressure.arrays-that-grow-until-memory-ends", on: small) { () throws(TestFailure) in
      // What is mapped page by page needs page tables, which are kept.
      let before = FreeBlocks.now.freeCount + FrameAllocator.figures.usage[.pageTable]
      for round in 0..<10 * rounds { try growArrays(step: 1 + round % 10) }
      let after = FreeBlocks.now.freeCount + FrameAllocator.figures.usage[.pageTable]
      try expect(after == before, "\(after) frames are free or page tables, \(before) were before")
      try expect(FrameAllocator.figures.usage[.pageTable] < 300, "page tables take ever more memory")
    }
    registrar.test("pressure.failed-requests-cost-no-addresses", on: small) { () throws(TestFailure) in
      try checkAddressesRemain()
    }
  }

  private static func check(_ before: FreeBlocks) throws(TestFailure) {
    let after = FreeBlocks.now
    try expect(
      after.freeCount == before.freeCount, "\(after.freeCount) frames are free, \(before.freeCount) were before")
    try expect(after == before, "free memory is in other blocks than before")
  }

  /// Takes all memory, gives a random half back, takes it again, and sees that no frame changed hands meanwhile.
  private static func churnFrames(_ random: inout SmallGenerator, round: Int) throws(TestFailure) {
    var frames = try AllFrames.take()
    let count = frames.count
    for index in 0..<count { AllFrames.stamp(frames[index]) }
    for _ in 0..<count / 2 { _ = frames.remove(at: frames.count - 1 - random.below(min(64, frames.count))) }
    let kept = frames.count
    do throws(Errno) {
      while true { try frames.append(UserFrame.allocate(isZeroed: true)) }
    } catch {
      try expect(frames.count >= count - 64, "round \(round): \(frames.count) frames were to be had, \(count) before")
    }
    for index in stride(from: 0, to: kept, by: 7) {
      try expect(AllFrames.hasStamp(frames[index]), "round \(round): frame \(frames[index].number.rawValue) changed")
    }
  }

  /// Frames, runs and huge frames in random order, more than there is room for.
  ///
  /// - Returns: how many requests failed.
  private static func churnMixed(_ random: inout SmallGenerator) -> Int {
    var frames = GrowableArray<UserFrame>()
    var runs = GrowableArray<FrameRun>()
    var huge = GrowableArray<HugeFrame>()
    var failures = 0
    for _ in 0..<5_000 {
      do throws(Errno) {
        switch random.below(16) {
        case 0..<6: try frames.append(UserFrame.allocate(isZeroed: false))
        case 6..<9: try runs.append(FrameRun(count: 1 + random.below(300)))
        case 9:
          guard let frame = HugeFrame() else { throw .ENOMEM }
          try huge.append(frame)
        case 10..<13: _ = frames.popLast()
        case 13..<15: if runs.count > 0 { _ = runs.remove(at: random.below(runs.count)) }
        default: if huge.count > 6 { _ = huge.remove(at: random.below(huge.count)) }
        }
      } catch {
        failures += 1
      }
    }
    return failures
  }

  /// Requests that fail for lack of memory, more than there are addresses of that size; then one that must not fail.
  private static func checkAddressesRemain() throws(TestFailure) {
    var frames = try AllFrames.take()
    // 300 pages, which lie in no piece of the physical memory that becomes free below.
    let count = 300 * 4096
    for _ in 0..<10_000 {
      var array = GrowableArray<UInt8>()
      var isRefused = false
      do throws(Errno) { try array.reserveCapacity(count) } catch { isRefused = error == .ENOMEM }
      if !isRefused { throw TestFailure(reason: "300 pages were to be had when no frame was") }
    }
    for index in stride(from: frames.count - 1, to: 0, by: -2) { _ = frames.remove(at: index) }
    var array = GrowableArray<UInt8>()
    do throws(Errno) {
      try array.resize(to: count, filledWith: 7)
    } catch {
      throw TestFailure(reason: "no addresses are left, with \(FrameAllocator.figures.freeCount) frames free")
    }
    try expect(array.count == count, "the array has \(array.count) elements")
  }

  /// Arrays that grow in turn until one cannot: it must say so, keep what it has, and all must come back.
  private static func growArrays(step: Int) throws(TestFailure) {
    var first = GrowableArray<UInt64>()
    var second = GrowableArray<UInt64>()
    var count = 0
    do throws(Errno) {
      while true {
        for _ in 0..<step * 1_000 {
          try first.append(UInt64(truncatingIfNeeded: first.count))
          count += 1
        }
        try second.append(UInt64(truncatingIfNeeded: second.count))
      }
    } catch {
      try expect(error == .ENOMEM, "growth ended with error \(error.rawValue)")
    }
    try expect(first.count == count && count > 500_000, "\(first.count) elements of \(count)")
    for index in stride(from: 0, to: count, by: 997) {
      try expect(first[index] == UInt64(truncatingIfNeeded: index), "element \(index) is \(Int(first[index]))")
    }
  }
}

/// Random numbers for tests: an xorshift generator (Marsaglia, Journal of Statistical Software 8:14, 2003).
struct SmallGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  /// A number from 0 to `limit` - 1.
  mutating func below(_ limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(truncatingIfNeeded: state >> 33) % max(1, limit)
  }
}
