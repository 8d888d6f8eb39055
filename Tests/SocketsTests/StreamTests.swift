import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Sockets
import Synchronization
import Testing
import VFS

import class Foundation.DispatchSemaphore
import class Foundation.Thread
import struct Waiting.PollEvents

@Suite("Local streams", .serialized)
struct StreamTests {
  private static let writable: Waiting.PollEvents = [.output, .writeNormal, .writeBand]

  @Test("What is sent is received in order, however it was cut, and never more than there is room for")
  func order() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      #expect(throws: Errno.EAGAIN) { try other.read(1) }
      #expect(try one.write([1, 2, 3]) == 3)
      #expect(try one.write([4, 5]) == 2)
      #expect(try other.read(4) == [1, 2, 3, 4])
      #expect(try other.read(4) == [5])
      let large = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
      #expect(try one.write(large) == 100_000)
      var got: [UInt8] = []
      while got.count < large.count { got += try other.read(7_777) }
      #expect(got == large)
      // As much as Linux takes, within a message.
      let sent = try one.write([UInt8](repeating: 1, count: 1_000_000))
      #expect(sent >= 212_992 && sent <= 212_992 * 5 / 4)
      #expect(throws: Errno.EAGAIN) { try one.write([1]) }
      #expect(one.poll() == [])
    }
  }

  @Test("A socket that is closed is an end to read, an error to write, and a reset when it had not read all")
  func ends() throws {
    try withWorld { world in
      var (one, other): (SocketFile?, SocketFile?) = try world.pair(.SOCK_STREAM)
      #expect(one?.poll() == Self.writable)
      #expect(try one?.write([1]) == 1)
      one = nil
      #expect(other?.poll() == Self.writable.union([.input, .readNormal, .readHangUp, .hangUp]))
      #expect(try other?.read(5) == [1])
      #expect(try other?.read(5) == [])
      #expect(throws: Errno.EPIPE) { try other?.write([1]) }
      (one, other) = try world.pair(.SOCK_STREAM)
      #expect(try one?.write([1]) == 1)
      other = nil
      #expect(one?.poll().contains(.error) == true)
      #expect(throws: Errno.ECONNRESET) { try one?.read(5) }
      #expect(try one?.read(5) == [])
      #expect(throws: Errno.EPIPE) { try one?.write([1]) }
    }
  }

  @Test("Each direction ends for itself")
  func halfClose() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      _ = try one.write([1])
      try one.shutDown(.SHUT_WR)
      #expect(throws: Errno.EPIPE) { try one.write([1]) }
      #expect(try other.read(9) == [1])
      #expect(try other.read(9) == [])
      #expect(other.poll() == Self.writable.union([.input, .readNormal, .readHangUp]))
      #expect(try other.write([2]) == 1)
      #expect(try one.read(9) == [2])
      try one.shutDown(.SHUT_RD)
      #expect(throws: Errno.EPIPE) { try other.write([1]) }
      #expect(try one.read(9) == [])
      #expect(one.poll().contains(.hangUp))
    }
  }

  @Test("Without a connection there is nothing to send to, and each call says so in its way")
  func unconnected() throws {
    try withWorld { world in
      let socket = try world.make(.SOCK_STREAM)
      #expect(socket.poll() == Self.writable.union(.hangUp))
      #expect(throws: Errno.ENOTCONN) { try socket.write([1]) }
      #expect(throws: Errno.EINVAL) { try socket.read(1) }
      #expect(throws: Errno.ENOTCONN) { try socket.peerAddress() }
      #expect(throws: Errno.EOPNOTSUPP) { try socket.send([1], to: "@x", by: world.caller) }
      #expect(throws: Errno.EINVAL) { try socket.listen(1, by: world.caller) }
      #expect(throws: Errno.EINVAL) { try socket.accept([], by: world.caller) }
      #expect(try socket.address().count == 2)
      #expect(throws: Errno.ECONNREFUSED) { try socket.connect(to: .unix("@nobody"), by: world.caller) }
      #expect(throws: Errno.ENOENT) { try socket.connect(to: .unix("nobody"), by: world.caller) }
      #expect(throws: Errno.EINVAL) { try socket.connect(to: .bare(2), by: world.caller) }
      let (one, _) = try world.pair(.SOCK_STREAM)
      #expect(throws: Errno.EISCONN) { try one.send([1], to: "@x", by: world.caller) }
      #expect(throws: Errno.EOPNOTSUPP) { try one.send([1], .MSG_OOB, by: world.caller) }
      #expect(throws: Errno.EOPNOTSUPP) { try world.make(.SOCK_DGRAM).accept([], by: world.caller) }
    }
  }

  @Test("Who connects to a name is accepted, with names and credentials on both sides")
  func connecting() throws {
    try withWorld { world in
      for name in ["socket", "@abstract"] {
        let listener = try world.listener(name)
        #expect(listener.isListening && listener.poll() == [])
        #expect(throws: Errno.EAGAIN) { try listener.accept([], by: world.caller) }
        let client = try world.make(.SOCK_STREAM)
        try client.connect(to: .unix(name), by: world.caller)
        #expect(listener.poll() == [.input, .readNormal])
        #expect(try client.write([9]) == 1)
        let server = try listener.accept(.O_NONBLOCK, by: world.caller)
        #expect(try server.read(5) == [9])
        #expect(try client.peerAddress().text == (name == "socket" ? "socket@" : name))
        #expect(try server.address().text == client.peerAddress().text)
        #expect(try server.peerAddress().count == 2)
        #expect(client.peerIdentity == SocketIdentity(process: 7, user: 0, group: 0))
        #expect(server.peerIdentity == client.peerIdentity)
        #expect(throws: Errno.EISCONN) { try client.connect(to: .unix(name), by: world.caller) }
        #expect(throws: Errno.EADDRINUSE) { try world.make(.SOCK_STREAM).bind(.unix(name), by: world.caller) }
        #expect(throws: Errno.EINVAL) { try listener.bind(.unix("@other"), by: world.caller) }
      }
    }
  }

  @Test("A name in the file system is a file: it has permissions, a type, and stays when the socket is gone")
  func paths() throws {
    try withWorld { world in
      var listener: SocketFile? = try world.listener("name")
      let path = Array("name".utf8)
      let found = try world.actor.find(path.span)
      #expect(found.inode.kind == .socket && found.inode.attributes.withLock { $0.permissions } == 0o755)
      let client = try world.make(.SOCK_STREAM)
      #expect(throws: Errno.EACCES) { try client.connect(to: .unix("name"), by: world.stranger()) }
      #expect(throws: Errno.EACCES) { try client.bind(.unix("other"), by: world.stranger()) }
      #expect(throws: Errno.EPROTOTYPE) { try world.make(.SOCK_DGRAM).connect(to: .unix("name"), by: world.caller) }
      #expect(throws: Errno.ENXIO) { try world.actor.open(path.span, .O_RDWR) }
      listener = nil
      #expect(listener == nil)
      #expect(throws: Errno.ECONNREFUSED) { try client.connect(to: .unix("name"), by: world.caller) }
      #expect(throws: Errno.EADDRINUSE) { try client.bind(.unix("name"), by: world.caller) }
      try world.actor.remove(path.span, .file)
      try client.bind(.unix("name"), by: world.caller)
      let tooMany = [UInt8](repeating: 1, count: 129)
      #expect(throws: Errno.EINVAL) { _ = try SocketAddress(tooMany.span) }
      let long = SocketAddress.unix(String(repeating: "x", count: 109))
      #expect(throws: Errno.EINVAL) { try world.make(.SOCK_STREAM).bind(long, by: world.caller) }
    }
  }

  @Test("A bind that asks for no name gets one, and each another")
  func automaticNames() throws {
    try withWorld { world in
      let (one, other) = (try world.make(.SOCK_STREAM), try world.make(.SOCK_STREAM))
      for socket in [one, other] { try socket.bind(.bare(1), by: world.caller) }
      let (name, second) = (try one.address(), try other.address())
      #expect(name.count == 8 && name.text.first == "@" && second.count == 8)
      #expect(name.text != second.text)
    }
  }

  @Test("Those who connect wait while too many are not accepted; closing the one that listens resets them")
  func backlog() throws {
    try withWorld { world in
      var listener: SocketFile? = try world.listener("@full", backlog: 1)
      let clients = try (0..<3).map { _ in try world.make(.SOCK_STREAM) }
      try clients[0].connect(to: .unix("@full"), by: world.caller)
      try clients[1].connect(to: .unix("@full"), by: world.caller)
      #expect(throws: Errno.EAGAIN) { try clients[2].connect(to: .unix("@full"), by: world.caller) }
      let accepted = try listener?.accept([], by: world.caller)
      try clients[2].connect(to: .unix("@full"), by: world.caller)
      listener = nil
      #expect(throws: Errno.ECONNRESET) { try clients[1].read(1) }
      #expect(try clients[1].read(1) == [])
      #expect(try clients[0].write([1]) == 1)
      #expect(accepted?.poll().contains(.input) == true)
      #expect(throws: Errno.ECONNREFUSED) { try world.make(.SOCK_STREAM).connect(to: .unix("@full"), by: world.caller) }
    }
  }

  @Test("MSG_PEEK leaves what it shows, and MSG_WAITALL takes what there is at the end")
  func flags() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      _ = try one.write([1, 2])
      _ = try one.write([3])
      #expect(try other.receive(9, .MSG_PEEK).bytes == [1, 2, 3])
      #expect(try other.receive(2, .MSG_PEEK).bytes == [1, 2])
      try one.shutDown(.SHUT_WR)
      #expect(try other.receive(9, .MSG_WAITALL).bytes == [1, 2, 3])
      #expect(try other.receive(9).bytes == [])
      #expect(try other.read(0) == [])
    }
  }

  @Test("Two threads move a million bytes through a blocking pair, and nothing is lost")
  func threads() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM, [])
      let done = DispatchSemaphore(value: 0)
      let total = 1_000_000
      let sender = Sender(one, total)
      let thread = Thread {
        sender.run()
        done.signal()
      }
      thread.start()
      var (count, next, isRight) = (0, UInt8(0), true)
      while count < total {
        let bytes = try other.read(50_000)
        if bytes.isEmpty { break }
        for byte in bytes {
          if byte != next { isRight = false }
          next &+= 1
        }
        count += bytes.count
      }
      done.wait()
      #expect(isRight && count == total)
    }
  }

  @Test("Threads that connect, talk and close meet one that accepts")
  func connectingThreads() throws {
    try withWorld { world in
      let listener = try world.make(.SOCK_STREAM, [])
      try listener.bind(.unix("@meeting"), by: world.caller)
      try listener.listen(2, by: world.caller)
      let done = DispatchSemaphore(value: 0)
      let (threads, rounds) = (2, 100)
      for _ in 0..<threads {
        let client = Client(world, rounds)
        let thread = Thread {
          client.run()
          done.signal()
        }
        thread.start()
      }
      var sum = 0
      for _ in 0..<threads * rounds {
        let socket = try listener.accept([], by: world.caller)
        sum += try socket.read(3).count
        _ = try socket.write([1])
      }
      for _ in 0..<threads { done.wait() }
      #expect(sum == threads * rounds * 3)
    }
  }
}

/// Who sends, in a thread of its own.
private final class Sender: @unchecked Sendable {
  private let socket: SocketFile
  private let total: Int

  init(_ socket: SocketFile, _ total: Int) { (self.socket, self.total) = (socket, total) }

  func run() {
    var (sent, next) = (0, UInt8(0))
    while sent < total {
      let bytes = (0..<min(30_001, total - sent)).map { next &+ UInt8(truncatingIfNeeded: $0) }
      guard let count = try? socket.write(bytes) else { return }
      sent += count
      next &+= UInt8(truncatingIfNeeded: count)
    }
  }
}

/// Who connects, in a thread of its own.
private final class Client: @unchecked Sendable {
  private let world: World
  private let rounds: Int

  init(_ world: World, _ rounds: Int) { (self.world, self.rounds) = (world, rounds) }

  func run() {
    for _ in 0..<rounds {
      guard let socket = try? world.make(.SOCK_STREAM, []) else { return }
      do {
        try socket.connect(to: .unix("@meeting"), by: world.caller)
        _ = try socket.write([1, 2, 3])
        _ = try socket.read(1)
      } catch { return }
    }
  }
}
