import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Security
import Synchronization
import TestSupport
import Testing
import VFS
import Waiting

import class Foundation.DispatchSemaphore
import class Foundation.Thread

@testable import IPC

@Suite("Pipes")
struct PipeTests {
  @Test("Who has too many pages in pipes gets small ones, and makes none larger")
  func userLimit() throws {
    try withWorld { world in
      let user = Credentials(user: UserID(rawValue: 4_242), group: GroupID(rawValue: 4_242))
      var pipes: [(reader: OpenFile, writer: OpenFile)] = []
      func make() throws -> Pipe {
        pipes.append(try world.pipes.makePipe(user, .O_NONBLOCK))
        return try #require(pipes.last?.reader as? PipeFile).pipe
      }
      for _ in 0..<Pipe.userLimit / 256 {
        #expect(try make().setCapacity(1 << 20, isPrivileged: false) == 1 << 20)
      }
      let pipe = try make()
      #expect(pipe.capacity == 8_192)
      #expect(try pipes.last?.writer.write([UInt8](repeating: 1, count: 10_000)) == 8_192)
      #expect(try pipes.last?.reader.read(10_000).count == 8_192)
      #expect(throws: Errno.EPERM) { try pipe.setCapacity(16_384, isPrivileged: false) }
      #expect(try pipe.setCapacity(16_384, isPrivileged: true) == 16_384)
      #expect(try pipe.setCapacity(4_096, isPrivileged: false) == 4_096)
      // Others, and the superuser, have pipes as before.
      #expect(try #require(world.makePipe().reader as? PipeFile).pipe.capacity == 65_536)
      pipes.removeFirst()
      #expect(try pipe.setCapacity(65_536, isPrivileged: false) == 65_536)
      #expect(try make().capacity == 65_536)
      // What was made of a FIFO's pipe goes with the last who has it open.
      let path = Array("/fifo".utf8)
      _ = try world.actor.makeNode(path.span, .fifo, permissions: 0o600)
      var file: OpenFile? = try world.open("/fifo", .O_RDWR)
      let fifo = try #require(file as? PipeFile).pipe
      #expect(try fifo.setCapacity(4_096, isPrivileged: false) == 4_096)
      file = nil
      #expect(fifo.capacity == 65_536)
    }
  }

  @Test("What comes out is what went in, in order, and never more than fits", arguments: [1, 2, 3, 4])
  func order(seed: UInt64) throws {
    try withWorld { world in
      var generator = SeededGenerator(seed: seed)
      let (reader, writer) = try world.makePipe(.O_NONBLOCK)
      var model: [UInt8] = []
      var next: UInt8 = 0
      for _ in 0..<2_500 {
        let size =
          Bool.random(using: &generator)
          ? Int.random(in: 1..<40, using: &generator)
          : Int.random(in: 1..<9_000, using: &generator)
        if Bool.random(using: &generator) {
          let bytes = (0..<size).map { next &+ UInt8(truncatingIfNeeded: $0) }
          let written = (try? writer.write(bytes)) ?? 0
          // A short message is written whole or not at all.
          #expect(size > Pipe.atomicByteCount || written == size || written == 0)
          model += bytes[..<written]
          next &+= UInt8(truncatingIfNeeded: written)
          #expect(model.count <= 65_536)
        } else {
          let read = try? reader.read(size)
          #expect(read == (model.isEmpty ? nil : Array(model.prefix(size))))
          model.removeFirst(min(size, model.count))
        }
        let isReadable = reader.poll().contains(.input)
        #expect(isReadable != model.isEmpty)
      }
    }
  }

  @Test("Without writers there is an end, without readers no writing, and poll says so")
  func ends() throws {
    try withWorld { world in
      var (reader, writer): (OpenFile?, OpenFile?) = try world.makePipe()
      #expect(try writer?.write([1, 2]) == 2)
      #expect(writer?.poll() == [.output, .writeNormal])
      writer = nil
      #expect(reader?.poll() == [.input, .readNormal, .hangUp])
      #expect(try reader?.read(10) == [1, 2])
      #expect(try reader?.read(10) == [])
      #expect(reader?.poll() == .hangUp)
      (reader, writer) = try world.makePipe()
      reader = nil
      #expect(throws: Errno.EPIPE) { try writer?.write([1]) }
      #expect(writer?.poll() == [.output, .writeNormal, .error])
    }
  }

  @Test("The wrong end is no end, and there is no position")
  func wrongEnd() throws {
    try withWorld { world in
      let (reader, writer) = try world.makePipe(.O_NONBLOCK)
      #expect(throws: Errno.EBADF) { try reader.write([1]) }
      #expect(throws: Errno.EBADF) { try writer.read(1) }
      #expect(throws: Errno.ESPIPE) { try reader.seek(to: 0) }
      #expect(throws: Errno.EAGAIN) { try reader.read(1) }
      #expect(try writer.write([UInt8](repeating: 0, count: 70_000)) == 65_536)
      #expect(throws: Errno.EAGAIN) { try writer.write([1]) }
      #expect(writer.poll() == [])
      var name = GrowableArray<UInt8>()
      try world.actor.describe(reader.path, into: &name)
      var bytes: [UInt8] = []
      for index in 0..<name.count { bytes.append(name[index]) }
      #expect(String(decoding: bytes, as: UTF8.self) == "pipe:[\(reader.inode.number)]")
    }
  }

