import Foundations
import Machine
import TestSupport
import Testing

@testable import VirtualMemory

@Suite("Address spaces when memory runs out", .serialized)
struct MemoryShortageTests {
  private static let base: UInt64 = 0x5000_0000

  /// A program with several areas, pages written and shared, half of a huge page unmapped.
  private func program() throws -> AddressSpace {
    let space = try AddressSpace.make()
    for index in 0..<6 {
      let start = Self.base + UInt64(index) * 0x10_0000
      _ = try space.mapPrivate(16, at: start, [.read, .write])
      for page in 0..<16 where page % 3 != 0 { #expect(space.setByte(UInt8(page), at: start + UInt64(page) * 4096)) }
    }
    return space
  }

  /// Areas and contents, to see whether a failed call changed anything.
  private func picture(_ space: AddressSpace) -> ([Area], [UInt8?]) {
    let areas = space.areaList
    return (areas, areas.flatMap { area in area.range.pages.map { space.byte(at: $0) } })
  }

  /// Runs `call` with ever more allocations allowed until it succeeds; each failure must be `ENOMEM` and change nothing.
  private func failAtEveryAllocation(
    _ name: String, changesNothing: Bool = true, _ call: (AddressSpace) throws(Errno) -> Void
  ) throws {
    try withMachine {
      for allowed in 0..<200 {
        let space = try program()
        let before = picture(space)
        AllocationFaults.fail(after: allowed)
        let result = error { () throws(Errno) in try call(space) }
        AllocationFaults.fail(after: nil)
        defer { space.tearDown() }
        guard let result else {
          #expect(allowed > 0 || !changesNothing, "\(name) needs no memory, so nothing was tested")
          return
        }
        try #require(result == .ENOMEM, "\(name), \(allowed) allocations: \(result)")
        let after = picture(space)
        if changesNothing { try #require(before == after, "\(name) changed something with \(allowed) allocations") }
      }
      Issue.record("\(name) never succeeds")
    }
  }

  @Test("fork gives everything back and leaves the parent as it was")
  func fork() throws {
    try failAtEveryAllocation("fork") { space throws(Errno) in try space.clone().tearDown() }
  }

  @Test("A new area either is there or is not")
  func map() throws {
    try failAtEveryAllocation("mmap of shared memory") { space throws(Errno) in
      for index in 0..<40 {
        var request = MapRequest(address: 0x7000_0000, byteCount: 4096, flags: [.shared, .anonymous, .fixed])
        request.address += UInt64(index) * 8192
        do throws(Errno) {
          _ = try space.map(request)
        } catch {
          for done in 0..<index { try space.unmap(0x7000_0000 + UInt64(done) * 8192, 4096) }
          throw error
        }
      }
    }
  }

  @Test("Moving pages moves all or none")
  func move() throws {
    try failAtEveryAllocation("mremap") { space throws(Errno) in
      _ = try space.remap(Self.base, 16 * 4096, 16 * 4096, [.mayMove, .fixed], to: 0x6_0000_0000)
    }
  }

  @Test("Protecting the middle of areas leaves them as they are when there is no node")
  func protect() throws {
    try failAtEveryAllocation("mprotect", changesNothing: false) { space throws(Errno) in
      for page in stride(from: UInt64(1), to: 16, by: 2) {
        try space.protect(Self.base + page * 4096, 4096, .read)
      }
    }
  }

  @Test("A write fault without memory is reported, and works once there is some")
  func fault() throws {
    try withMachine {
      let space = try program()
      defer { space.tearDown() }
      let place = Self.base + 0x1000_0000
      _ = try space.mapPrivate(4, at: place)
      AllocationFaults.fail(after: 0)
      #expect(space.resolveFault(place, .write) == .outOfMemory)
      AllocationFaults.fail(after: 1)
      #expect(space.resolveFault(place, .write) == .outOfMemory)
      AllocationFaults.fail(after: nil)
      #expect(space.setByte(7, at: place))
      #expect(space.byte(at: place) == 7)
    }
  }
}
