import Foundations
import Interrupts
import Machine

/// Copies from and to a program's memory, on the CPU's own paging.
enum UserMemoryTests {
  private static let pageSize = 4096

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("user-memory.copies-of-every-length") { () throws(TestFailure) in
      let space = try start(pages: 0..<2)
      for count in 0...300 {
        for offset in [0, 1, 3, 4089, 4095] { try roundTrip(count, at: TestSpace.base + UInt64(offset)) }
      }
      for count in [1_000, 4_000, 8_000] { try roundTrip(count, at: TestSpace.base + 7) }
      try end(space, requests: 0)
    }
    registrar.test("user-memory.copies-end-at-the-bad-byte") { () throws(TestFailure) in
      let space = try start(pages: 0..<1)
      for count in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 63, 64, 65, 100, 300, 4_096] {
        for missing in [1, 2, 3, 7, 8, 9, 16, 31, 33, 99, 300] where missing <= count {
          try partial(count, good: count - missing)
        }
      }
      try expect(space.requests > 0, "nobody was asked")
      try end(space, requests: nil)
    }
    registrar.test("user-memory.clearing") { () throws(TestFailure) in
      let space = try start(pages: 0..<1)
      for count in 0...100 {
        for good in [count, max(0, count - 1), count / 2, 0] { try clearing(count, good: good) }
      }
      try end(space, requests: nil)
    }
    registrar.test("user-memory.faults-are-resolved-and-tried-again") { () throws(TestFailure) in
      let space = try start(pages: 0..<0)
      space.givenAccess = [.read, .write]
      let bytes = [UInt8](repeating: 0x5a, count: 3 * pageSize)
      let done = UserMemory.copyOutPartially(bytes.span, to: TestSpace.base + 100)
      try expect(done == bytes.count, "\(done) of \(bytes.count) bytes")
      let last = space.lastAccess
      try expect(last == PageFaultAccess(.write, isUser: false, isPresent: false), "asked about another access")
      try expect(space.lastAddress >= TestSpace.address(3), "asked last about \(hex: space.lastAddress)")
      try end(space, requests: 4)
    }
    registrar.test("user-memory.read-only-pages-are-not-written") { () throws(TestFailure) in
      let space = try start(pages: 0..<0)
      try space.map(0, .read)
      let address = TestSpace.base + 8
      try expect(read(address, count: 64) == 64, "it cannot be read")
      try expect(write(address, count: 64) == 0, "it was written")
      try expect(
        space.lastAccess == PageFaultAccess(.write, isUser: false, isPresent: true), "asked about another access")
      try space.protect(0..<1, [])
      try expect(read(address, count: 64) == 0, "without any access it was read")
      try end(space, requests: nil)
    }
    registrar.test("user-memory.kernel-addresses-are-refused") { () throws(TestFailure) in
      let space = try start(pages: 0..<1)
      for address: UInt64 in [
        UserSpace.kernelWindow.lowerBound, UserSpace.kernelWindow.upperBound - 1, UserSpace.kernelWindow.lowerBound - 1,
        UserSpace.end - 1, UserSpace.end, 0x00ff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_c000_0000_0000, .max,
        .max - 1,
        ImageLayout.text.lowerBound,
      ] {
        try expect(read(address, count: 2) == 0, "\(hex: address) was read")
        try expect(write(address, count: 2) == 0, "\(hex: address) was written")
        try expect(UserMemory.clearPartially(address, count: 2) == 0, "\(hex: address) was cleared")
      }
      try expect(UserMemory.clearPartially(TestSpace.base, count: .max) == 0, "a range that wraps was begun")
      try end(space, requests: 0)
    }
    registrar.test("user-memory.no-program-means-no-memory") { () throws(TestFailure) in
      let space = try start(pages: 0..<1)
      CurrentAddressSpace.suspend()
      try expect(read(TestSpace.address(1), count: 8) == 0, "a page that is not there was read")
      try expect(space.requests == 0, "the handler was asked for a program that does not run")
      space.activate()
      try expect(read(TestSpace.base, count: 8) == 8, "the program's memory did not come back")
      CurrentAddressSpace.leave()
      try expect(read(TestSpace.base, count: 8) == 0, "the table is still loaded")
      try end(space, requests: 0)
    }
    registrar.test("user-memory.in-force-is-who-was-activated-last") { () throws(TestFailure) in
      let space = try start(pages: 0..<1)
      let other = try TestSpace.make()
      let (identity, otherIdentity) = (ObjectIdentifier(space), ObjectIdentifier(other))
      try expect(CurrentAddressSpace.isInForce(identity), "what runs is not in force")
      try expect(!CurrentAddressSpace.isInForce(otherIdentity), "what never ran is in force")
      try expect(!CurrentAddressSpace.isInForce(nil), "nothing is in force")
      other.activate()
      try expect(!CurrentAddressSpace.isInForce(identity), "what was left is in force")
      try expect(CurrentAddressSpace.isInForce(otherIdentity), "what came next is not in force")
      CurrentAddressSpace.suspend()
      try expect(!CurrentAddressSpace.isInForce(otherIdentity), "it is in force for code without a program")
      space.activate()
      try expect(CurrentAddressSpace.isInForce(identity), "what came back is not in force")
      CurrentAddressSpace.leave()
      try expect(!CurrentAddressSpace.isInForce(identity), "it is in force without its table")
      space.activate()
      try end(space, requests: 0)
    }
    registrar.test("user-memory.without-faults-nobody-is-asked") { () throws(TestFailure) in
      let space = try start(pages: 0..<1)
      space.givenAccess = [.read, .write]
      let done = UserMemory.withoutFaults { write(TestSpace.address(1) - 5, count: 10) }
      try expect(done == 5, "\(done) bytes were written, not 5")
      try expect(space.requests == 0, "the handler was asked")
      try expect(write(TestSpace.address(1) - 5, count: 10) == 10, "faults stay off")
      try end(space, requests: 1)
    }
    UserStringTests.register(&registrar)
    registerFaults(&registrar)
  }

  private static func registerFaults(_ registrar: inout TestRegistrar) {
    registrar.fault(
      "user-memory.smap-violation", .pageFault, report: "SMAP violation", "readUserPage", "by the kernel"
    ) {
      guard let space = try? start(pages: 0..<1) else { return }
      FaultProvocation.readUserPage(TestSpace.base)
      withExtendedLifetime(space) {}
    }
    registrar.fault(
      "user-memory.smep-violation", .pageFault, report: "SMEP violation", "instruction fetch", "by the kernel"
    ) {
      guard let space = try? start(pages: 0..<0), (try? space.map(0, [.read, .execute])) != nil else { return }
      FaultProvocation.executeUserPage(TestSpace.base)
      withExtendedLifetime(space) {}
    }
    // The handler would resolve it, but the kernel may not touch programs' memory on its own.
    registrar.fault("user-memory.a-stray-access-is-reported", .pageFault, report: "not present", "readUserPage") {
      guard let space = try? start(pages: 0..<0) else { return }
      space.givenAccess = [.read, .write]
      FaultProvocation.readUserPage(TestSpace.base)
      withExtendedLifetime(space) {}
    }
  }

  // MARK: Steps

  /// A space with `pages` mapped, active on this CPU.
  static func start(pages: Range<Int>) throws(TestFailure) -> TestSpace {
    let space = try TestSpace.make()
    for page in pages { try space.map(page) }
    space.activate()
    return space
  }

  /// Checks what holds after every test, and leaves the space.
  static func end(_ space: TestSpace, requests: Int?) throws(TestFailure) {
    CurrentAddressSpace.leave()
    try expect(!ProtectionFeatures.isUserMemoryOpen, "user memory was left open")
    try expect(!space.wasOpen, "user memory was open while a fault was resolved")
    if let requests { try expect(space.requests == requests, "\(space.requests) faults, not \(requests)") }
  }

  static func read(_ address: UInt64, count: Int) -> Int {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    return UserMemory.copyInPartially(from: address, into: &span)
  }

  static func write(_ address: UInt64, count: Int) -> Int {
    UserMemory.copyOutPartially([UInt8](repeating: 0x11, count: count).span, to: address)
  }

  static func pattern(_ count: Int, _ seed: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: (index &+ seed) &* 167 &+ index >> 8) }
    return bytes
  }

  private static func roundTrip(_ count: Int, at address: UInt64) throws(TestFailure) {
    let bytes = pattern(count, Int(address))
    var guarded = [UInt8](repeating: 0xee, count: count + 2)
    try expect(UserMemory.copyOutPartially(bytes.span, to: address) == count, "\(count) bytes to \(hex: address)")
    var span = guarded.mutableSpan
    try expect(UserMemory.copyInPartially(from: address, into: &span) == count + 2, "reading \(count) bytes back")
    for index in 0..<count where guarded[index] != bytes[index] {
      throw TestFailure(
        reason: "byte \(index) of \(count) at \(hex: address) is \(guarded[index]), not \(bytes[index])")
    }
  }

  /// Copies `count` bytes of which `good` lie before the end of the only page.
  private static func partial(_ count: Int, good: Int) throws(TestFailure) {
    let address = TestSpace.address(1) - UInt64(good)
    let bytes = pattern(count, good)
    let written = UserMemory.copyOutPartially(bytes.span, to: address)
    try expect(written == good, "\(written) bytes written, not \(good) of \(count)")
    var found = [UInt8](repeating: 0xee, count: count)
    var span = found.mutableSpan
    let done = UserMemory.copyInPartially(from: address, into: &span)
    try expect(done == good, "\(done) bytes read, not \(good) of \(count)")
    for index in 0..<count where found[index] != (index < good ? bytes[index] : 0xee) {
      throw TestFailure(reason: "byte \(index) of \(count), \(good) of them good, is \(found[index])")
    }
  }

  private static func clearing(_ count: Int, good: Int) throws(TestFailure) {
    let address = TestSpace.address(1) - UInt64(good)
    _ = UserMemory.copyOutPartially([UInt8](repeating: 0xff, count: good + 1).span, to: address - 1)
    let done = UserMemory.clearPartially(address, count: UInt64(count))
    try expect(done == UInt64(good), "\(done) bytes cleared, not \(good) of \(count)")
    var found = [UInt8](repeating: 0xee, count: good + 1)
    var span = found.mutableSpan
    _ = UserMemory.copyInPartially(from: address - 1, into: &span)
    try expect(found[0] == 0xff, "the byte before \(count) was cleared")
    for index in 0..<good where found[index + 1] != 0 { throw TestFailure(reason: "byte \(index) of \(count) stayed") }
  }
}
