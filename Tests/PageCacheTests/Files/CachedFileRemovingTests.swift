import Foundations
import Machine
import PageCache
import Testing

@Suite("CachedFile, removing")
struct CachedFileRemovingTests {
  @Test("Truncation removes pages from the file and from programs, dirty or not, and clears the last page's rest")
  func truncation() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      let mapper = try FakeMapper(file)
      for page in 0..<100 as Range<UInt64> { try mapper.store(page + 1, page) }
      disk.size = 41
      try file.truncate(to: 40 * 4096 + 4090)
      #expect(mapper.mappedPages == Array(0..<41) && file.residentCount == 41)
      #expect(mapper.unmapped.map(\.pages) == [41..<UInt64.max] && mapper.unmapped[0].extent == .filePagesAndCopies)
      #expect(try file.stamp(of: 39) == 40)
      // Two bytes of the stamp at the end are left.
      #expect(file.stamp(at: 4088, of: 40) == 41 && file.stamp(at: 0, of: 40) == 41)
      try file.truncate(to: 40 * 4096 + 8)
      #expect(file.stamp(at: 4088, of: 40) == 0 && file.stamp(at: 0, of: 40) == 41)
      disk.size = 0
      try file.truncate(to: 0)
      #expect(world.cache.statistics.isEmpty && disk.writes.isEmpty && mapper.mappedPages.isEmpty)
      mapper.end()
      try file.close()
    }
  }

  @Test("A hole is removed, and nothing around it")
  func holes() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 300)
      let file = try world.file(disk)
      for page in 0..<300 as Range<UInt64> { try file.setStamp(page, of: page) }
      try file.removePages(in: 70..<200)
      #expect(file.residentCount == 170 && world.cache.statistics.dirtyCount == 170)
      #expect(file.hasPage(69) && !file.hasPage(70) && !file.hasPage(199) && file.hasPage(200))
      try file.close()
      #expect(disk.stamps.count == 170)
    }
  }

  @Test("Truncation waits for a page that is being written")
  func waitsForWriting() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      let file = try world.file(disk)
      try file.setStamp(1, of: 5)
      try file.setStamp(1, of: 2)
      disk.duringWrite = { page in
        guard page == 5 else { return }
        // As if by another thread, which nobody lets go on.
        #expect(throws: Errno.EDEADLK) { try file.truncate(to: 0) }
        #expect(file.residentCount == 1 && file.isBusy(5))
      }
      try file.writeBack()
      #expect(file.residentCount == 1)
      try file.truncate(to: 0)
      #expect(file.residentCount == 0)
      try file.close()
    }
  }

  @Test("Unused pages are dropped; dirty ones and those in somebody's hands stay")
  func dropping() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 20)
      let file = try world.file(disk)
      let mapper = try FakeMapper(file)
      for page in 0..<20 as Range<UInt64> { _ = try file.page(page) }
      try file.setStamp(1, of: 3)
      _ = try mapper.load(4)
      let held = try file.page(5)
      #expect(file.dropUnused(in: 0..<10) == 7 && file.dropUnused() == 10)
      #expect(file.hasPage(3) && file.hasPage(4) && file.hasPage(5) && mapper.mappedPages == [4])
      _ = consume held
      mapper.end()
      try file.close()
    }
  }

  @Test("Invalidation writes, unmaps and drops, and says when somebody holds a page")
  func invalidation() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 20)
      let file = try world.file(disk)
      let mapper = try FakeMapper(file)
      for page in 0..<20 as Range<UInt64> { try mapper.store(page, page) }
      let held = try file.page(15)
      try file.invalidate(0..<10)
      #expect(file.residentCount == 10 && disk.stamps.count == 10 && mapper.mappedPages == Array(10..<20))
      #expect(mapper.unmapped.map(\.extent) == [.filePages])
      #expect(throws: Errno.EBUSY) { try file.invalidate() }
      #expect(file.residentCount == 1)
      #expect(throws: Errno.EBUSY) { try file.close() }
      disk.stamps[2] = 222
      #expect(try mapper.load(2) == 222)
      _ = consume held
      mapper.end()
      try file.close()
      try file.close()
      #expect(throws: Errno.ESTALE) { try FakeMapper(file) }
    }
  }

  @Test("A closed file's number is given to another, and a million files need no more numbers than are open at a time")
  func numbers() throws {
    try CacheWorld.run { world in
      let first = try world.file(FakeDisk(pageCount: 1))
      let second = try world.file(FakeDisk(pageCount: 1))
      #expect(first.number == 1 && second.number == 2)
      try first.close()
      for _ in 0..<1000 {
        let file = try world.file(FakeDisk(pageCount: 1))
        #expect(file.number == 1)
        try file.close()
      }
      try second.close()
    }
  }

  @Test("Files are made or not, whatever allocation fails")
  func noMemory() throws {
    try CacheWorld.run { world in
      defer { AllocationFaults.fail(after: nil) }
      var files: [CachedFile] = []
      for step in 0..<40 {
        for allocations in 0..<3 {
          AllocationFaults.fail(after: allocations)
          if let file = try? world.file(FakeDisk(pageCount: 1)) { files.append(file) }
        }
        AllocationFaults.fail(after: nil)
        if step % 3 == 0 { files.append(try world.file(FakeDisk(pageCount: 1))) }
      }
      #expect(Set(files.map(\.number)) == Set(1...UInt32(files.count)))
      for file in files { try file.close() }
    }
  }

  @Test("Mappers come and go in any order, and all that are there are asked")
  func mappers() throws {
    try CacheWorld.run { world in
      let file = try world.file(FakeDisk(pageCount: 10))
      var mappers = try (0..<5).map { _ in try FakeMapper(file) }
      for index in [1, 3, 4] {
        mappers[index].end()
        mappers[index] = try FakeMapper(file)
      }
      mappers.remove(at: 2).end()
      for mapper in mappers { _ = try mapper.load(0) }
      try file.invalidate()
      #expect(mappers.allSatisfy { $0.mappedPages.isEmpty && $0.unmapped.count == 1 })
      for mapper in mappers { mapper.end() }
      try file.close()
    }
  }
}

extension CachedFile {
  /// The eight bytes at `offset` of a page that is in memory, which are a number, or what truncation left of it.
  fileprivate func stamp(at offset: Int, of page: UInt64) -> UInt64? {
    guard let frame = residentPage(page) else { return nil }
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    var span = bytes.mutableSpan
    frame.read(at: offset, into: &span)
    return (0..<8).reduce(0) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
  }
}
