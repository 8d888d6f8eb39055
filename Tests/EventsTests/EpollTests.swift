import Foundations
import IPC
import LinuxABI
import Machine
import Security
import Synchronization
import TestSupport
import Testing
import VFS
import Waiting

@testable import Events

@Suite("epoll")
struct EpollTests {
  @Test("What is ready is told for as long as it is, or once for each change, or once at all")
  func ways() throws {
    try withWorld { world in
      let (epoll, _) = try world.makeEpoll()
      let (level, edge, once) = (try world.makeCounter(1), try world.makeCounter(1), try world.makeCounter(1))
      try world.watch(level, by: epoll, .EPOLLIN, data: 1)
      try world.watch(edge, by: epoll, [.EPOLLIN, .EPOLLET], data: 2)
      let descriptor = try world.watch(once, by: epoll, [.EPOLLIN, .EPOLLONESHOT], data: 3)
      #expect(try epoll.events() == [.init(.EPOLLIN, 1), .init(.EPOLLIN, 2), .init(.EPOLLIN, 3)])
      #expect(try epoll.events() == [.init(.EPOLLIN, 1)])
      try edge.add(1)
      try once.add(1)
      #expect(try epoll.events() == [.init(.EPOLLIN, 1), .init(.EPOLLIN, 2)])
      _ = try level.take()
      #expect(try epoll.events().isEmpty)
      try epoll.modify(once, descriptor, [.EPOLLIN, .EPOLLONESHOT], data: 4)
      #expect(try epoll.events() == [.init(.EPOLLIN, 4)])
      #expect(try epoll.events().isEmpty)
      try epoll.modify(once, descriptor, [.EPOLLIN, .EPOLLOUT], data: 5)
      #expect(try epoll.events() == [.init([.EPOLLIN, .EPOLLOUT], 5)])
    }
  }

  @Test("More than there is room for comes in turns, and a failure loses nothing")
  func turns() throws {
    try withWorld { world in
      let (epoll, _) = try world.makeEpoll()
      let counters = try (0..<5).map { _ in try world.makeCounter(1) }
      for (index, counter) in counters.enumerated() {
        try world.watch(counter, by: epoll, [.EPOLLIN, .EPOLLET], data: UInt64(index))
      }
      #expect(try epoll.events(limit: 2).map(\.data) == [0, 1])
      let outcome = error { () throws(Errno) in
        _ = try epoll.wait(limit: 10, deadline: 0) { _, _, _ throws(Errno) in throw .EFAULT }
      }
      #expect(outcome == .EFAULT)
      let count = try epoll.wait(limit: 10, deadline: 0) { index, _, _ throws(Errno) in
        if index == 1 { throw .EFAULT }
      }
      #expect(count == 1)
      #expect(try epoll.events().count == 2)
      #expect(try epoll.events().isEmpty)
    }
  }

  @Test("What stays ready comes in turns, and what is not ready any more leaves until it is")
  func turnsOfWhatStays() throws {
    try withWorld { world in
      let (epoll, _) = try world.makeEpoll()
      let counters = try (0..<8).map { _ in try world.makeCounter(1) }
      for (index, counter) in counters.enumerated() {
        try world.watch(counter, by: epoll, .EPOLLIN, data: UInt64(index))
      }
      var told: [UInt64] = []
      for _ in 0..<8 { told += try epoll.events(limit: 3).map(\.data) }
      #expect(told == (0..<24).map { UInt64($0 % 8) })
      for counter in counters[1...] { _ = try counter.take() }
      #expect(try epoll.events(limit: 3).map(\.data) == [0])
      #expect(try epoll.events(limit: 1).map(\.data) == [0])
      try counters[5].add(1)
      #expect(try (0..<4).flatMap { _ in try epoll.events(limit: 1).map(\.data) } == [0, 5, 0, 5])
      let failure = error { () throws(Errno) in
        _ = try epoll.wait(limit: 1, deadline: 0) { _, _, _ throws(Errno) in throw .EFAULT }
      }
      #expect(failure == .EFAULT)
      #expect(Set(try epoll.events().map(\.data)) == [0, 5])
    }
  }

  @Test("Errors and hang-ups are told unasked, and only what is asked for besides")
  func ends() throws {
    try withWorld { world in
      let (epoll, _) = try world.makeEpoll()
      var (reader, writer): (OpenFile, OpenFile?) = try world.pipes.makePipe(.root, .O_NONBLOCK)
      let descriptor = try world.add(writer!)
      try world.watch(reader, by: epoll, [], data: 1)
      try epoll.add(writer!, descriptor, EpollRequest(UInt32(EpollEvents.EPOLLIN.rawValue), data: 2))
      #expect(try epoll.events().isEmpty)
      try world.files.close(descriptor)
      writer = nil
      #expect(try epoll.events() == [.init(.EPOLLHUP, 1)])
      withExtendedLifetime(reader) {}
      reader = try world.makeCounter()
    }
  }

