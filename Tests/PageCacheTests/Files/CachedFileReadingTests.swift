import Foundations
import Machine
import PageCache
import PageFrames
import Testing

@Suite("CachedFile, reading")
struct CachedFileReadingTests {
  @Test("A page is what the provider has, and is read once")
  func once() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      disk.stamps = [3: 33, 9: 99]
      let file = try world.file(disk)
      for _ in 0..<3 {
        #expect(try file.stamp(of: 3) == 33 && file.stamp(of: 9) == 99 && file.stamp(of: 0) == 0)
      }
      #expect(disk.reads == [3..<4, 9..<10, 0..<1])
      #expect(file.residentCount == 3 && world.cache.statistics.fileCount == 3)
      #expect(file.nextResident(from: 1) == 3 && file.nextResident(from: 4) == 9 && file.nextResident(from: 10) == nil)
      try file.close()
    }
  }

  @Test("A sequential reader has few requests, and none behind the end")
  func sequential() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      for page in 0..<100 as Range<UInt64> { disk.stamps[page] = page * 7 }
      let file = try world.file(disk)
      var reader = ReadAhead()
      for page in 0..<100 as Range<UInt64> { #expect(try file.stamp(of: page, &reader) == page * 7) }
      #expect(disk.reads == [0..<4, 4..<12, 12..<28, 28..<60, 60..<92, 92..<100])
      try file.close()
    }
  }

  @Test("Read-ahead leaves out what is there, and what fails; the error comes when the page is asked for")
  func aheadWithErrors() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      disk.badReads = [14, 40]
      let file = try world.file(disk)
      _ = try file.page(8)
      var reader = ReadAhead()
      for page in 0..<14 as Range<UInt64> { #expect(try file.stamp(of: page, &reader) == 0) }
      #expect(throws: Errno.EIO) { try file.stamp(of: 14, &reader) }
      #expect(throws: Errno.EIO) { try file.stamp(of: 14, &reader) }
      #expect(!file.hasPage(14))
      disk.badReads = [40]
      for page in 14..<40 as Range<UInt64> { #expect(try file.stamp(of: page, &reader) == 0) }
      #expect(throws: Errno.EIO) { try file.stamp(of: 40, &reader) }
      #expect(disk.reads.allSatisfy { !$0.dropFirst().contains(8) })
      try file.close()
    }
  }

  @Test("A provider that reads less than it is asked for is asked again for the rest when it is wanted")
  func shortReads() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 50)
      disk.longestRequest = 3
      let file = try world.file(disk)
      var reader = ReadAhead()
      for page in 0..<50 as Range<UInt64> { #expect(try file.stamp(of: page, &reader) == 0) }
      disk.longestRequest = 0
      try file.invalidate()
      #expect(throws: Errno.EIO) { try file.stamp(of: 0, &reader) }
      try file.close()
    }
  }

  @Test("Behind the end of the file there is no page")
  func end() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 2)
      let file = try world.file(disk)
      for page in [2, 3, UInt64.max] {
        #expect(throws: Errno.ENXIO) { try file.stamp(of: page) }
        #expect(throws: Errno.ENXIO) { try file.replacePage(page) { $0.clear() } }
      }
      #expect(disk.reads.isEmpty && file.residentCount == 0)
      try file.close()
      #expect(throws: Errno.ESTALE) { try file.stamp(of: 0) }
    }
  }

  @Test("Whatever allocation fails, nothing is lost and the next attempt succeeds")
  func noMemory() throws {
    try CacheWorld.run { world in
      defer { AllocationFaults.fail(after: nil) }
      for allocations in 0..<12 {
        let disk = FakeDisk(pageCount: 1 << 40)
        let file = try world.file(disk)
        let other = try file.page(1 << 39)
        let free = SimulatedMemory.freeCount
        var reader = ReadAhead()
        AllocationFaults.fail(after: allocations)
        let result = Result { try file.stamp(of: 0, &reader) }
        AllocationFaults.fail(after: nil)
        if case .failure(let error) = result {
          #expect(error as? Errno == .ENOMEM && file.residentCount == 1 && SimulatedMemory.freeCount == free)
        }
        #expect(try file.stamp(of: 0, &reader) == 0 && other.stamp == 0)
        _ = consume other
        try file.close()
        if allocations == 0 { #expect(throws: Errno.ENOMEM) { try result.get() } }
        if allocations == 11 { #expect(throws: Never.self) { try result.get() } }
      }
    }
  }

  @Test("Who finds a page being read waits for it, and sees what becomes of it")
  func waits() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      disk.stamps = [4: 44]
      let file = try world.file(disk)
      var outcomes: [Errno?] = []
      disk.duringRead = { page in
        #expect(file.isBusy(page) && !file.hasPage(page))
        // As if by another thread; nobody can finish the page before this returns.
        do throws(Errno) {
          _ = try file.page(page)
          outcomes.append(nil)
        } catch {
          outcomes.append(error)
        }
      }
      #expect(try file.stamp(of: 4) == 44)
      #expect(outcomes == [.EDEADLK] && world.waiting.woken == [4] && !file.isBusy(4))
      try file.close()
    }
  }

  @Test("A page that is truncated while it is read is not in the file, and is read again if the file grows")
  func truncatedWhileRead() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      let file = try world.file(disk)
      disk.duringRead = { page in
        disk.size = 2
        try? file.truncate(to: 2 * 4096)
      }
      _ = try file.page(5)
      #expect(file.residentCount == 0 && world.cache.statistics.isEmpty)
      disk.duringRead = { _ in }
      #expect(throws: Errno.ENXIO) { try file.stamp(of: 5) }
      disk.size = 10
      #expect(try file.stamp(of: 5) == 0)
      try file.close()
    }
  }
}
