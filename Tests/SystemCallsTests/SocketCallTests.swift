import Foundations
import LinuxABI
import Machine
import Sockets
import Testing
import VFS

@testable import SystemCalls

@Suite("Calls of sockets", .serialized)
struct SocketCallTests {
  private func withSockets(_ body: (Program) throws -> Void) throws {
    try Program.run { program throws in
      try Sockets.start(names: program.names, clock: FileClock(), callers: TaskSocketCallers())
      try body(program)
    }
  }

  private static let stream: UInt64 = 1
  private static let datagram: UInt64 = 2
  /// SOL_SOCKET.
  private static let level: UInt64 = 1

  private func pair(_ program: Program, _ type: UInt64 = stream) -> (UInt64, UInt64) {
    let place = program.room(8)
    #expect(program.call(.socketpair, 1, type | 0x800, 0, place) == 0)
    return (program.number(place, width: 4), program.number(place + 4, width: 4))
  }

  private func address(_ program: Program, _ name: String) -> (UInt64, UInt64) {
    (program.store([1, 0] + Array(name.utf8)), UInt64(name.utf8.count + 2))
  }

  /// A `struct msghdr` for `bytes` bytes at `buffer` and `count` bytes of control messages.
  private func header(
    _ program: Program, _ buffer: UInt64, _ bytes: UInt64, _ control: UInt64, _ count: UInt64
  ) -> UInt64 {
    program.words(0, 0, program.words(buffer, bytes), 1, control, count, 0)
  }

  @Test("A server and a client talk, and each learns the other's name")
  func talking() throws {
    try withSockets { program in
      let server = program.call(.socket, 1, Self.stream, 0).argument
      let (name, length) = address(program, "socket")
      #expect(program.call(.bind, server, name, length) == 0)
      #expect(program.call(.listen, server, 5) == 0)
      let client = program.call(.socket, 1, Self.stream | 0x800, 0).argument
      #expect(program.call(.connect, client, name, length) == 0)
      let room = program.store([110, 0, 0, 0])
      let from = program.room(110)
      let accepted = program.call(.accept4, server, from, room, 0x80000).argument
      #expect(program.number(room, width: 4) == 2)
      #expect(program.call(.fcntl, accepted, 1) == 1)
      #expect(program.call(.sendto, client, program.text("hello"), 5, 0, 0, 0) == 5)
      #expect(program.call(.ioctl, accepted, 0x541b, room) == 0)
      #expect(program.number(room, width: 4) == 5)
      let buffer = program.room(100)
      #expect(program.call(.recvfrom, accepted, buffer, 100, 0, 0, 0) == 5)
      #expect(program.string(buffer, 5) == "hello")
      let small = program.store([4, 0, 0, 0])
      #expect(program.call(.getpeername, client, from, small) == 0)
      #expect(program.number(small, width: 4) == 9)
      #expect(program.string(from + 2, 2) == "so")
      #expect(program.call(.shutdown, client, 1) == 0)
      #expect(program.call(.read, accepted, buffer, 100) == 0)
      #expect(program.call(.sendto, client, buffer, 1, 0x4000, 0, 0) == .error(.EPIPE))
    }
  }

  @Test("Descriptors and credentials arrive as control messages, cut to what there is room for")
  func controlMessages() throws {
    try withSockets { program in
      let (one, other) = pair(program)
      program.make("file", "text")
      let file = program.open("file").argument
      let control = program.words(20, 1 | 1 << 32, file)
      let sent = header(program, program.text("x"), 1, control, 24)
      let on = program.store([1, 0, 0, 0])
      #expect(program.call(.setsockopt, other, Self.level, 16, on, 4) == 0)
      #expect(program.call(.sendmsg, one, sent, 0) == 1)
      let (buffer, room) = (program.room(16), program.room(100))
      let received = header(program, buffer, 16, room, 100)
      #expect(program.call(.recvmsg, other, received, 0x4000_0000) == 1)
      #expect(program.number(received + 40) == 56)
      #expect(program.number(received + 48, width: 4) == 0x4000_0000)
      #expect(program.number(room) == 28 && program.number(room + 8) == 1 | 2 << 32)
      #expect(program.number(room + 16, width: 4) == UInt64(program.task.processIdentifier))
      #expect(program.number(room + 32) == 20 && program.number(room + 40) == 1 | 1 << 32)
      let new = program.number(room + 48, width: 4)
      #expect(program.call(.read, new, buffer, 16) == 4)
      #expect(program.call(.fcntl, new, 1) == 1)
      // Without room they are closed, and the program is told.
      #expect(program.call(.sendmsg, one, sent, 0) == 1)
      let cut = header(program, buffer, 16, room, 4)
      #expect(program.call(.recvmsg, other, cut, 0) == 1)
      #expect(program.number(cut + 40) == 0 && program.number(cut + 48, width: 4) == 8)
      let bad = program.words(20, 1 | 1 << 32, 999)
      #expect(program.call(.sendmsg, one, header(program, buffer, 1, bad, 24), 0) == .error(.EBADF))
      let short = program.words(3, 1 | 1 << 32, 0)
      #expect(program.call(.sendmsg, one, header(program, buffer, 1, short, 24), 0) == .error(.EINVAL))
      let lie = program.words(28, 1 | 2 << 32, 12_345, 0)
      #expect(program.call(.sendmsg, one, header(program, buffer, 1, lie, 32), 0) == .error(.ESRCH))
      program.become(5)
      #expect(program.call(.sendmsg, one, header(program, buffer, 1, lie, 32), 0) == .error(.EPERM))
    }
  }