  @Test("A packet is read at once, and what does not fit of it is gone")
  func packets() throws {
    try withWorld { world in
      let (reader, writer) = try world.makePipe([.O_DIRECT, .O_NONBLOCK])
      _ = try writer.write([1, 2, 3])
      _ = try writer.write([4])
      #expect(try reader.read(2) == [1, 2])
      #expect(try reader.read(100) == [4])
      #expect(throws: Errno.EAGAIN) { try reader.read(1) }
    }
  }

  @Test("A pipe is resized to a power of two of pages that holds what is in it")
  func resizing() throws {
    try withWorld { world in
      let (reader, writer) = try world.makePipe(.O_NONBLOCK)
      let pipe = try #require(writer as? PipeFile).pipe
      _ = try writer.write([UInt8](repeating: 7, count: 5 * 4096))
      #expect(throws: Errno.EBUSY) { try pipe.setCapacity(4 * 4096, isPrivileged: false) }
      #expect(try pipe.setCapacity(5 * 4096, isPrivileged: false) == 8 * 4096)
      #expect(throws: Errno.EPERM) { try pipe.setCapacity(2 << 20, isPrivileged: false) }
      #expect(try pipe.setCapacity(2 << 20, isPrivileged: true) == 2 << 20)
      #expect(throws: Errno.EINVAL) { try pipe.setCapacity(-1, isPrivileged: true) }
      #expect(try reader.read(100_000) == [UInt8](repeating: 7, count: 5 * 4096))
      #expect(try pipe.setCapacity(1, isPrivileged: false) == 4096)
      #expect(try writer.write([UInt8](repeating: 8, count: 10_000)) == 4096)
    }
  }

  @Test("Memory goes with the last end, and a pipe in use keeps one page")
  func memory() throws {
    try withWorld { world in
      let before = SimulatedMemory.freeCount
      do {
        let (reader, writer) = try world.makePipe()
        _ = try writer.write([UInt8](repeating: 1, count: 40_960))
        #expect(SimulatedMemory.freeCount == before - 10)
        _ = try reader.read(40_960)
        #expect(SimulatedMemory.freeCount == before - 1)
        for _ in 0..<100 {
          _ = try writer.write([1])
          _ = try reader.read(1)
        }
        #expect(SimulatedMemory.freeCount == before - 1)
        _ = try writer.write([UInt8](repeating: 1, count: 40_960))
      }
      #expect(SimulatedMemory.freeCount == before)
    }
  }

  /// A file for a second thread.
  private final class Second: Sendable {
    private let file = BootCell<OpenFile>()
    private let isDone = DispatchSemaphore(value: 0)

    init(_ file: OpenFile, _ body: @escaping @Sendable (OpenFile) -> Void) {
      self.file.fill(file)
      Thread.detachNewThread {
        self.file.withValue { body($0) }
        self.isDone.signal()
      }
    }

    func wait() { isDone.wait() }
  }

  @Test("Two writers and a reader at once: short messages stay whole, and every byte comes")
  func threads() throws {
    try withWorld { world in
      let (reader, writer) = try world.makePipe()
      let writers = [UInt8(1), 2].map { mark in
        Second(writer) { file in
          for round in 0..<400 {
            let message = [UInt8](repeating: mark, count: 1 + round * 37 % 4096)
            if (try? file.write(message + [mark | 0x80])) != message.count + 1 { return }
          }
        }
      }
      var endings = 0
      var current: UInt8 = 0
      while endings < 800 {
        for byte in try reader.read(5_000) {
          if current == 0 { current = byte & 0x7f }
          // Within a message there is nothing of the other writer.
          #expect(byte & 0x7f == current)
          if byte & 0x80 != 0 { (endings, current) = (endings + 1, 0) }
        }
      }
      for writer in writers { writer.wait() }
    }
  }

  /// What threads have found.
  private final class Sum: Sendable { let value = Atomic<Int>(0) }

  @Test("Readers that find a pipe empty wait, each byte comes to one of them, and all see the end")
  func sharedReader() throws {
    let (readers, count) = (3, 6_000)
    try withWorld { world in
      var (reader, writer): (OpenFile?, OpenFile?) = try world.makePipe()
      let sum = Sum()
      let others = try (0..<readers).map { _ in
        Second(try #require(reader)) { file in
          // One at a time, so that most come back to a pipe that another has emptied.
          while let bytes = try? file.read(1), let byte = bytes.first {
            sum.value.add(Int(byte), ordering: .relaxed)
          }
        }
      }
      reader = nil
      var expected = 0
      for number in 0..<count {
        let byte = UInt8(truncatingIfNeeded: number % 251)
        expected += Int(byte)
        #expect(try writer?.write([byte]) == 1)
        if number % 7 == 0 { HostThread.yield() }
      }
      writer = nil
      for other in others { other.wait() }
      #expect(sum.value.load(ordering: .relaxed) == expected)
    }
  }

