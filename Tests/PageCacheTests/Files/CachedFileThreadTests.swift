import Foundations
import Machine
import PageCache
import Testing

import class Foundation.DispatchSemaphore
import class Foundation.Thread

/// Two threads, of which one runs at a time: the second begins in the middle of what the first does, comes to wait for it, and
/// goes on when it is done.
@Suite("CachedFile, two threads")
struct CachedFileThreadTests {
  /// What the second thread does and tells.
  private final class SecondThread: Sendable {
    private let file = BootCell<CachedFile>()
    private let isWaiting = DispatchSemaphore(value: 0)
    private let mayGoOn = DispatchSemaphore(value: 0)
    private let isDone = DispatchSemaphore(value: 0)

    init(_ world: CacheWorld, _ file: CachedFile) {
      self.file.fill(file)
      world.waiting.whenWaiting = { [isWaiting, mayGoOn] _ in
        isWaiting.signal()
        mayGoOn.wait()
        return true
      }
    }

    /// Starts `body` and returns when it waits for a page, or has ended without.
    func start(_ body: @escaping @Sendable (CachedFile) -> Void) {
      Thread.detachNewThread {
        self.file.withValue { body($0) }
        self.isDone.signal()
        // If it never waited, which the test then sees by what it did too early.
        self.isWaiting.signal()
      }
      isWaiting.wait()
    }

    /// Lets it go on to its end.
    func finish() {
      mayGoOn.signal()
      isDone.wait()
    }
  }

  @Test("Who waits for a page that is read gets it, and it is read once")
  func reading() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      disk.stamps = [5: 55]
      let file = try world.file(disk)
      let second = SecondThread(world, file)
      disk.duringRead = { _ in second.start { file in #expect((try? file.stamp(of: 5)) == 55) } }
      #expect(try file.stamp(of: 5) == 55)
      second.finish()
      #expect(disk.reads.count == 1 && world.waiting.woken == [5] && world.waiting.waited == [5])
      try file.close()
    }
  }

  @Test("Who waits for a page that cannot be read tries it anew and is told so too")
  func failing() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      disk.badReads = [5]
      let file = try world.file(disk)
      let second = SecondThread(world, file)
      disk.duringRead = { _ in
        guard disk.reads.count == 1 else { return }
        second.start { file in #expect(throws: Errno.EIO) { try file.stamp(of: 5) } }
      }
      #expect(throws: Errno.EIO) { try file.stamp(of: 5) }
      second.finish()
      #expect(disk.reads.count == 2 && file.residentCount == 0 && world.waiting.waited == [5])
      try file.close()
    }
  }

  @Test("Truncation ends after the page that is being written, and takes it away")
  func truncation() throws {
    try CacheWorld.run { world in
      let disk = FakeDisk(pageCount: 10)
      let file = try world.file(disk)
      let second = SecondThread(world, file)
      for page in 0..<10 as Range<UInt64> { try file.setStamp(page, of: page) }
      disk.duringWrite = { page in
        guard page == 5 else { return }
        second.start { file in #expect(throws: Never.self) { try file.truncate(to: 4096) } }
      }
      try file.writeBack()
      second.finish()
      // The pages before it are written too, in the same run; it waits for the first of them.
      #expect(file.residentCount == 1 && file.hasPage(0) && world.waiting.waited == [1])
      try file.close()
    }
  }

  @Test("Who waits until everything is written writes itself what somebody else could not")
  func writingBack() throws {
    for isRepaired in [true, false] {
      try CacheWorld.run { world in
        let disk = FakeDisk(pageCount: 10)
        let file = try world.file(disk)
        let second = SecondThread(world, file)
        try file.setStamp(1, of: 3)
        try file.setStamp(1, of: 4)
        disk.badWrites = [4]
        disk.duringWrite = { page in
          disk.duringWrite = { _ in }
          if isRepaired {
            second.start { file in #expect(throws: Never.self) { try file.writeBack() } }
          } else {
            second.start { file in #expect(throws: Errno.ENOSPC) { try file.writeBack() } }
          }
        }
        #expect(world.cache.reclaim(target: 1, priority: 0) == 1)
        if isRepaired { disk.badWrites = [] }
        second.finish()
        #expect(disk.stamps == (isRepaired ? [3: 1, 4: 1] : [3: 1]) && file.isDirty == !isRepaired)
        #expect(world.waiting.waited == [3])
        disk.badWrites = []
        try file.close()
      }
    }
  }
}
