import Foundations
import Machine
import Synchronization
import TestSupport
import Testing
import Time
import VirtualMemory

@testable import Futexes

@Suite("Waiting at futexes")
struct WaitTests {
  @Test("A word that is not as expected, not readable or not aligned is refused, and nobody is left behind")
  func refusals() throws {
    try withWorld { world in
      let thread = world.threads.make(1)
      world.set(0, 5)
      let word = try world.word(0)
      #expect(error { () throws(Errno) in try world.table.wait(thread, at: word, while: 4) } == .EAGAIN)
      #expect(error { () throws(Errno) in try world.table.wait(thread, at: word, while: 5, mask: 0) } == .EINVAL)
      let missing = try FutexWord(World.base + 3 * 4096, in: world.space, .private)
      #expect(error { () throws(Errno) in try world.table.wait(thread, at: missing, while: 0) } == .EFAULT)
      #expect(try world.table.wake(missing, limit: 1) == 0)
      for (address, expected) in [
        (World.base + 2, Errno.EINVAL), (0xffff_8000_0000_0000, .EFAULT), (0x6000_0000_0000, .EFAULT),
      ] {
        #expect(error { () throws(Errno) in _ = try FutexWord(address, in: world.space, .private) } == expected)
      }
      #expect(
        error { () throws(Errno) in _ = try FutexWord(World.base + 3 * 4096, in: world.space, .shared) } == .EFAULT)
      #expect(world.population == 0)
    }
  }

  @Test("A wait ends at its deadline")
  func deadline() throws {
    try withWorld { world in
      let thread = world.threads.make(1)
      let word = try world.word(0)
      let begin = HostThread.nanoseconds
      let outcome = error { () throws(Errno) in
        try world.table.wait(thread, at: word, while: 0, until: ClockDeadline(.monotonic, begin + 3_000_000))
      }
      #expect(outcome == .ETIMEDOUT)
      #expect(HostThread.nanoseconds - begin >= 3_000_000)
      #expect(world.population == 0)
    }
  }

  @Test("As many wake as are to, the first first, and only those whose mask says so")
  func masks() throws {
    try withWorld { world in
      let word = try world.word(3)
      let crew = Crew()
      let order = SpinLock([Int]())
      for index in 0..<6 {
        let thread = world.threads.make(UInt32(index + 1))
        crew.start {
          let mask: UInt32 = index % 2 == 0 ? 1 : 2
          try? world.table.wait(thread, at: word, while: 0, mask: mask)
          order.withLock { $0.append(index) }
        }
        world.waitForPopulation(index + 1)
      }
      func woken(_ count: Int) { while order.withLock({ $0.count }) < count { HostThread.yield() } }
      #expect(try world.table.wake(word, mask: 4, limit: .max) == 0)
      #expect(try world.table.wake(word, mask: 2, limit: 1) == 1)
      woken(1)
      #expect(order.withLock { $0 } == [1])
      #expect(try world.table.wake(word, limit: 0) == 0)
      #expect(try world.table.wake(word, limit: 2) == 2)
      woken(3)
      #expect(Set(order.withLock { $0 }) == [1, 0, 2])
      #expect(try world.table.wake(word, mask: 2, limit: .max) == 2)
      #expect(try world.table.wake(word, limit: .max) == 1)
      crew.join()
      #expect(world.population == 0)
    }
  }

  @Test("Shared memory is one futex at all its addresses, private use of it is not")
  func sharing() throws {
    try withWorld { world in
      let here = try FutexWord(World.base + 4096 + 8, in: world.space, .shared)
      let there = try FutexWord(World.alias + 8, in: world.space, .shared)
      let beside = try FutexWord(World.alias + 12, in: world.space, .shared)
      #expect(here.key == there.key && here.key != beside.key)
      #expect(try FutexWord(World.alias + 8, in: world.space, .private).key != here.key)
      // Private memory is the program's own either way.
      #expect(try world.word(1, .shared).key == world.word(1, .private).key)
      let other = try World.Other(world)
      defer { other.space.tearDown() }
      #expect(try FutexWord(World.base + 8, in: other.space, .shared).key == here.key)
      let crew = Crew()
      let thread = world.threads.make(1)
      crew.start { try? world.table.wait(thread, at: here, while: 0) }
      world.waitForPopulation(1)
      #expect(try world.table.wake(there, limit: 1) == 1)
      crew.join()
    }
  }

  @Test("Some are woken and others wait elsewhere, in their order, wherever the words are", arguments: [1, 64])
  func requeue(bucketCount: Int) throws {
    try withWorld(bucketCount: bucketCount) { world in
      let (source, target) = (try world.word(0), try world.word(9))
      let crew = Crew()
      let order = SpinLock([Int]())
      for index in 0..<5 {
        let thread = world.threads.make(UInt32(index + 1))
        crew.start {
          try? world.table.wait(thread, at: source, while: 0)
          order.withLock { $0.append(index) }
        }
        world.waitForPopulation(index + 1)
      }
      #expect(
        error { () throws(Errno) in
          _ = try world.table.requeue(source, to: target, wakeLimit: 1, moveLimit: 1, while: 7)
        } == .EAGAIN)
      let (woken, moved) = try world.table.requeue(source, to: target, wakeLimit: 1, moveLimit: 2, while: 0)
      #expect(woken == 1 && moved == 2)
      while order.withLock({ $0.count }) < 1 { HostThread.yield() }
      #expect(order.withLock { $0 } == [0])
      #expect(world.population == 4)
      for expected in [1, 2] {
        #expect(try world.table.wake(target, limit: 1) == 1)
        while order.withLock({ $0.count }) < expected + 1 { HostThread.yield() }
        #expect(order.withLock { $0.last } == expected)
      }
      #expect(try world.table.wake(target, limit: 1) == 0)
      #expect(try world.table.wake(source, limit: .max) == 2)
      crew.join()
      #expect(world.population == 0)
    }
  }

  @Test("FUTEX_WAKE_OP changes the second word and wakes by what it was", arguments: [1, 64])
  func wakeOperation(bucketCount: Int) throws {
    try withWorld(bucketCount: bucketCount) { world in
      // Operation, operand, comparison, number compared with; the word before and after; whether the second wakes.
      let cases: [(UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, Bool)] = [
        (0, 7, 0, 3, 3, 7, true), (0, 7, 0, 3, 4, 7, false), (1, 0xfff, 1, 3, 4, 3, true), (2, 8, 2, 5, 4, 12, true),
        (3, 4, 3, 4, 4, 0, true), (4, 5, 4, 4, 4, 1, false), (8, 3, 5, 0xfff, 4, 8, true),
        (9, 4, 2, 0, 0xffff_fffe, 14, true),
      ]
      for (code, operand, comparison, compared, before, after, wakes) in cases {
        let encoded = code << 28 | comparison << 24 | operand << 12 | compared
        let crew = Crew()
        world.set(0, 0)
        world.set(1, before)
        for (index, word) in [try world.word(0), try world.word(1)].enumerated() {
          let thread = world.threads.make(UInt32(index + 1))
          crew.start { try? world.table.wait(thread, at: word, while: index == 0 ? 0 : before) }
        }
        world.waitForPopulation(2)
        let operation = try FutexWordOperation(encoded)
        let woken = try world.table.wake(
          try world.word(0), limit: 1, changing: try world.word(1), by: operation, otherLimit: 1)
        #expect(woken == (wakes ? 2 : 1))
        #expect(world.value(1) == after)
        if !wakes { _ = try world.table.wake(try world.word(1), limit: 1) }
        crew.join()
      }
      #expect(error { () throws(Errno) in _ = try FutexWordOperation(5 << 28) } == .ENOSYS)
      #expect(error { () throws(Errno) in _ = try FutexWordOperation(6 << 24) } == .ENOSYS)
      let operation = try FutexWordOperation(0)
      let readOnly = try FutexWord(World.base + 8192, in: world.space, .private)
      #expect(
        error { () throws(Errno) in
          _ = try world.table.wake(try world.word(0), limit: 1, changing: readOnly, by: operation, otherLimit: 1)
        } == .EFAULT)
    }
  }

  @Test("One that waits at several words is woken at any, and left behind at none")
  func vector() throws {
    try withWorld { world in
      let thread = world.threads.make(1)
      var words = GrowableArray<FutexTable.Expectation>()
      for index in 0..<UInt64(20) { try words.append(FutexTable.Expectation(try world.word(index), 0)) }
      world.set(11, 1)
      #expect(
        error { () throws(Errno) in _ = try world.table.wait(thread, atAnyOf: words, until: nil) } == .EAGAIN)
      #expect(world.population == 0)
      world.set(11, 0)
      let deadline = ClockDeadline(.monotonic, HostThread.nanoseconds + 1_000_000)
      #expect(
        error { () throws(Errno) in _ = try world.table.wait(thread, atAnyOf: words, until: deadline) } == .ETIMEDOUT)
      #expect(world.population == 0)
      let crew = Crew()
      crew.start {
        world.waitForPopulation(20)
        _ = try? world.table.wake(try world.word(13), limit: 1)
      }
      #expect(try world.table.wait(thread, atAnyOf: words, until: nil) == 13)
      crew.join()
      #expect(world.population == 0)
    }
  }
}

extension World {
  /// Another program that has the shared page, at its first address.
  final class Other {
    let space: AddressSpace
    init(_ world: World) throws(Errno) {
      space = try AddressSpace.make()
      guard let area = world.space.area(endingAfter: World.alias), let object = world.space.object(of: area) else {
        throw .EINVAL
      }
      _ = try space.map(MapRequest(address: World.base, byteCount: 4096, flags: [.shared, .fixed], object: object))
    }
  }
}