  @Test("Who polls is woken by what comes")
  func polling() throws {
    try withWorld { world in
      let (first, firstWriter) = try world.makePipe()
      let (second, secondWriter) = try world.makePipe()
      let waiter = try PollWaiter.make()
      /// Polls both readers, and returns how many are ready and what the second is ready for.
      func poll(_ deadline: UInt64?) throws(Errno) -> (Int, Waiting.PollEvents) {
        var events: Waiting.PollEvents = []
        let count = try PollWaiter.poll(deadline: deadline, { waiter }) { waiter throws(Errno) in
          var count = 0
          for file in [first, second] {
            try waiter?.enter(file, .input)
            events = file.poll().intersection(.input)
            if !events.isEmpty { count += 1 }
          }
          return count
        }
        return (count, events)
      }
      for _ in 0..<50 {
        #expect(try poll(0) == (0, []))
        let other = Second(secondWriter) { _ = try? $0.write([1]) }
        #expect(try poll(nil) == (1, .input))
        other.wait()
        _ = try second.read(1)
      }
      #expect(try poll(HostThread.nanoseconds + 1_000_000) == (0, []))
      withExtendedLifetime(firstWriter) {}
    }
  }

  @Test("A pipe that is opened by its link has one more end at once, as many as it has")
  func reopened() throws {
    try withWorld { world in
      var (reader, writer): (OpenFile?, OpenFile?) = try world.makePipe()
      let path = try #require(reader?.path)
      #expect(try writer?.write([1, 2, 3]) == 3)
      var other: OpenFile? = try world.actor.open(path, [], isNew: false)
      #expect(try other?.read(1) == [1])
      #expect(try reader?.read(1) == [2])
      // The end that was there before may go.
      reader = nil
      #expect(try other?.read(1) == [3])
      var late: OpenFile? = try world.actor.open(path, .O_WRONLY, isNew: false)
      writer = nil
      #expect(try late?.write([4]) == 1)
      #expect(try other?.read(9) == [4])
      late = nil
      // Its writers have gone, and were there: nobody waits for one.
      #expect(other?.poll() == .hangUp)
      #expect(try other?.read(1) == [])
      #expect(try world.actor.open(path, [], isNew: false).read(1) == [])
      other = nil
      let alone = try world.actor.open(path, [.O_WRONLY, .O_NONBLOCK], isNew: false)
      #expect(throws: Errno.EPIPE) { try alone.write([5]) }
      let both = try world.actor.open(path, .O_RDWR, isNew: false)
      #expect(try both.write([6]) == 1)
      #expect(try both.read(9) == [6])
    }
  }

  /// Whether the second reader of the FIFO is there.
  private static let isLateOpen = Atomic<Bool>(false)

  @Test("A FIFO opens when both ends are there")
  func fifo() throws {
    try withWorld { world in
      let path = Array("fifo".utf8)
      _ = try world.actor.makeNode(path.span, .fifo, permissions: 0o600)
      #expect(throws: Errno.ENXIO) { try world.open("fifo", [.O_WRONLY, .O_NONBLOCK]) }
      let early = try world.open("fifo", .O_NONBLOCK)
      // No writer yet is no end that poll would tell, but one that read does.
      #expect(early.poll() == [])
      #expect(try early.read(1) == [])
      let context = BootCell<World>()
      context.fill(world)
      let holder = Second(early) { _ in
        context.withValue { world in
          guard let writer = try? world.open("fifo", .O_WRONLY) else { return }
          _ = try? writer.write([9])
          // A writer that is gone before the reader comes lets it wait for another.
          while !Self.isLateOpen.load(ordering: .acquiring) { HostThread.yield() }
        }
      }
      let late = try world.open("fifo", [])
      Self.isLateOpen.store(true, ordering: .releasing)
      #expect(try late.read(5) == [9])
      holder.wait()
      #expect(try late.read(5) == [])
      #expect(late.poll() == .hangUp && early.poll() == .hangUp)
    }
  }

  @Test("A counter gives its sum or ones, and is full before the largest number")
  func counters() throws {
    try withWorld { world in
      func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64($0 * 8)) } }
      let all = try EventCounter.make(world.inodes, .root, initial: 3, .all, .O_NONBLOCK)
      _ = try all.write(bytes(4))
      #expect(try all.read(8) == bytes(7))
      #expect(throws: Errno.EAGAIN) { try all.read(8) }
      #expect(throws: Errno.EINVAL) { try all.read(7) }
      #expect(throws: Errno.EINVAL) { try all.write(bytes(.max)) }
      _ = try all.write(bytes(.max - 1))
      #expect(all.poll() == [.input, .readNormal])
      #expect(throws: Errno.EAGAIN) { try all.write(bytes(1)) }
      let ones = try EventCounter.make(world.inodes, .root, initial: 2, .one, .O_NONBLOCK)
      #expect(try ones.read(8) == bytes(1))
      #expect(try ones.read(100) == bytes(1))
      #expect(throws: Errno.EAGAIN) { try ones.read(8) }
    }
  }
}