  @Test("What is wrong is refused as Linux does")
  func refusals() throws {
    try withWorld { world in
      let (epoll, own) = try world.makeEpoll()
      let (other, otherDescriptor) = try world.makeEpoll()
      let counter = try world.makeCounter()
      let request = EpollRequest(UInt32(EpollEvents.EPOLLIN.rawValue), data: 0)
      func exclusive(_ events: EpollEvents) -> EpollRequest {
        EpollRequest(UInt32(truncatingIfNeeded: events.union(.EPOLLEXCLUSIVE).rawValue), data: 0)
      }
      #expect(error { () throws(Errno) in try epoll.add(epoll, own, request) } == .EINVAL)
      let descriptor = try world.add(counter)
      #expect(error { () throws(Errno) in try epoll.modify(counter, descriptor, request) } == .ENOENT)
      #expect(error { () throws(Errno) in try epoll.remove(counter, descriptor) } == .ENOENT)
      #expect(
        error { () throws(Errno) in try epoll.add(counter, descriptor, exclusive([.EPOLLIN, .EPOLLONESHOT])) }
          == .EINVAL)
      #expect(
        error { () throws(Errno) in try epoll.add(other, otherDescriptor, exclusive(.EPOLLIN)) } == .EINVAL)
      try epoll.add(counter, descriptor, exclusive(.EPOLLIN))
      #expect(error { () throws(Errno) in try epoll.add(counter, descriptor, request) } == .EEXIST)
      #expect(error { () throws(Errno) in try epoll.modify(counter, descriptor, request) } == .EINVAL)
      try epoll.remove(counter, descriptor)
      try epoll.add(counter, descriptor, request)
      #expect(error { () throws(Errno) in try epoll.modify(counter, descriptor, exclusive(.EPOLLIN)) } == .EINVAL)
      // The same file by another descriptor is another matter.
      try world.watch(counter, by: epoll, .EPOLLIN)
      // Nobody has a descriptor of this one.
      let stray = try world.makeCounter()
      #expect(error { () throws(Errno) in try epoll.add(stray, Descriptor(rawValue: 77), request) } == .EBADF)
    }
  }

  /// Tells when it is gone.
  private final class Canary: OpenFile {
    static let count = Atomic<Int>(0)
    let queue = WaitQueueHolder()
    override var canPoll: Bool { true }
    override func poll() -> Waiting.PollEvents { .input }
    override func forEachWaitQueue(_ body: (borrowing WaitQueue) -> Void) { body(queue.queue) }
    deinit { Self.count.add(1, ordering: .relaxed) }
  }

  @Test("A file that was closed by all descriptors leaves, and neither it nor the set stays behind")
  func closing() throws {
    try withWorld { world in
      let before = Canary.count.load(ordering: .relaxed)
      let (epoll, own) = try world.makeEpoll()
      var (first, second): (Descriptor, Descriptor)
      do {
        let (request, inode) = try world.inodes.makeInode("[test]", .root, .O_RDWR)
        let canary = try Canary(request, inode)
        first = try world.watch(canary, by: epoll, .EPOLLIN, data: 1)
        second = try world.add(canary)
      }
      #expect(try epoll.events() == [.init(.EPOLLIN, 1)])
      try world.files.close(first)
      #expect(try epoll.events() == [.init(.EPOLLIN, 1)])
      try world.files.close(second)
      #expect(try epoll.events().isEmpty)
      #expect(Canary.count.load(ordering: .relaxed) == before + 1)
      // The other way round: the set goes first.
      let (request, inode) = try world.inodes.makeInode("[test]", .root, .O_RDWR)
      var canary: Canary? = try Canary(request, inode)
      first = try world.add(canary!)
      do {
        let (other, otherDescriptor) = try world.makeEpoll()
        try other.add(canary!, first, EpollRequest(1, data: 0))
        #expect(!canary!.queue.isEmpty)
        try world.files.close(otherDescriptor)
      }
      #expect(canary!.queue.isEmpty)
      try world.files.close(first)
      canary = nil
      #expect(Canary.count.load(ordering: .relaxed) == before + 2)
      try world.files.close(own)
    }
  }

  @Test("Instances that watch each other are files like others, but not in circles or too deep")
  func nesting() throws {
    try withWorld { world in
      let counter = try world.makeCounter()
      var chain = [try world.makeEpoll()]
      try world.watch(counter, by: chain[0].file, .EPOLLIN, data: 100)
      let request = EpollRequest(UInt32(EpollEvents.EPOLLIN.rawValue), data: 7)
      for _ in 1..<5 {
        let next = try world.makeEpoll()
        try next.file.add(chain[chain.count - 1].file, chain[chain.count - 1].descriptor, request)
        chain.append(next)
      }
      let (top, topDescriptor) = chain[4]
      #expect(
        error { () throws(Errno) in try chain[0].file.add(top, topDescriptor, request) } == .ELOOP)
      let sixth = try world.makeEpoll()
      #expect(error { () throws(Errno) in try sixth.file.add(top, topDescriptor, request) } == .ELOOP)
      #expect(try top.events().isEmpty && top.poll() == [])
      let crew = Crew()
      crew.start { try? counter.add(1) }
      #expect(try top.events(deadline: nil) == [.init(.EPOLLIN, 7)])
      crew.join()
      #expect(top.poll() == [.input, .readNormal])
      #expect(try chain[0].file.events() == [.init(.EPOLLIN, 100)])
      _ = try counter.take()
      #expect(try top.events().isEmpty)
      // With a link taken out there is room again.
      try chain[1].file.remove(chain[0].file, chain[0].descriptor)
      try sixth.file.add(top, topDescriptor, request)
      #expect(
        error { () throws(Errno) in try chain[1].file.add(chain[0].file, chain[0].descriptor, request) } == .ELOOP)
      try world.files.close(sixth.descriptor)
    }
  }

  @Test("There are not too many ways up")
  func manyParents() throws {
    try withWorld { world in
      let request = EpollRequest(1, data: 0)
      var layers = [[try world.makeEpoll()]]
      var failure: Errno?
      for _ in 0..<4 where failure == nil {
        let layer = try (0..<6).map { _ in try world.makeEpoll() }
        for upper in layer {
          for lower in layers[layers.count - 1] {
            failure =
              failure
              ?? error { () throws(Errno) in try upper.file.add(lower.file, lower.descriptor, request) }
          }
        }
        layers.append(layer)
      }
      #expect(failure == .EINVAL)
    }
  }

  @Test("Whatever happens, those and only those are told that a model knows to be ready", arguments: 1...4)
  func model(seed: UInt64) throws {
    try withWorld { world in
      var generator = SeededGenerator(seed: seed)
      let (epoll, _) = try world.makeEpoll()
      struct Item {
        var counter: EventCounter
        var descriptor: Descriptor
        var isWatched = false
        var isArmed = false
        var isOneShot = false
      }
      var items: [Item] = []
      for _ in 0..<20 {
        let counter = try world.makeCounter()
        items.append(Item(counter: counter, descriptor: try world.add(counter)))
      }
      for _ in 0..<4_000 {
        let index = Int.random(in: 0..<items.count, using: &generator)
        let item = items[index]
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1: try item.counter.add(1)
        case 2: _ = try? item.counter.take()
        case 3, 4:
          let isOneShot = Bool.random(using: &generator)
          let events: EpollEvents = isOneShot ? [.EPOLLIN, .EPOLLONESHOT] : .EPOLLIN
          let request = EpollRequest(UInt32(truncatingIfNeeded: events.rawValue), data: UInt64(index))
          if item.isWatched {
            try epoll.modify(item.counter, item.descriptor, request)
          } else {
            try epoll.add(item.counter, item.descriptor, request)
          }
          (items[index].isWatched, items[index].isArmed, items[index].isOneShot) = (true, true, isOneShot)
        case 5:
          guard item.isWatched else { continue }
          try epoll.remove(item.counter, item.descriptor)
          (items[index].isWatched, items[index].isArmed) = (false, false)
        case 6:
          try world.files.close(item.descriptor)
          let counter = try world.makeCounter()
          items[index] = Item(counter: counter, descriptor: try world.add(counter))
        default:
          let expected = items.indices.filter { items[$0].isArmed && items[$0].counter.poll().contains(.input) }
          #expect(epoll.poll().contains(.input) == !expected.isEmpty)
          let limit = Int.random(in: 1...8, using: &generator)
          let told = try epoll.events(limit: limit).map { Int($0.data) }
          #expect(Set(told).count == told.count && Set(told).isSubset(of: expected))
          #expect(told.count == min(limit, expected.count))
          for index in told where items[index].isOneShot { items[index].isArmed = false }
        }
      }
    }
  }

  @Test("Every event of many threads reaches one of those that wait")
  func threads() throws {
    try withWorld { world in
      let (epoll, _) = try world.makeEpoll()
      let counters = try (0..<4).map { _ in try world.makeCounter() }
      for (index, counter) in counters.enumerated() {
        try world.watch(counter, by: epoll, [.EPOLLIN, index % 2 == 0 ? .EPOLLET : []], data: UInt64(index))
      }
      let stop = try world.makeCounter()
      try world.watch(stop, by: epoll, .EPOLLIN, data: 99)
      let total = Atomic<Int>(0)
      let (readers, writers) = (Crew(), Crew())
      for _ in 0..<3 {
        readers.start {
          while let events = try? epoll.events(limit: 2, deadline: nil) {
            for event in events where event.data != 99 {
              while let taken = try? counters[Int(event.data)].take() { total.add(Int(taken), ordering: .relaxed) }
            }
            if events.contains(where: { $0.data == 99 }) && total.load(ordering: .relaxed) == 4_000 { return }
          }
        }
      }
      for counter in counters { writers.start { for _ in 0..<1_000 { try? counter.add(1) } } }
      writers.join()
      try stop.add(1)
      readers.join()
      #expect(total.load(ordering: .relaxed) == 4_000)
    }
  }
}

/// A queue that a file of a test has.
final class WaitQueueHolder {
  let queue = WaitQueue()
  var isEmpty: Bool { queue.isEmpty }
}
