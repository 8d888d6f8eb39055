import Foundations
import Machine
import Scheduling
import Synchronization
import TestSupport
import Testing
import Time

@testable import Futexes

@Suite("Futexes with owners")
struct OwnershipTests {
  private static let waiters: UInt32 = 0x8000_0000
  private static let died: UInt32 = 0x4000_0000

  @Test("A free word is taken, one's own is a deadlock, another's is waited for or refused")
  func basics() throws {
    try withWorld { world in
      let (first, second) = (world.threads.make(11), world.threads.make(12))
      let word = try world.word(0)
      try world.table.lock(word, for: first, .wait(nil), among: world.threads)
      #expect(world.value(0) == 11)
      #expect(
        error { () throws(Errno) in try world.table.lock(word, for: first, .wait(nil), among: world.threads) }
          == .EDEADLK)
      #expect(
        error { () throws(Errno) in try world.table.lock(word, for: second, .tryOnly, among: world.threads) } == .EAGAIN
      )
      #expect(error { () throws(Errno) in try world.table.unlock(word, of: second) } == .EPERM)
      let deadline = ClockDeadline(.monotonic, HostThread.nanoseconds + 500_000)
      #expect(
        error { () throws(Errno) in try world.table.lock(word, for: second, .wait(deadline), among: world.threads) }
          == .ETIMEDOUT)
      // The bit stays: the next unlock finds nobody.
      #expect(world.value(0) == 11 | Self.waiters)
      try world.table.unlock(word, of: first)
      #expect(world.value(0) == 0)
      world.set(0, 999)
      #expect(
        error { () throws(Errno) in try world.table.lock(word, for: second, .wait(nil), among: world.threads) }
          == .ESRCH)
      // A word whose owner has died may be taken, and says so.
      world.set(0, Self.died | Self.waiters)
      try world.table.lock(word, for: second, .tryOnly, among: world.threads)
      #expect(world.value(0) == Self.died | 12)
    }
  }

  @Test("Who only tries is told of an owner that there is not, and of a word that names another than its owner")
  func trying() throws {
    try withWorld { world in
      let (first, second, third) = (world.threads.make(21), world.threads.make(22), world.threads.make(23))
      let word = try world.word(0)
      func attempt(_ thread: TestThread) -> Errno? {
        error { () throws(Errno) in try world.table.lock(word, for: thread, .tryOnly, among: world.threads) }
      }
      for dead in [999, Self.died | 999, Self.waiters | 999] {
        world.set(0, dead)
        #expect(attempt(first) == .ESRCH)
        #expect(world.value(0) == dead)
      }
      // One that is known by its number and has ended is none either.
      world.set(0, 23)
      world.table.end(third)
      #expect(attempt(first) == .ESRCH)
      // An owner that lives, of a word whose owner before it had died: nobody is made to wait for it.
      world.set(0, Self.died | 22)
      #expect(attempt(second) == .EDEADLK)
      #expect(attempt(first) == .EAGAIN && second.held == nil && first.ownedWait == nil)
      #expect(world.value(0) == Self.died | Self.waiters | 22)
      try world.table.unlock(word, of: second)
      #expect(world.value(0) == 0)
      try world.table.lock(word, for: second, .wait(nil), among: world.threads)
      let crew = Crew()
      let waiter = world.threads.make(24)
      crew.start {
        try? world.table.lock(word, for: waiter, .wait(nil), among: world.threads)
        try? world.table.unlock(word, of: waiter)
      }
      while second.lentNow != .fair(.normal) { HostThread.yield() }
      #expect(attempt(first) == .EAGAIN)
      world.set(0, Self.waiters | 24)
      #expect(attempt(first) == .EINVAL)
      world.set(0, Self.waiters | 22)
      try world.table.unlock(word, of: second)
      crew.join()
      #expect(world.value(0) == 0 && second.held == nil)
    }
  }

  @Test("Unlocking hands the word to the most urgent, and urgency is lent meanwhile, along chains")
  func inheritance() throws {
    try withWorld { world in
      let owner = world.threads.make(1)
      let middle = world.threads.make(2, .realTime(10))
      let urgent = world.threads.make(3, .realTime(50))
      let late = world.threads.make(4)
      let (word, other) = (try world.word(0), try world.word(1))
      try world.table.lock(word, for: owner, .wait(nil), among: world.threads)
      try world.table.lock(other, for: middle, .wait(nil), among: world.threads)
      let crew = Crew()
      let order = SpinLock([UInt32]())
      func enter(_ thread: TestThread, _ word: FutexWord) {
        crew.start {
          do throws(Errno) {
            try world.table.lock(word, for: thread, .wait(nil), among: world.threads)
            order.withLock { $0.append(thread.number) }
            try world.table.unlock(word, of: thread)
          } catch { order.withLock { $0.append(0) } }
        }
      }
      enter(late, word)
      while owner.lentNow != .fair(.normal) { HostThread.yield() }
      enter(middle, word)
      while owner.lentNow != .realTime(10) { HostThread.yield() }
      // The urgent one waits for the middle one, which waits for the owner.
      enter(urgent, other)
      while owner.lentNow != .realTime(50) { HostThread.yield() }
      #expect(middle.lentNow == .realTime(50))
      // It would wait for itself.
      #expect(
        error { () throws(Errno) in try world.table.lock(other, for: owner, .wait(nil), among: world.threads) }
          == .EDEADLK)
      #expect(world.value(0) == 1 | Self.waiters)
      try world.table.unlock(word, of: owner)
      #expect(owner.lentNow == .none)
      while order.withLock({ $0.count }) < 2 { HostThread.yield() }
      #expect(order.withLock { $0 } == [2, 4])
      try world.table.unlock(other, of: middle)
      crew.join()
      #expect(order.withLock { $0 } == [2, 4, 3])
      #expect(world.value(0) == 0 && world.value(1) == 0)
      for thread in [owner, middle, urgent, late] { #expect(thread.lentNow == .none && thread.held == nil) }
    }
  }

  @Test("What an ended thread owned is inherited, with a mark that its owner died")
  func end() throws {
    try withWorld { world in
      let (owner, heir) = (world.threads.make(1), world.threads.make(2))
      let word = try world.word(0)
      try world.table.lock(word, for: owner, .wait(nil), among: world.threads)
      let crew = Crew()
      crew.start { try? world.table.lock(word, for: heir, .wait(nil), among: world.threads) }
      while world.value(0) & Self.waiters == 0 { HostThread.yield() }
      while heir.ownedWait == nil { HostThread.yield() }
      world.threads.remove(1)
      world.table.end(owner)
      crew.join()
      #expect(world.value(0) == 2 | Self.died)
      try world.table.unlock(word, of: heir)
      #expect(world.value(0) == 0)
      #expect(heir.held == nil && owner.held == nil)
    }
  }

  @Test("Those that wait for a condition are moved to the owner of the lock, or one of them takes it")
  func requeue() throws {
    try withWorld { world in
      let caller = world.threads.make(1)
      let (condition, lock) = (try world.word(0), try world.word(1))
      let crew = Crew()
      let order = SpinLock([UInt32]())
      for number in UInt32(2)...4 {
        let thread = world.threads.make(number)
        crew.start {
          do throws(Errno) {
            try world.table.wait(thread, at: condition, while: 0, thenFor: lock, until: nil)
            order.withLock { $0.append(number) }
            try world.table.unlock(lock, of: thread)
          } catch { order.withLock { $0.append(0) } }
        }
        world.waitForPopulation(Int(number) - 1)
      }
      #expect(error { () throws(Errno) in _ = try world.table.wake(condition, limit: 1) } == .EINVAL)
      #expect(
        error { () throws(Errno) in
          _ = try world.table.requeue(
            caller, condition, while: 1, toOwned: lock, moveLimit: .max, among: world.threads)
        } == .EAGAIN)
      #expect(
        error { () throws(Errno) in
          _ = try world.table.requeue(
            caller, condition, while: 0, toOwned: try world.word(2), moveLimit: .max, among: world.threads)
        } == .EINVAL)
      // The lock is free: the first takes it. Then the caller holds it, and the others wait for it.
      #expect(
        try world.table.requeue(caller, condition, while: 0, toOwned: lock, moveLimit: 0, among: world.threads) == 1)
      while order.withLock({ $0.count }) < 1 || world.value(1) != 0 { HostThread.yield() }
      try world.table.lock(lock, for: caller, .wait(nil), among: world.threads)
      #expect(
        try world.table.requeue(caller, condition, while: 0, toOwned: lock, moveLimit: .max, among: world.threads) == 2)
      #expect(world.population == 0)
      #expect(order.withLock { $0 } == [2])
      #expect(world.value(1) == 1 | Self.waiters)
      try world.table.unlock(lock, of: caller)
      crew.join()
      #expect(order.withLock { $0 } == [2, 3, 4])
      #expect(world.value(1) == 0)
    }
  }

  @Test("A lock with an owner lets one in at a time, and nobody is forgotten")
  func mutualExclusion() throws {
    try withWorld { world in
      let word = try world.word(0)
      let tally = Tally()
      let crew = Crew()
      for number in UInt32(1)...4 {
        let thread = world.threads.make(number, number == 2 ? .realTime(5) : .fair(.normal))
        crew.start {
          for _ in 0..<1_000 {
            if world.exchange(0, 0, number) != 0 {
              try? world.table.lock(word, for: thread, .wait(nil), among: world.threads)
            }
            tally.count += 1
            if world.exchange(0, number, 0) != number { try? world.table.unlock(word, of: thread) }
          }
        }
      }
      crew.join()
      #expect(tally.count == 4_000)
      #expect(world.value(0) == 0)
    }
  }
}

