import Foundations
import Machine
import TestSupport
import Testing

@testable import VirtualMemory

/// The errors that the man pages list, each provoked.
@Suite("Errors of the mapping calls", .serialized)
struct ErrorTests {
  private static let base: UInt64 = 0x4000_0000
  private static let page: UInt64 = 4096

  private func map(_ space: AddressSpace, _ change: (inout MapRequest) -> Void) -> Errno? {
    var request = MapRequest(byteCount: 4096)
    change(&request)
    return error { () throws(Errno) in _ = try space.map(request) }
  }

  @Test("Who is on the way out populates a few pages more at most")
  func killed() throws {
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      space.limits.ignoresLockLimit = true
      let pages = 0..<UInt64(500)
      func presentCount() -> Int {
        pages.filter { space.presentFrame(at: Self.base + $0 * Self.page, .write) != nil }.count
      }
      func look(_ limit: Int, _ call: (() -> Bool) throws(Errno) -> Void) -> Errno? {
        var looks = 0
        return error { () throws(Errno) in
          try call {
            looks += 1
            return looks > limit
          }
        }
      }
      _ = try space.mapPrivate(500, at: Self.base)
      #expect(
        look(0) { isKilled throws(Errno) in try space.lock(Self.base, 500 * Self.page, unless: isKilled) } == .EINTR)
      #expect(presentCount() == 0)
      #expect(
        look(1) { isKilled throws(Errno) in try space.lock(Self.base, 500 * Self.page, unless: isKilled) } == .EINTR)
      let count = presentCount()
      #expect(count > 0 && count < 250)
      #expect(
        look(1) { isKilled throws(Errno) in
          try space.advise(Self.base, 500 * Self.page, .populateWrite, unless: isKilled)
        } == .EINTR)
      #expect(
        look(1) { isKilled throws(Errno) in
          try space.lockAll(current: true, future: false, onFault: false, unless: isKilled)
        } == nil)
      #expect(presentCount() < 500)
      #expect(
        look(.max) { isKilled throws(Errno) in try space.lock(Self.base, 500 * Self.page, unless: isKilled) } == nil)
      #expect(presentCount() == 500)
    }
  }

  @Test("mmap")
  func mmap() throws {
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      #expect(map(space) { $0.byteCount = 0 } == .EINVAL)
      #expect(map(space) { $0.flags = .anonymous } == .EINVAL)
      #expect(map(space) { $0.offset = 1 } == .EINVAL)
      #expect(map(space) { $0.byteCount = .max } == .ENOMEM)
      #expect(map(space) { $0.byteCount = 1 << 60 } == .ENOMEM)
      #expect(map(space) { ($0.address, $0.flags) = (Self.base + 1, [.private, .anonymous, .fixed]) } == .EINVAL)
      #expect(map(space) { ($0.address, $0.flags) = (4096, [.private, .anonymous, .fixed]) } == .EPERM)
      #expect(map(space) { ($0.address, $0.flags) = (0x6000_0000_0000, [.private, .anonymous, .fixed]) } == .ENOMEM)
      #expect(
        map(space) { ($0.address, $0.flags) = (0xffff_8000_0000_0000, [.private, .anonymous, .fixed]) } == .ENOMEM)
      #expect(map(space) { $0.flags = .private } == .EBADF)
      #expect(map(space) { $0.flags = [.private, .anonymous, .hugeTable] } == .ENOMEM)
      #expect(map(space) { $0.flags = [.shared, .private, .anonymous] } == .EINVAL)
      #expect(
        map(space) { ($0.flags, $0.object) = ([.shared, .private, .sync], SharedMemory(pageCount: 1)) } == .EOPNOTSUPP)
      #expect(
        map(space) {
          ($0.flags, $0.object, $0.limit) = (.shared, SharedMemory(pageCount: 1), .read)
        } == .EACCES)
      #expect(
        map(space) { ($0.flags, $0.object, $0.offset) = (.private, SharedMemory(pageCount: 1), ~4095) } == .EOVERFLOW)
      #expect(map(space) { ($0.address, $0.flags) = (Self.base, [.private, .anonymous, .fixedNoReplace]) } == nil)
      #expect(map(space) { ($0.address, $0.flags) = (Self.base, [.private, .anonymous, .fixedNoReplace]) } == .EEXIST)
      var limits = AddressSpaceLimits()
      limits.total = 4096
      space.limits = limits
      #expect(map(space) { _ in } == .ENOMEM)
      limits.total = .max
      limits.locked = 0
      space.limits = limits
      #expect(map(space) { $0.flags.insert(.locked) } == .EPERM)
      limits.locked = 4096
      space.limits = limits
      #expect(map(space) { ($0.byteCount, $0.flags) = (8192, $0.flags.union(.locked)) } == .EAGAIN)
      limits.areaCount = 0
      space.limits = limits
      #expect(map(space) { _ in } == .ENOMEM)
    }
  }

  @Test("munmap and mprotect")
  func unmapAndProtect() throws {
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      _ = try space.mapPrivate(4, at: Self.base)
      #expect(error { () throws(Errno) in try space.unmap(Self.base + 1, 4096) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.unmap(Self.base, 0) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.unmap(Self.base, .max) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.unmap(0x1_0000_0000, 4096) } == nil)
      #expect(error { () throws(Errno) in try space.protect(Self.base + 1, 4096, .read) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.protect(Self.base, 0, .read) } == nil)
      #expect(error { () throws(Errno) in try space.protect(Self.base, 4096, Protection(rawValue: 64)) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.protect(Self.base, .max, .read) } == .ENOMEM)
      try space.unmap(Self.base + 4096, 4096)
      #expect(error { () throws(Errno) in try space.protect(Self.base, 3 * 4096, .read) } == .ENOMEM)
      #expect(space.area(endingAfter: Self.base)?.protection == .read, "what lies before the hole is changed")
      #expect(space.area(endingAfter: Self.base + 4096)?.protection == [.read, .write])
      let request = MapRequest(
        address: 0x5000_0000, byteCount: 4096, protection: .read, flags: [.shared, .fixed],
        object: SharedMemory(pageCount: 1), limit: .read)
      _ = try space.map(request)
      #expect(error { () throws(Errno) in try space.protect(0x5000_0000, 4096, .write) } == .EACCES)
    }
  }

  @Test("mremap")
  func remap() throws {
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      _ = try space.mapPrivate(4, at: Self.base)
      func attempt(
        _ address: UInt64, _ old: UInt64, _ new: UInt64, _ flags: RemapFlags, _ to: UInt64 = 0
      ) -> Errno? { error { () throws(Errno) in _ = try space.remap(address, old, new, flags, to: to) } }
      #expect(attempt(Self.base + 1, 4096, 4096, []) == .EINVAL)
      #expect(attempt(Self.base, 4096, 0, []) == .EINVAL)
      #expect(attempt(Self.base, 4096, 8192, RemapFlags(rawValue: 8)) == .EINVAL)
      #expect(attempt(Self.base, 4096, 4096, .fixed, 0x5000_0000) == .EINVAL)
      #expect(attempt(Self.base, 8192, 8192, [.mayMove, .fixed], Self.base + 4096) == .EINVAL)
      #expect(attempt(Self.base, 0, 4096, .mayMove) == .EINVAL, "private memory cannot be doubled")
      #expect(attempt(Self.base, 8192, 4096, [.mayMove, .keepOld]) == .EINVAL)
      #expect(attempt(0x1_0000_0000, 4096, 8192, .mayMove) == .EFAULT)
      #expect(attempt(Self.base, 8 * 4096, 16 * 4096, .mayMove) == .EFAULT)
      _ = try space.mapPrivate(1, at: Self.base + 4 * 4096, .read)
      #expect(attempt(Self.base, 4 * 4096, 5 * 4096, []) == .ENOMEM, "there is no room behind it")
    }
  }

  @Test("mlock, madvise, msync and mincore")
  func others() throws {
    try withMachine {
      let space = try AddressSpace.make()
      defer { space.tearDown() }
      _ = try space.mapPrivate(4, at: Self.base)
      var limits = AddressSpaceLimits()
      limits.locked = 2 * 4096
      space.limits = limits
      #expect(error { () throws(Errno) in try space.lock(Self.base, 3 * 4096) } == .ENOMEM)
      #expect(error { () throws(Errno) in try space.lock(Self.base + 100, 4096) } == nil, "both pages that it touches")
      #expect(space.usage.locked == 2 && space.usage.resident == 2)
      #expect(error { () throws(Errno) in try space.advise(Self.base, 4096, .dontNeed) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.unlock(Self.base, 0x10_0000) } == .ENOMEM)
      limits.locked = 0
      space.limits = limits
      #expect(error { () throws(Errno) in try space.lock(Self.base, 4096) } == .EPERM)
      #expect(error { () throws(Errno) in try space.lockAll(current: false, future: false, onFault: false) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.advise(Self.base + 1, 4096, .dontNeed) } == .EINVAL)
      #expect(error { () throws(Errno) in try space.advise(Self.base, 8 * 4096, .dontNeed) } == .ENOMEM)
      #expect(error { () throws(Errno) in try space.advise(Self.base, 4096, .remove) } == .EINVAL)
      #expect(
        error { () throws(Errno) in
          try space.synchronize(Self.base, 8 * 4096, isSynchronous: true, invalidates: false)
        } == .ENOMEM)
      #expect(error { () throws(Errno) in try space.forEachPage(Self.base + 1, 4096) { _, _ in } } == .EINVAL)
      #expect(error { () throws(Errno) in try space.forEachPage(Self.base, 8 * 4096) { _, _ in } } == .ENOMEM)
    }
  }
}