  @Test("Several messages in one call are counted, up to the first that fails")
  func several() throws {
    try withSockets { program in
      let (one, other) = pair(program, Self.datagram)
      let (text, buffer) = (program.text("abc"), program.room(32))
      let sent = program.words(
        0, 0, program.words(text, 1), 1, 0, 0, 0, 0, 0, 0, program.words(text, 3), 1, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0,
        0)
      #expect(program.call(.sendmmsg, one, sent, 3, 0) == 2)
      #expect(program.number(sent + 56, width: 4) == 1 && program.number(sent + 120, width: 4) == 3)
      let received = program.words(
        0, 0, program.words(buffer, 16), 1, 0, 0, 0, 0, 0, 0, program.words(buffer, 2), 1, 0, 0, 0, 0)
      #expect(program.call(.recvmmsg, other, received, 2, 0x10000, 0) == 2)
      #expect(program.number(received + 56, width: 4) == 1 && program.number(received + 120, width: 4) == 2)
      #expect(program.number(received + 64 + 48, width: 4) == 0x20)
      #expect(program.call(.recvmmsg, other, received, 2, 0, 0) == .error(.EAGAIN))
      #expect(program.call(.recvmmsg, other, received, 2, 0, program.words(0, .max)) == .error(.EINVAL))
    }
  }

  @Test("What is no socket, no address and no memory is refused")
  func refused() throws {
    try withSockets { program in
      let (one, other) = pair(program)
      let hole = Program.hole
      let kernel: UInt64 = 0xffff_8000_0000_0000
      program.make("file")
      let file = program.open("file").argument
      #expect(program.call(.listen, file, 1) == .error(.ENOTSOCK))
      #expect(program.call(.listen, 99, 1) == .error(.EBADF))
      #expect(program.call(.socket, 2, 1, 0) == .error(.EAFNOSUPPORT))
      #expect(program.call(.socket, 1_000, 1, 0) == .error(.EAFNOSUPPORT))
      #expect(program.call(.socket, 1, 15, 0) == .error(.EINVAL))
      #expect(program.call(.socket, 1, 3 | 0x100, 0) == .error(.EINVAL))
      let count = program.task.files.count
      #expect(program.call(.socketpair, 1, 1, 0, hole) == .error(.EFAULT))
      #expect(program.task.files.count == count)
      let fresh = program.call(.socket, 1, Self.stream, 0).argument
      for bad in [hole, kernel, .max] {
        #expect(program.call(.bind, fresh, bad, 10) == .error(.EFAULT))
        #expect(program.call(.connect, fresh, bad, 10) == .error(.EFAULT))
        #expect(program.call(.getsockname, fresh, bad, bad) == .error(.EFAULT))
        #expect(program.call(.sendmsg, one, bad, 0) == .error(.EFAULT))
        #expect(program.call(.recvmsg, other, bad, 0) == .error(.EFAULT))
        #expect(program.call(.sendto, one, bad, 10, 0, 0, 0) == .error(.EFAULT))
        #expect(program.call(.sendto, one, program.text("x"), 1, 0, bad, 10) == .error(.EFAULT))
        #expect(program.call(.setsockopt, one, Self.level, 2, bad, 4) == .error(.EFAULT))
        #expect(program.call(.getsockopt, one, Self.level, 2, bad, program.store([4, 0, 0, 0])) == .error(.EFAULT))
        #expect(program.call(.getsockopt, one, Self.level, 2, program.room(4), bad) == .error(.EFAULT))
        #expect(program.call(.sendmmsg, one, bad, 1, 0) == .error(.EFAULT))
        #expect(program.call(.sendmsg, one, header(program, program.text("x"), 1, bad, 24), 0) == .error(.EFAULT))
      }
      #expect(program.call(.bind, fresh, program.text("x"), UInt64(UInt32.max)) == .error(.EINVAL))
      #expect(program.call(.sendmsg, one, program.words(0, 0, hole, 2_000, 0, 0, 0), 0) == .error(.EMSGSIZE))
      #expect(program.call(.getsockopt, one, Self.level, 2, hole, program.words(.max)) == .error(.EINVAL))
      #expect(program.call(.getsockopt, one, 6, 1, hole, program.words(4)) == .error(.EOPNOTSUPP))
      // What could not be sent is not there.
      #expect(program.call(.recvfrom, other, program.room(8), 8, 0, 0, 0) == .error(.EAGAIN))
      // Nothing is lost when it cannot be stored.
      #expect(program.call(.write, one, program.text("abc"), 3) == 3)
      #expect(program.call(.read, other, hole, 3) == .error(.EFAULT))
      #expect(program.call(.read, other, program.room(8), 8) == 3)
    }
  }

  @Test("The other side of a pair is the process itself")
  func peerCredentials() throws {
    try withSockets { program in
      let (one, _) = pair(program)
      let (value, room) = (program.room(12), program.words(12))
      #expect(program.call(.getsockopt, one, Self.level, 17, value, room) == 0)
      #expect(program.number(value, width: 4) == UInt64(program.task.processIdentifier))
      #expect(program.number(value + 4, width: 8) == 0)
    }
  }

  @Test("splice from a socket takes what has come, and waits for no more", .timeLimit(.minutes(1)))
  func splice() throws {
    try withSockets { program in
      let (pair, room) = (program.room(8), program.room(8_192))
      #expect(program.call(.socketpair, 1, 1, 0, pair) == 0)
      program.call(.pipe, pair)
      #expect(program.call(.write, 0, room, 8_192) == 8_192)
      #expect(program.call(.splice, 1, 0, 3, 0, 1 << 15, 0) == 8_192)
      #expect(program.call(.read, 2, room, 8_192) == 8_192)
    }
  }
}