@Suite("Robust futexes")
struct RobustTests {
  private static let head = World.base + 1024

  /// Writes a list of futexes at words 8, 10, ..., each entry two words before its futex.
  private func writeList(_ entries: [UInt64], pending: UInt64 = 0) throws {
    try UserPointer<UInt64>(Self.head + 8).store(64)
    try UserPointer<UInt64>(Self.head + 16).store(pending)
    var place = Self.head
    for entry in entries {
      try UserPointer<UInt64>(place).store(entry)
      place = entry & ~1
    }
    try UserPointer<UInt64>(place).store(Self.head)
  }

  @Test("What the thread holds says that its owner died, and one that waits is woken")
  func release() throws {
    try withWorld { world in
      let thread = world.threads.make(7)
      let other = world.threads.make(8)
      let entries = (0..<4).map { World.base + 2048 + UInt64($0) * 128 }
      func index(_ entry: UInt64) -> UInt64 { (entry + 64 - World.base) / 4 }
      try writeList([entries[0], entries[1], entries[2] | 1], pending: entries[3])
      world.set(index(entries[0]), 7)
      world.set(index(entries[1]), 9)
      world.set(index(entries[2]), 7)
      world.set(index(entries[3]), 7 | 0x8000_0000)
      let crew = Crew()
      let word = try world.word(index(entries[3]))
      crew.start { try? world.table.wait(other, at: word, while: 7 | 0x8000_0000) }
      world.waitForPopulation(1)
      thread.robustList.store(Self.head, ordering: .relaxed)
      world.table.releaseRobust(thread, in: world.space)
      crew.join()
      #expect(
        entries.map { world.value(index($0)) } == [0x4000_0000, 9, 0x4000_0000, 0xc000_0000])
      // A pending one that was released already may still have somebody to wake.
      try writeList([], pending: entries[3])
      world.set(index(entries[3]), 0)
      crew.start { try? world.table.wait(other, at: word, while: 0) }
      world.waitForPopulation(1)
      thread.robustList.store(Self.head, ordering: .relaxed)
      world.table.releaseRobust(thread, in: world.space)
      crew.join()
    }
  }

  @Test("A list without end, out of memory, or out of order ends the walk")
  func hostile() throws {
    try withWorld { world in
      let thread = world.threads.make(7)
      let entry = World.base + 2048
      let lists: [(next: UInt64, offset: UInt64)] = [
        (entry, 64), (0, 64), (0x7000_0000_0000, 64), (0xffff_8000_0000_0000, 64), (.max, .max), (entry + 3, 62),
        (World.base + 2 * 4096, 0), (World.base + 3 * 4096, 0),
      ]
      for (next, offset) in lists {
        try UserPointer<UInt64>(Self.head).store(entry)
        try UserPointer<UInt64>(Self.head + 8).store(offset)
        try UserPointer<UInt64>(Self.head + 16).store(next)
        try UserPointer<UInt64>(entry).store(next)
        for head in [Self.head, next, entry + 4092] {
          thread.robustList.store(head, ordering: .relaxed)
          world.table.releaseRobust(thread, in: world.space)
        }
      }
      world.set(5, 77)
      world.table.clear(World.base + 20, in: world.space)
      #expect(world.value(5) == 0)
      world.table.clear(World.base + 3 * 4096, in: world.space)
      world.table.clear(.max, in: world.space)
      #expect(world.population == 0)
    }
  }
}
