import Foundations
import Machine
import PageCache
import Testing

extension CachedFile {
  /// Changes a page as write(2) does.
  func setStamp(_ stamp: UInt64, of page: UInt64) throws {
    let frame = try self.page(page)
    frame.setStamp(stamp)
    markDirty(page, frame)
  }
}

@Suite("CachedFile, writing")
struct CachedFileWritingTests {
  @Test("Dirty pages are written in runs, once, and only those in the range")
  func runs() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      for page in [0, 1, 2, 10, 11, 50, 51, 52, 53] as [UInt64] { try file.setStamp(page + 1000, of: page) }
      #expect(file.isDirty && world.cache.statistics.dirtyCount == 9 && disk.writes.isEmpty)
      try file.writeBack(1..<52)
      #expect(disk.writes == [1..<3, 10..<12, 50..<52])
      try file.writeBack()
      #expect(disk.writes.dropFirst(3) == [0..<1, 52..<54])
      try file.writeBack()
      #expect(disk.writes.count == 5 && !file.isDirty && world.cache.statistics.dirtyCount == 0)
      for page in [0, 1, 2, 10, 11, 50, 51, 52, 53] as [UInt64] { #expect(disk.stamps[page] == page + 1000) }
      try file.close()
    }
  }

  @Test("Long runs are written 32 pages at a time, and short writes are continued")
  func longRuns() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      for page in 0..<70 as Range<UInt64> { try file.setStamp(1, of: page) }
      try file.writeBack()
      #expect(disk.writes == [0..<32, 32..<64, 64..<70])
      disk.longestRequest = 5
      for page in 0..<7 as Range<UInt64> { try file.setStamp(2, of: page) }
      try file.writeBack()
      #expect(disk.writes.dropFirst(3) == [0..<7, 5..<7] && world.cache.statistics.writebackCount == 0)
      #expect((0..<7).allSatisfy { disk.stamps[$0] == 2 })
      disk.longestRequest = 0
      try file.setStamp(3, of: 0)
      #expect(throws: Errno.EIO) { try file.writeBack() }
      disk.longestRequest = 1
      try file.close()
      #expect(disk.stamps[0] == 3)
    }
  }

  @Test(
    "What cannot be written stays dirty, is told every time, and is written when it can be; the rest is written at once"
  )
  func errors() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      for page in 0..<10 as Range<UInt64> { try file.setStamp(page + 7, of: page) }
      disk.badWrites = [4, 6]
      for _ in 0..<2 {
        #expect(throws: Errno.ENOSPC) { try file.writeBack() }
        #expect(world.cache.statistics.dirtyCount == 2 && world.cache.statistics.writebackCount == 0)
      }
      #expect(throws: Errno.ENOSPC) { try file.close() }
      #expect(throws: Errno.ENOSPC) { try world.cache.writeBackAll() }
      for page in 0..<10 as Range<UInt64> { #expect(disk.stamps[page] == (page == 4 || page == 6 ? nil : page + 7)) }
      disk.badWrites = []
      try world.cache.writeBackAll()
      #expect(disk.stamps[4] == 11 && disk.stamps[6] == 13)
      try file.close()
    }
  }

  @Test("A page that changes while it is written is written again")
  func changedWhileWritten() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      try file.setStamp(1, of: 5)
      disk.duringWrite = { page in if disk.writes.count == 1 { try? file.setStamp(2, of: page) } }
      try file.writeBack()
      #expect(disk.stamps[5] == 1 && file.isDirty)
      try file.writeBack()
      #expect(disk.stamps[5] == 2 && !file.isDirty)
      try file.close()
    }
  }

  @Test("A program's writes through a mapping are written, those during the writing too")
  func mappedWrites() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      let mapper = try FakeMapper(file)
      try mapper.store(1, 7)
      try mapper.store(2, 7)
      #expect(mapper.isWritable(7) && file.isDirty)
      disk.duringWrite = { _ in if disk.writes.count == 1 { try? mapper.store(3, 7) } }
      try file.writeBack()
      #expect(disk.stamps[7] == 2 && mapper.protected == [7..<8] && file.isDirty && mapper.isWritable(7))
      try file.writeBack()
      #expect(disk.stamps[7] == 3 && !file.isDirty && !mapper.isWritable(7))
      mapper.end()
      try file.close()
    }
  }

  @Test("Replacing a page does not read it; when it fails, a new page is as if never touched")
  func replacing() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      disk.stamps = [3: 33, 4: 44]
      let file = try world.file(disk)
      try file.replacePage(3) { $0.setStamp(5) }
      #expect(disk.reads.isEmpty && file.isDirty)
      #expect(throws: Errno.EFAULT) {
        try file.replacePage(4) { (frame) throws(Errno) in
          frame.setStamp(6)
          throw .EFAULT
        }
      }
      #expect(!file.hasPage(4))
      #expect(try file.stamp(of: 4) == 44)
      #expect(throws: Errno.EFAULT) {
        try file.replacePage(4) { (frame) throws(Errno) in
          frame.setStamp(7)
          throw .EFAULT
        }
      }
      try file.writeBack()
      #expect(disk.stamps == [3: 5, 4: 7])
      try file.close()
    }
  }

  @Test("Replacing a page finds somebody else's and fills that")
  func replacingPresent() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      // The page comes in by another thread, between the look and the insertion: by reclaim's own device, here by waiting.
      disk.duringRead = { page in
        #expect(throws: Errno.EDEADLK) { try file.replacePage(page) { $0.setStamp(9) } }
      }
      _ = try file.page(8)
      disk.duringRead = { _ in }
      try file.replacePage(8) { $0.setStamp(9) }
      try file.close()
      #expect(disk.stamps[8] == 9)
    }
  }

  @Test("A change to a page that was truncated, or truncated and read anew, is of no consequence")
  func lateMarks() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 100)
      let file = try world.file(disk)
      let old = try file.page(5)
      try file.truncate(to: 0)
      #expect(!file.isCurrent(5, old) && !file.markDirty(5, old))
      let new = try file.page(5)
      #expect(!file.isCurrent(5, old) && !file.markDirty(5, old) && !file.isDirty)
      #expect(file.isCurrent(5, new) && file.markDirty(5, new) && file.isDirty)
      _ = consume old
      _ = consume new
      try file.close()
    }
  }

  @Test("A file in memory only keeps its pages until they are truncated")
  func memoryOnly() throws {
    try CacheWorld.run { world in
      let memory = MemoryProvider(pageCount: 10)
      let file = try world.file(memory)
      var reader = ReadAhead()
      for page in 0..<10 as Range<UInt64> {
        #expect(try file.stamp(of: page, &reader) == 0)
        try file.setStamp(page, of: page)
      }
      try file.writeBack()
      try file.invalidate()
      #expect(file.dropUnused() == 0 && world.cache.reclaim(target: 100, priority: 0) == 0)
      #expect(world.cache.statistics.swapBackedCount == 10 && world.cache.statistics.dirtyCount == 0)
      for page in 0..<10 as Range<UInt64> { #expect(try file.stamp(of: page) == page) }
      memory.setPageCount(4)
      try file.truncate(to: 4 * 4096)
      #expect(world.cache.statistics.swapBackedCount == 4)
      #expect(throws: Errno.ENXIO) { try file.stamp(of: 4) }
      try file.close()
    }
  }
}
