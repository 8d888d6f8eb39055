import Foundations
import Machine

/// Strings, futex words and typed values in a program's memory.
enum UserStringTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("user-memory.strings") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<1)
      for offset in 0..<9 {
        for length in 0...40 { try string(length, at: TestSpace.base + UInt64(offset)) }
      }
      // A string that ends with the last byte before a page that is not there.
      for length in 0...20 { try string(length, at: TestSpace.address(1) - UInt64(length) - 1) }
      try UserMemoryTests.end(space, requests: 0)
    }
    registrar.test("user-memory.strings-without-end") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<1)
      _ = UserMemoryTests.write(TestSpace.base, count: 4096)
      for limit in 1...40 {
        try expect(copy(TestSpace.base + 3, limit: limit) == .ENAMETOOLONG, "\(limit) bytes are not too few")
        let address = TestSpace.address(1) - UInt64(limit) + 1
        try expect(copy(address, limit: limit) == .EFAULT, "\(limit) bytes are there, one too many")
      }
      try expect(copy(UserSpace.end - 1, limit: 100) == .EFAULT, "a string goes on past the end of user space")
      try expect(copy(UserSpace.kernelWindow.lowerBound, limit: 100) == .EFAULT, "the kernel has strings for programs")
      try expect(copy(.max, limit: 100) == .EFAULT, "there is a string at the very end")
      try UserMemoryTests.end(space, requests: nil)
    }
    registrar.test("user-memory.futex-words") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<1)
      let address = TestSpace.base + 16
      try expect(exchange(address, 0, 7) == 0, "the word was not 0")
      try expect(exchange(address, 8, 9) == 7, "the exchange did not say what is there")
      try expect(load(address) == 7, "a failed exchange changed the word")
      try expect(exchange(address, 7, 0xffff_ffff) == 7 && load(address) == 0xffff_ffff, "the exchange failed")
      try expect(load(address + 2) == nil, "a word across a boundary was loaded")
      try expect(load(TestSpace.address(1)) == nil, "a missing word was loaded")
      try expect(exchange(TestSpace.address(1), 0, 1) == nil, "a missing word was exchanged")
      try expect(exchange(UserSpace.kernelWindow.lowerBound, 0, 1) == nil, "the kernel's word was exchanged")
      try space.protect(0..<1, .read)
      try expect(load(address) == 0xffff_ffff, "a read-only word was not loaded")
      try expect(exchange(address, 0, 1) == nil, "a read-only word was exchanged")
      try UserMemoryTests.end(space, requests: nil)
    }
    registrar.test("user-memory.typed-pointers") { () throws(TestFailure) in
      let space = try UserMemoryTests.start(pages: 0..<1)
      let words = UserPointer<UInt32>(TestSpace.base + 1)
      do throws(Errno) {
        for index in 0..<8 { try words.store(UInt32(index) &* 0x1234_5679, at: index) }
        for index in 0..<8 {
          let found = try words.load(at: index)
          try check(found == UInt32(index) &* 0x1234_5679)
        }
        try UserPointer<Int16>(TestSpace.base).store(-2)
        try check(try UserPointer<Int16>(TestSpace.base).load() == -2)
        try check(try UserPointer<UInt8>(TestSpace.base + 1).load() == 0xff)
        try UserPointer<Pair>(TestSpace.base + 9).store(Pair(first: 5, second: 0x0102_0304_0506_0708))
        let pair = try UserPointer<Pair>(TestSpace.base + 9).load()
        try check(pair.first == 5 && pair.second == 0x0102_0304_0506_0708)
        try check(try UserPointer<UInt8>(TestSpace.base + 10).load() == 0)
      } catch {
        throw TestFailure(reason: "a value did not come back: \(error.rawValue)")
      }
      try expect((try? UserPointer<UInt64>(TestSpace.address(1) - 7).load()) == nil, "seven bytes are eight")
      try expect(
        (try? words.load(at: .max)) == nil && (try? words.load(at: -1)) == nil, "an index that wraps is no fault")
      try UserMemoryTests.end(space, requests: nil)
    }
  }

  /// A structure with padding in its form.
  private struct Pair: UserValue {
    var first: UInt8
    var second: UInt64

    static var userByteCount: Int { 16 }

    init(first: UInt8, second: UInt64) {
      self.first = first
      self.second = second
    }

    init(userBytes: Span<UInt8>) {
      first = userBytes[0]
      second = 0
      for index in 0..<8 { second |= UInt64(userBytes[8 + index]) << UInt64(8 * index) }
    }

    func write(toUserBytes bytes: inout MutableSpan<UInt8>) {
      bytes[0] = first
      for index in 0..<8 { bytes[8 + index] = UInt8(truncatingIfNeeded: second >> UInt64(8 * index)) }
    }
  }

  private static func check(_ condition: Bool) throws(Errno) {
    guard condition else { throw .EINVAL }
  }

  private static func string(_ length: Int, at address: UInt64) throws(TestFailure) {
    var bytes = [UInt8](repeating: 0xaa, count: length + 1)
    // Bytes of every kind that the search by words could take for a zero: 0x80 and 0x01.
    for index in 0..<length { bytes[index] = [0x80, 0x01, 0xff, 0x7f, 0x81][index % 5] }
    bytes[length] = 0
    _ = UserMemory.copyOutPartially(bytes.span, to: address)
    var found = [UInt8](repeating: 0xee, count: 64)
    var span = found.mutableSpan
    do throws(Errno) {
      let count = try UserMemory.copyString(from: address, into: &span)
      try check(count == length)
    } catch {
      throw TestFailure(reason: "a string of \(length) at \(hex: address): \(error.rawValue)")
    }
    for index in 0...length where found[index] != bytes[index] {
      throw TestFailure(reason: "byte \(index) of a string of \(length) is \(found[index])")
    }
  }

  private static func copy(_ address: UInt64, limit: Int) -> Errno? {
    var bytes = [UInt8](repeating: 0, count: limit)
    var span = bytes.mutableSpan
    do throws(Errno) {
      _ = try UserMemory.copyString(from: address, into: &span)
      return nil
    } catch {
      return error
    }
  }

  private static func load(_ address: UInt64) -> UInt32? { try? UserMemory.load32(address) }

  private static func exchange(_ address: UInt64, _ expected: UInt32, _ desired: UInt32) -> UInt32? {
    try? UserMemory.compareExchange32(address, expected: expected, desired: desired)
  }
}
