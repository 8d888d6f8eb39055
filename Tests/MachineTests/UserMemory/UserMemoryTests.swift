import Foundations
import PageFrames
import TestSupport
import Testing

@testable import Machine

/// A program that gets zeroed pages on demand in one range and nothing elsewhere.
private final class DemandSpace: PageFaultHandler {
  var table: UserPageTable
  let range: Range<UInt64>
  var requests: [PageFaultAccess] = []

  init(_ table: consuming UserPageTable, _ range: Range<UInt64>) {
    self.table = table
    self.range = range
    super.init()
  }

  override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    requests.append(access)
    guard range.contains(address) else { return false }
    do throws(Errno) {
      try table.map(UserFrame.allocate(isZeroed: true), at: address & ~4095, [.read, .write])
      return true
    } catch {
      return error == .EEXIST && table.entry(at: address)?.access.contains(.write) == true
    }
  }
}

@Suite("UserMemory", .serialized)
struct UserMemoryTests {
  private static let base: UInt64 = 0x5fff_ffff_0000
  private static let byteCount = 5 * 4096

  private static func withSpace(_ body: (DemandSpace) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      SimulatedProcessor.reset(.fourLevel, hasIdentifiers: false)
      let freeBefore = SimulatedMemory.freeCount
      do {
        let space = DemandSpace(try UserPageTable(), base..<base + UInt64(byteCount))
        CurrentAddressSpace.activate(space.table, handler: space)
        try body(space)
        CurrentAddressSpace.leave()
      }
      #expect(SimulatedMemory.freeCount == freeBefore)
    }
  }

  @Test("Random copies and fills agree with an array, and end at the first byte that is not there")
  func randomCopies() throws {
    try Self.withSpace { space in
      var random = SeededGenerator(seed: 4)
      var model = [UInt8](repeating: 0, count: Self.byteCount)
      for round in 0..<3_000 {
        // Both ends of the range are passed now and then.
        let offset = random.below(Self.byteCount + 100) - 50
        let count = random.oneIn(10) ? random.below(9_000) : random.below(80)
        let address = UInt64(Int64(Self.base) + Int64(offset))
        let good = offset < 0 ? 0 : max(0, min(count, Self.byteCount - offset))
        let range = good == 0 ? 0..<0 : offset..<offset + good
        switch random.below(3) {
        case 0:
          let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ round) }
          #expect(UserMemory.copyOutPartially(bytes.span, to: address) == good)
          model.replaceSubrange(range, with: bytes[..<good])
        case 1:
          #expect(UserMemory.clearPartially(address, count: UInt64(count)) == UInt64(good))
          model.replaceSubrange(range, with: repeatElement(0, count: good))
        default:
          var bytes = [UInt8](repeating: 0xee, count: count)
          var span = bytes.mutableSpan
          let done = UserMemory.copyInPartially(from: address, into: &span)
          #expect(done == good)
          #expect(bytes[..<good] == model[range])
        }
      }
      #expect(space.requests.contains { !$0.isPresent && $0.kind == .write && !$0.isUser })
    }
  }

  @Test("The exact functions throw EFAULT where the others count")
  func exactFunctions() throws {
    try Self.withSpace { _ throws in
      let end = Self.base + UInt64(Self.byteCount)
      var bytes = [UInt8](repeating: 1, count: 10)
      var span = bytes.mutableSpan
      try UserMemory.copyOut(span.span, to: end - 10)
      try UserMemory.copyIn(from: end - 10, into: &span)
      #expect(throws: Errno.EFAULT) { try UserMemory.copyOut([UInt8](repeating: 1, count: 10).span, to: end - 9) }
      #expect(throws: Errno.EFAULT) { try UserMemory.clear(end - 9, count: 10) }
      #expect(throws: Errno.EFAULT) { try UserBytes(address: UserSpace.kernelWindow.lowerBound - 1, count: 2) }
      #expect(throws: Errno.EFAULT) { try UserBytes(address: 1, count: .max) }
      let buffer = try UserBytes(address: end - 20, count: 40)
      #expect(buffer.write(at: 5, from: bytes.span) == 10)
      #expect(buffer.extracting(15..<40).write(from: [UInt8](repeating: 2, count: 99).span) == 5)
      #expect(buffer.clear() == 20)
    }
  }

  @Test("Strings end with their zero byte, their limit, or EFAULT")
  func strings() throws {
    try Self.withSpace { _ throws in
      let end = Self.base + UInt64(Self.byteCount)
      func length(at address: UInt64, limit: Int) throws(Errno) -> Int {
        var bytes = [UInt8](repeating: 0xee, count: limit)
        var span = bytes.mutableSpan
        return try UserMemory.copyString(from: address, into: &span)
      }
      try UserMemory.copyOut(([0x61, 0x62, 0x63, 0, 0x64] as [UInt8]).span, to: end - 5)
      #expect(try length(at: end - 5, limit: 10) == 3)
      #expect(try length(at: end - 5, limit: 4) == 3)
      #expect(throws: Errno.ENAMETOOLONG) { try length(at: end - 5, limit: 3) }
      #expect(throws: Errno.EFAULT) { try length(at: end - 1, limit: 2) }
      #expect(throws: Errno.ENAMETOOLONG) { try length(at: end - 1, limit: 1) }
      #expect(throws: Errno.EFAULT) { try length(at: UserSpace.kernelWindow.lowerBound, limit: 1) }
    }
  }

  @Test("The highest bits of words are stored and nothing else, up to the first page that is not there")
  func highestBits() throws {
    try Self.withSpace { _ throws in
      for count in [1, 3, 128, 129, 600] {
        let isRight = try UserWords.withWords(count) { words throws(Errno) in
          for index in 0..<count { words[index] = words[index] | UInt64(index) << 48 | 0x1234_5678_9abc }
          try UserMemory.copyOut(words.span, to: Self.base)
          for index in 0..<count { words[index] = UInt64(index + 7) << 48 }
          try UserWords.storeHighest16(of: words.span, to: Self.base)
          try UserWords.copyIn(from: Self.base, into: &words)
          for index in 0..<count where words[index] != UInt64(index + 7) << 48 | 0x1234_5678_9abc { return false }
          return true
        }
        #expect(isRight)
      }
      let end = Self.base + UInt64(Self.byteCount)
      let failure: Errno? = try UserWords.withWords(2) { words throws(Errno) in
        words[0] = .max
        do throws(Errno) {
          try UserWords.storeHighest16(of: words.span, to: end - 8)
          return nil
        } catch {
          return error
        }
      }
      #expect(failure == .EFAULT)
      #expect(try UserPointer<UInt16>(end - 2).load() == .max)
    }
  }

  @Test("Two words are stored, or as much of the second as is wanted, and nothing behind them", arguments: 8...16)
  func twoWords(byteCount: Int) throws {
    try Self.withSpace { _ throws in
      let (first, second): (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
      // Not aligned, and across two pages.
      for address in [Self.base + 3, Self.base + 4_096 - 5] {
        try UserMemory.clear(address, count: 24)
        try UserWords.store(first, second, byteCount: byteCount, to: address)
        for index in 0..<24 {
          let expected = index < byteCount ? UInt8(index) : 0
          #expect(try UserPointer<UInt8>(address).load(at: index) == expected)
        }
      }
      let end = Self.base + UInt64(Self.byteCount)
      try UserWords.store(first, second, byteCount: byteCount, to: end - UInt64(byteCount))
      #expect(throws: Errno.EFAULT) {
        try UserWords.store(first, second, byteCount: byteCount, to: end - UInt64(byteCount) + 1)
      }
      for outside: UInt64 in [0x6000_0000_0000, 0xffff_ffff_ffff_fff8, 0x7fff_ffff_ffff] {
        #expect(throws: Errno.EFAULT) { try UserWords.store(first, second, byteCount: byteCount, to: outside) }
      }
    }
  }

  @Test("In withoutFaults nobody is asked")
  func withoutFaults() throws {
    try Self.withSpace { space in
      let count = UserMemory.withoutFaults { UserMemory.clearPartially(Self.base, count: 1) }
      #expect(count == 0 && space.requests.isEmpty)
      #expect(UserMemory.clearPartially(Self.base, count: 1) == 1)
      #expect(UserMemory.withoutFaults { UserMemory.clearPartially(Self.base, count: 4097) } == 4096)
    }
  }

  @Test("Words are exchanged only when they are what was expected")
  func words() throws {
    try Self.withSpace { _ throws in
      #expect(try UserMemory.compareExchange32(Self.base, expected: 0, desired: 7) == 0)
      #expect(try UserMemory.compareExchange32(Self.base, expected: 0, desired: 8) == 7)
      #expect(try UserMemory.load32(Self.base) == 7)
      #expect(throws: Errno.EINVAL) { try UserMemory.load32(Self.base + 1) }
      #expect(throws: Errno.EFAULT) { try UserMemory.load32(Self.base - 4) }
    }
  }

  @Test("Integers of every size keep their bytes, and indices beyond all addresses are EFAULT")
  func integers() throws {
    try Self.withSpace { _ throws in
      try UserPointer<UInt64>(Self.base + 3).store(0x8877_6655_4433_2211)
      #expect(try UserPointer<UInt8>(Self.base + 3).load(at: 7) == 0x88)
      #expect(try UserPointer<UInt16>(Self.base + 3).load(at: 1) == 0x4433)
      #expect(try UserPointer<Int32>(Self.base + 3).load(at: 1) == -2_005_440_939)
      #expect(throws: Errno.EFAULT) { try UserPointer<UInt32>(Self.base).load(at: .max) }
      #expect(throws: Errno.EFAULT) { try UserPointer<UInt32>(Self.base).load(at: -1) }
      #expect(throws: Errno.EFAULT) { try UserPointer<UInt32>(.max).store(1) }
    }
  }
}
