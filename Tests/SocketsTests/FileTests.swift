import FileTestSupport
import Foundations
import IPC
import LinuxABI
import Machine
import Security
import Sockets
import Testing
import VFS

@testable import IPC

@Suite("Files and credentials in messages", .serialized)
struct FileTests {
  private func pipe(_ world: World) throws -> (OpenFile, OpenFile) {
    let maker = try PipeMaker(names: DentryCache(bucketCount: 16), clock: FileClock())
    return try maker.makePipe(.root, .O_NONBLOCK)
  }

  @Test("A file that was sent is the same file, once, or twice with MSG_PEEK, and ends a read of a stream")
  func passing() throws {
    try withWorld { world in
      for type in [SocketType.SOCK_STREAM, .SOCK_DGRAM, .SOCK_SEQPACKET] {
        let (one, other) = try world.pair(type)
        let (reader, writer) = try pipe(world)
        try one.send([1], files: [writer, reader], by: world.caller)
        try one.send([2], by: world.caller)
        #expect(writer.openCount == 1)
        #expect(try other.receiveFiles(.MSG_PEEK).count == 2)
        let bytes = try other.receive(1) { message in
          #expect(message.arrivedCount == 2 && message.arrivedFile(0) === writer && writer.openCount == 1)
        }
        #expect(bytes.bytes == [1])
        #expect(writer.openCount == 0)
        #expect(try other.receiveFiles().isEmpty)
      }
    }
  }

  @Test("A file that nobody receives is closed with the socket")
  func dropped() throws {
    try withWorld { world in
      let (reader, writer) = try pipe(world)
      var kept: OpenFile? = writer
      var (one, other): (SocketFile?, SocketFile?) = try world.pair(.SOCK_STREAM)
      try one?.send([1], files: [writer], by: world.caller)
      #expect(writer.openCount == 1)
      kept = nil
      (one, other) = (nil, nil)
      #expect(one == nil && other == nil && kept == nil)
      #expect(writer.openCount == 0 && reader.openCount == 0)
    }
  }

  @Test("A user may have so many files under way, and no more")
  func limit() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_DGRAM)
      let (_, writer) = try pipe(world)
      let user = world.stranger(fileLimit: 4)
      for _ in 0..<5 { try one.send([1], files: [writer], by: user) }
      #expect(throws: Errno.ETOOMANYREFS) { try one.send([1], files: [writer], by: user) }
      #expect(writer.openCount == 5)
      _ = try other.receiveFiles()
      try one.send([1], files: [writer], by: user)
    }
  }

  @Test("Credentials are told to those who ask, and messages of different senders are not joined")
  func credentials() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      try one.send([1], by: world.caller)
      let on: [UInt8] = [1, 0, 0, 0]
      try other.setSocketOption(Int32(SocketOption.SO_PASSCRED.rawValue), on.span, by: world.caller)
      #expect(try other.receive(9).identity == .unknown)
      try one.send([2], by: world.caller)
      try one.send([3], by: world.caller)
      try one.send([4], by: world.stranger())
      let stated = SocketIdentity(process: 1, user: 2, group: 3)
      try one.send([5], identity: stated, by: world.caller)
      let first = try other.receive(9)
      #expect(first.bytes == [2, 3] && first.identity == SocketIdentity(process: 7, user: 0, group: 0))
      let second = try other.receive(9)
      #expect(second.bytes == [4] && second.identity == SocketIdentity(process: 8, user: 1_000, group: 1_000))
      #expect(try other.receive(9).identity == stated)
    }
  }

  @Test("Sockets that are only in each other's queues go, however they came there")
  func lost() throws {
    try withWorld { world in
      let (reader, writer) = try pipe(world)
      for length in [1, 2, 5] {
        // Each in the queue of the next, and the last in that of the first; a pipe in all of them.
        var pairs = try (0..<length).map { _ in try world.pair(.SOCK_STREAM) }
        for index in 0..<length {
          try pairs[(index + 1) % length].0.send([1], files: [pairs[index].1, writer], by: world.caller)
        }
        #expect(writer.openCount == length)
        pairs = []
        // Any socket that is closed is the occasion.
        _ = try world.make(.SOCK_STREAM)
        #expect(writer.openCount == 0)
      }
      #expect(reader.openCount == 0)
    }
  }

  @Test("What can be reached stays, and one in the queue of a connection that waits to be accepted, too")
  func kept() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      let (inner, end) = try world.pair(.SOCK_STREAM)
      try inner.send([7], by: world.caller)
      other.beginDescriptor()
      try one.send([1], files: [end], by: world.caller)
      try one.send([2], files: [other], by: world.caller)
      let listener = try world.listener("@kept")
      let client = try world.make(.SOCK_STREAM)
      try client.connect(to: .unix("@kept"), by: world.caller)
      try client.send([3], files: [inner], by: world.caller)
      _ = try world.make(.SOCK_STREAM)
      let files = try other.receiveFiles()
      #expect(try (files.first as? SocketFile)?.read(9) == [7])
      let server = try listener.accept(.O_NONBLOCK, by: world.caller)
      #expect(try server.receiveFiles().first === inner)
      _ = try other.receiveFiles()
      other.endDescriptor()
    }
  }

  @Test("A chain of a thousand sockets, each in the queue of the next, goes without a stack as long")
  func chain() throws {
    try withWorld { world in
      let (_, writer) = try pipe(world)
      var (outer, end) = try world.pair(.SOCK_STREAM)
      try outer.send([1], files: [writer], by: world.caller)
      for _ in 0..<1_000 {
        let (next, nextEnd) = try world.pair(.SOCK_STREAM)
        try next.send([1], files: [end, outer], by: world.caller)
        (outer, end) = (next, nextEnd)
      }
      #expect(writer.openCount == 1)
      (outer, end) = try world.pair(.SOCK_STREAM)
      _ = try world.make(.SOCK_STREAM)
      #expect(writer.openCount == 0)
    }
  }

  @Test("Without memory a call fails, and what it had taken comes back")
  func noMemory() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      let (_, writer) = try pipe(world)
      for allowed in 0..<6 {
        var outcome: Errno?
        AllocationFaults.fail(after: allowed)
        do throws(Errno) {
          try one.send([1, 2, 3], files: [writer], by: world.caller)
        } catch { outcome = error }
        AllocationFaults.fail(after: nil)
        if outcome == nil { _ = try other.receiveFiles() }
        #expect(outcome == nil || outcome == .ENOMEM)
        #expect(writer.openCount == 0)
      }
    }
  }
}
