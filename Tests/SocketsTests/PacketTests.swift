import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Sockets
import Testing
import VFS

@Suite("Local datagrams and packets", .serialized)
struct PacketTests {
  @Test("Messages keep their bounds; what does not fit is cut, and MSG_TRUNC tells how long it was")
  func bounds() throws {
    try withWorld { world in
      for type in [SocketType.SOCK_DGRAM, .SOCK_SEQPACKET] {
        let (one, other) = try world.pair(type)
        _ = try one.write([1, 2, 3])
        _ = try one.write([])
        _ = try one.write([4, 5, 6, 7])
        #expect(try other.receive(2, .MSG_PEEK) == Received(bytes: [1, 2], length: 2, flags: .MSG_TRUNC))
        #expect(try other.receive(9) == Received(bytes: [1, 2, 3], length: 3))
        #expect(try other.receive(9).bytes == [])
        #expect(try other.receive(2, .MSG_TRUNC) == Received(bytes: [4, 5], length: 4, flags: .MSG_TRUNC))
        #expect(throws: Errno.EAGAIN) { try other.read(1) }
        #expect(throws: Errno.EMSGSIZE) { try one.write([UInt8](repeating: 0, count: 213_000)) }
        let large = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        #expect(try one.write(large) == large.count)
        #expect(try other.read(200_000) == large)
      }
    }
  }

  @Test("Datagrams go to a name and say where they come from")
  func names() throws {
    try withWorld { world in
      let (one, other) = (try world.make(.SOCK_DGRAM), try world.make(.SOCK_DGRAM))
      try one.bind(.unix("@one"), by: world.caller)
      try other.bind(.unix("other"), by: world.caller)
      #expect(throws: Errno.ENOTCONN) { try one.write([1]) }
      #expect(throws: Errno.ECONNREFUSED) { try one.send([1], to: "@nobody", by: world.caller) }
      #expect(try one.send([1, 2], to: "other", by: world.caller) == 2)
      #expect(try other.receive(9) == Received(bytes: [1, 2], length: 2, from: "@one"))
      #expect(try other.send([3], to: "@one", by: world.caller) == 1)
      #expect(try one.receive(9) == Received(bytes: [3], length: 1, from: "other@"))
      // A stream of the same abstract name is another.
      let stream = try world.listener("@one")
      #expect(stream.isListening)
    }
  }

  @Test("A connected one takes from its peer only, and loses it when that is closed")
  func connected() throws {
    try withWorld { world in
      let sender = try world.make(.SOCK_DGRAM)
      var receiver: SocketFile? = try world.make(.SOCK_DGRAM)
      try receiver?.bind(.unix("@receiver"), by: world.caller)
      try sender.connect(to: .unix("@receiver"), by: world.caller)
      #expect(try sender.write([1]) == 1)
      try sender.bind(.unix("@sender"), by: world.caller)
      try receiver?.connect(to: .unix("@sender"), by: world.caller)
      let stranger = try world.make(.SOCK_DGRAM)
      #expect(throws: Errno.EPERM) { try stranger.send([1], to: "@receiver", by: world.caller) }
      #expect(throws: Errno.EPERM) { try stranger.connect(to: .unix("@receiver"), by: world.caller) }
      receiver = nil
      #expect(throws: Errno.ECONNREFUSED) { try sender.write([1]) }
      #expect(throws: Errno.ENOTCONN) { try sender.write([1]) }
      // AF_UNSPEC takes a peer away.
      let (one, other) = try world.pair(.SOCK_DGRAM)
      _ = try other.write([1])
      try one.connect(to: .bare(0), by: world.caller)
      #expect(throws: Errno.EAGAIN) { try one.read(1) }
      #expect(throws: Errno.ECONNRESET) { try other.read(1) }
    }
  }

  @Test("A receiver that reads nothing is full, and poll of the sender says so")
  func full() throws {
    try withWorld { world in
      let (sender, receiver) = (try world.make(.SOCK_DGRAM), try world.make(.SOCK_DGRAM))
      try receiver.bind(.unix("@slow"), by: world.caller)
      try sender.connect(to: .unix("@slow"), by: world.caller)
      for index in 0..<11 { _ = try sender.write([UInt8(index)]) }
      #expect(throws: Errno.EAGAIN) { try sender.write([1]) }
      #expect(sender.poll() == [])
      #expect(try receiver.read(1) == [0])
      #expect(sender.poll().contains(.output))
      #expect(try sender.write([1]) == 1)
    }
  }

