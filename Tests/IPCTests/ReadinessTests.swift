import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@testable import IPC

@Suite("Signals of pipes that are ready", .serialized)
struct ReadinessTests {
  /// Whether anybody is to be told of content.
  private func isWaitedFor(_ pipe: Pipe) -> Bool {
    if pipe.readerQueue.isEmpty { return false }
    return true
  }

  @Test("A reader's owner is told of content and of the last writer's end, a writer's of room and of the last reader's")
  func events() throws {
    try withWorld { world in
      var (reader, writer): (OpenFile?, OpenFile?) = try world.makePipe(.O_NONBLOCK)
      do {
        let readers = try NotingOwner(of: try #require(reader), descriptor: 5)
        let writers = try NotingOwner(of: try #require(writer), descriptor: 6)
        reader?.notification.withLock { $0.signal = 40 }
        #expect(readers.take().isEmpty && writers.take().isEmpty)
        try writer?.write("hello")
        // Once for all that came since the owner could be told.
        try writer?.write("hello")
        #expect(readers.take() == [.input] && writers.take().isEmpty)
        #expect(readers.last == (40, 5))
        #expect(readers.take().isEmpty)
        while (try? writer?.write([UInt8](repeating: 1, count: 4_096))) != nil {}
        #expect(readers.take() == [.input])
        _ = try reader?.read(1 << 20)
        #expect(writers.take() == [.output] && writers.last == (0, 6) && readers.take().isEmpty)
        writer?.endDescriptor()
      }
      let owner = try #require(reader?.notification.withLock { $0.owner as? NotingOwner })
      writer = nil
      #expect(owner.take() == [.input])
      reader?.endDescriptor()
      (reader, writer) = (nil, nil)
    }
  }

  @Test("A writer's owner is told when nobody is left to read")
  func brokenPipe() throws {
    try withWorld { world in
      var (reader, writer): (OpenFile?, OpenFile) = try world.makePipe(.O_NONBLOCK)
      let owner = try NotingOwner(of: writer)
      reader = nil
      #expect(owner.take() == [.output] && reader == nil)
      writer.endDescriptor()
    }
  }

  @Test(
    "Nothing is told once O_ASYNC is cleared, nor after the last descriptor is closed, and nobody keeps the file then")
  func end() throws {
    try withWorld { world in
      weak var gone: OpenFile?
      do {
        let (reader, writer) = try world.makePipe(.O_NONBLOCK)
        let pipe = try #require((reader as? PipeFile)?.pipe)
        let owner = try NotingOwner(of: reader)
        #expect(isWaitedFor(pipe))
        try reader.setFlags(reader.flags.subtracting(.O_ASYNC))
        #expect(!isWaitedFor(pipe))
        try writer.write("1")
        #expect(owner.take().isEmpty)
        try reader.setFlags(reader.flags.union(.O_ASYNC))
        try writer.write("2")
        #expect(owner.take() == [.input] && owner.last.descriptor == -1)
        // What was noted and not told yet is not told any more.
        try writer.write("3")
        reader.endDescriptor()
        #expect(!isWaitedFor(pipe) && owner.take().isEmpty)
        // Without a descriptor it does not begin again.
        try reader.setFlags(reader.flags.subtracting(.O_ASYNC))
        try reader.setFlags(reader.flags.union(.O_ASYNC))
        #expect(!isWaitedFor(pipe))
        gone = reader
        #expect(gone != nil)
      }
      #expect(gone == nil)
    }
  }

  @Test("A file whose readiness is not told of only remembers O_ASYNC")
  func counter() throws {
    try withWorld { world in
      let counter = try EventCounter.make(world.inodes, .root, initial: 0, .all, .O_NONBLOCK)
      let owner = try NotingOwner(of: counter)
      _ = try counter.write([1, 0, 0, 0, 0, 0, 0, 0])
      #expect(owner.take().isEmpty && counter.flags.contains(.O_ASYNC))
      counter.endDescriptor()
    }
  }
}
