import Foundations
import Machine
import PageFrames
import VirtualMemory

/// A program's memory on the CPU's own paging: every kind of fault, through copies by the kernel.
enum AddressSpaceTests {
  private static let base: UInt64 = 0x4000_0000
  private static let page: UInt64 = 4096

  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("address-space.memory-begins-as-zeros") { () throws(TestFailure) in
      try withSpace { space throws(Errno) in
        _ = try space.map(request(16))
        for index in 0..<16 as Range<UInt64> { try verify(UserPointer<UInt64>(base + index * page).load() == 0) }
        try verify(space.usage.resident == 16)
        for index in 0..<16 as Range<UInt64> { try UserPointer<UInt64>(base + index * page).store(index + 1) }
        for index in 0..<16 as Range<UInt64> {
          try verify(UserPointer<UInt64>(base + index * page).load() == index + 1)
        }
      }
    }
    registrar.test("address-space.copy-on-write-after-a-clone") { () throws(TestFailure) in
      try withSpace { space throws(Errno) in
        _ = try space.map(request(64))
        for index in 0..<64 as Range<UInt64> { try UserPointer<UInt64>(base + index * page).store(index) }
        let child = try space.clone()
        // The parent's TLB knew the pages as writable.
        for index in 0..<32 as Range<UInt64> { try UserPointer<UInt64>(base + index * page).store(1_000 + index) }
        child.activate()
        for index in 0..<64 as Range<UInt64> { try verify(UserPointer<UInt64>(base + index * page).load() == index) }
        for index in 16..<64 as Range<UInt64> { try UserPointer<UInt64>(base + index * page).store(2_000 + index) }
        space.activate()
        for index in 0..<64 as Range<UInt64> {
          try verify(UserPointer<UInt64>(base + index * page).load() == (index < 32 ? 1_000 + index : index))
        }
        child.activate()
        for index in 0..<64 as Range<UInt64> {
          try verify(UserPointer<UInt64>(base + index * page).load() == (index < 16 ? index : 2_000 + index))
        }
        space.activate()
        child.tearDown()
      }
    }
    registrar.test("address-space.shared-memory-is-shared") { () throws(TestFailure) in
      try withSpace { space throws(Errno) in
        var shared = request(4)
        shared.flags = [.shared, .anonymous, .fixed]
        _ = try space.map(shared)
        try UserPointer<UInt64>(base).store(1)
        let child = try space.clone()
        child.activate()
        try UserPointer<UInt64>(base).store(2)
        try UserPointer<UInt64>(base + page).store(3)
        space.activate()
        try verify(UserPointer<UInt64>(base).load() == 2)
        try verify(UserPointer<UInt64>(base + page).load() == 3)
        child.tearDown()
      }
    }
    registrar.test("address-space.forbidden-accesses-are-refused") { () throws(TestFailure) in
      try withSpace { space throws(Errno) in
        _ = try space.map(request(4))
        try UserPointer<UInt64>(base).store(7)
        try space.protect(base, 4 * page, .read)
        try verify(fails { () throws(Errno) in try UserPointer<UInt64>(base).store(8) } == .EFAULT)
        try verify(UserPointer<UInt64>(base).load() == 7)
        try space.protect(base, 4 * page, [])
        try verify(fails { () throws(Errno) in _ = try UserPointer<UInt64>(base).load() } == .EFAULT)
        try space.protect(base, 4 * page, [.read, .write])
        try UserPointer<UInt64>(base).store(9)
        try space.unmap(base, page)
        try verify(fails { () throws(Errno) in _ = try UserPointer<UInt64>(base).load() } == .EFAULT)
        // Eight bytes of which the last lie behind the area.
        try verify(fails { () throws(Errno) in try UserPointer<UInt64>(base + 4 * page - 4).store(1) } == .EFAULT)
        try verify(space.resolveFault(base, .read) == .badAddress)
        try verify(space.resolveFault(base + page, .execute) == .badAccess)
      }
    }
    registrar.test("address-space.stacks-grow-to-their-limit") { () throws(TestFailure) in
      try withSpace { space throws(Errno) in
        var stack = request(1)
        stack.address = 0x7fff_0000_0000
        stack.flags.insert(.growsDown)
        _ = try space.map(stack)
        var limits = space.limits
        limits.stack = 64 << 12
        space.limits = limits
        let top = stack.address + page
        for index in 1...64 as ClosedRange<UInt64> { try UserPointer<UInt64>(top - index * page).store(index) }
        try verify(fails { () throws(Errno) in try UserPointer<UInt64>(top - 65 * page).store(1) } == .EFAULT)
        try verify(space.usage.stack == 64)
      }
    }
    registrar.test("address-space.huge-pages-are-split-and-given-back") { () throws(TestFailure) in
      try withSpace { space throws(Errno) in
        _ = try space.map(request(2048))
        try UserPointer<UInt64>(base).store(1)
        guard space.usage.resident == 512 else { return }
        try verify(UserPointer<UInt64>(base + 511 * page).load() == 0)
        try space.unmap(base + page, page)
        try verify(space.usage.resident == 511)
        try verify(UserPointer<UInt64>(base).load() == 1)
        try verify(fails { () throws(Errno) in _ = try UserPointer<UInt64>(base + page).load() } == .EFAULT)
        let child = try space.clone()
        try UserPointer<UInt64>(base + 2 * page).store(5)
        child.activate()
        try verify(UserPointer<UInt64>(base + 2 * page).load() == 0)
        space.activate()
        child.tearDown()
      }
    }
  }

  private static func request(_ pages: UInt64) -> MapRequest {
    MapRequest(address: base, byteCount: pages * page, flags: [.private, .anonymous, .fixed])
  }

  /// Runs `body` in an address space of its own, and checks that every frame comes back.
  private static func withSpace(_ body: (AddressSpace) throws(Errno) -> Void) throws(TestFailure) {
    // What the heap keeps for later must be there before.
    _ = HeapStatistics.shrink()
    let before = FrameAllocator.figures.freeCount
    do throws(Errno) {
      let space = try AddressSpace.make()
      space.activate()
      try body(space)
      CurrentAddressSpace.leave()
      space.tearDown()
    } catch {
      CurrentAddressSpace.leave()
      throw TestFailure(reason: "error \(error.rawValue) at check \(checks)")
    }
    _ = HeapStatistics.shrink()
    let after = FrameAllocator.figures.freeCount
    try expect(after == before, "\(before - after) frames were lost")
  }

  private static func fails(_ body: () throws(Errno) -> Void) -> Errno? {
    do throws(Errno) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  /// How many checks the running test has passed, to tell which failed.
  private static var checks: Int { counter.withLock { $0 } }
  private static let counter = SpinLock(0)

  /// Ends the test unless `condition` holds.
  private static func verify(_ condition: Bool) throws(Errno) {
    guard condition else { throw .EPROTO }
    counter.withLock { $0 += 1 }
  }
}