  @Test("Packets need a connection, and end with it")
  func packets() throws {
    try withWorld { world in
      #expect(throws: Errno.ENOTCONN) { try world.make(.SOCK_SEQPACKET).write([1]) }
      #expect(throws: Errno.ENOTCONN) { try world.make(.SOCK_SEQPACKET).read(1) }
      let listener = try world.listener("@packets", .SOCK_SEQPACKET)
      let client = try world.make(.SOCK_SEQPACKET)
      try client.connect(to: .unix("@packets"), by: world.caller)
      var server: SocketFile? = try listener.accept(.O_NONBLOCK, by: world.caller)
      #expect(try client.write([1, 2]) == 2)
      #expect(try server?.read(1) == [1])
      #expect(try server?.write([3]) == 1)
      server = nil
      #expect(server == nil)
      #expect(try client.read(9) == [3])
      #expect(try client.read(9) == [])
      #expect(throws: Errno.EPIPE) { try client.write([1]) }
    }
  }

  @Test("Families and types that there are not are refused")
  func refused() throws {
    try withWorld { world in
      #expect(throws: Errno.EAFNOSUPPORT) { try Sockets.family(2) }
      #expect(throws: Errno.ESOCKTNOSUPPORT) { try world.make(.SOCK_RDM) }
      #expect(throws: Errno.EPROTONOSUPPORT) {
        try Sockets.family(1).makeSocket(.SOCK_STREAM, protocolNumber: 6, [], by: world.caller)
      }
      #expect(try world.make(.SOCK_RAW).type == .SOCK_DGRAM)
      let socket = try world.make(.SOCK_STREAM)
      var name = GrowableArray<UInt8>()
      try world.actor.describe(socket.path, into: &name)
      var bytes: [UInt8] = []
      for index in 0..<name.count { bytes.append(name[index]) }
      #expect(String(decoding: bytes, as: UTF8.self) == "socket:[\(socket.inode.number)]")
      #expect(socket.inode.kind == .socket)
    }
  }

  @Test("Options are kept, and those that cannot be are refused")
  func options() throws {
    try withWorld { world in
      let socket = try world.make(.SOCK_STREAM)
      func number(_ option: SocketOption) throws -> Int32 {
        let value = try socket.socketOption(Int32(option.rawValue))
        return Int32(bitPattern: value.bytes.load(UInt32.self, at: 0))
      }
      func set(_ option: SocketOption, _ numbers: [Int32], by caller: SocketCaller? = nil) throws(Errno) {
        let bytes = numbers.flatMap { number in
          (0..<4).map { UInt8(truncatingIfNeeded: UInt32(bitPattern: number) >> ($0 * 8)) }
        }
        try socket.setSocketOption(Int32(option.rawValue), bytes.span, by: caller ?? world.caller)
      }
      #expect(try number(.SO_TYPE) == 1 && number(.SO_DOMAIN) == 1 && number(.SO_PROTOCOL) == 0)
      #expect(try number(.SO_ACCEPTCONN) == 0 && number(.SO_ERROR) == 0 && number(.SO_SNDBUF) == 212_992)
      try set(.SO_SNDBUF, [10_000])
      #expect(try number(.SO_SNDBUF) == 20_000)
      try set(.SO_SNDBUF, [1])
      #expect(try number(.SO_SNDBUF) == 4_608)
      try set(.SO_REUSEADDR, [5])
      try set(.SO_KEEPALIVE, [1])
      #expect(try number(.SO_REUSEADDR) == 1 && number(.SO_KEEPALIVE) == 1)
      #expect(throws: Errno.ENOPROTOOPT) { try set(.SO_TYPE, [1]) }
      #expect(throws: Errno.ENOPROTOOPT) { try socket.socketOption(12_345) }
      #expect(throws: Errno.EINVAL) { try set(.SO_REUSEADDR, []) }
      #expect(throws: Errno.EDOM) { try set(.SO_RCVTIMEO, [1, 0, 1_000_000, 0]) }
      #expect(throws: Errno.EPERM) { try set(.SO_SNDBUFFORCE, [1], by: world.stranger()) }
      try set(.SO_RCVTIMEO, [1, 0, 500_000, 0])
      #expect(try socket.socketOption(20).count == 16 && number(.SO_RCVTIMEO) == 1)
      #expect(!socket.restartsReceiving && socket.restartsSending)
      #expect(throws: Errno.EOPNOTSUPP) { try socket.option(level: 6, 1) }
    }
  }
}
