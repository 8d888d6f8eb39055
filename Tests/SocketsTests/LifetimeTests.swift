import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Testing
import VFS

import class Foundation.DispatchSemaphore
import class Foundation.Thread

@testable import Sockets

@Suite("Lives of local sockets", .serialized)
struct LifetimeTests {
  /// Refers to sockets without keeping them.
  private final class Watch {
    weak var socket: SocketFile?
    weak var endpoint: UnixEndpoint?

    init(_ socket: SocketFile) {
      self.socket = socket
      endpoint = (socket as? UnixSocket)?.endpoint
    }

    var isGone: Bool { socket == nil && endpoint == nil }
  }

  @Test("Whatever sockets were doing when they were closed, nothing is left of them")
  func nothingLeft() throws {
    try withWorld { world in
      var watches: [Watch] = []
      do {
        for type in [SocketType.SOCK_STREAM, .SOCK_DGRAM, .SOCK_SEQPACKET] {
          let (one, other) = try world.pair(type)
          _ = try one.write([UInt8](repeating: 1, count: 10_000))
          _ = try other.write([1])
          watches += [Watch(one), Watch(other)]
        }
        // One accepted, one waiting, and one with its own end under way to it.
        for name in ["place", "@name"] {
          let listener = try world.listener(name)
          let clients = try (0..<2).map { _ in try world.make(.SOCK_STREAM) }
          for client in clients { try client.connect(to: .unix(name), by: world.caller) }
          try clients[1].send([1], files: [listener, clients[1]], by: world.caller)
          let server = try listener.accept([], by: world.caller)
          watches += [Watch(listener), Watch(server)] + clients.map { Watch($0) }
        }
        let loop = try world.make(.SOCK_DGRAM)
        try loop.bind(.unix("@loop"), by: world.caller)
        try loop.connect(to: .unix("@loop"), by: world.caller)
        try loop.send([1], files: [loop], by: world.caller)
        watches.append(Watch(loop))
      }
      _ = try world.make(.SOCK_STREAM)
      let left = watches.filter { !$0.isGone }.count
      #expect(left == 0)
      // Their names are free.
      _ = try world.listener("@name")
      _ = try world.listener("@loop", .SOCK_SEQPACKET)
    }
  }

  @Test("A wait ends at its time")
  func timeout() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM, [])
      let time: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 16, 39, 0, 0, 0, 0, 0, 0]
      for option in [SocketOption.SO_RCVTIMEO, .SO_SNDTIMEO] {
        try one.setSocketOption(Int32(option.rawValue), time.span, by: world.caller)
      }
      #expect(throws: Errno.EAGAIN) { try one.read(1) }
      let sent = try one.write([UInt8](repeating: 0, count: 1_000_000))
      #expect(sent > 0 && sent < 1_000_000)
      #expect(throws: Errno.EAGAIN) { try one.write([1]) }
      #expect(try other.receive(1, .MSG_DONTWAIT).bytes == [0])
      #expect(throws: Errno.EAGAIN) { try world.pair(.SOCK_DGRAM, []).0.receive(1, .MSG_DONTWAIT) }
    }
  }

  @Test("Datagrams of threads that wait for room arrive all, each thread's in order")
  func waitingSenders() throws {
    try withWorld { world in
      let receiver = try world.make(.SOCK_DGRAM, [])
      try receiver.bind(.unix("@busy"), by: world.caller)
      let done = DispatchSemaphore(value: 0)
      for number in 0..<2 {
        let worker = Worker {
          guard let socket = try? world.make(.SOCK_DGRAM, []) else { return }
          for index in 0..<100 {
            _ = try? socket.send([UInt8(number), UInt8(index)], to: "@busy", by: world.caller)
          }
        }
        worker.start(done)
      }
      var next: [UInt8] = [0, 0]
      for _ in 0..<200 {
        let bytes = try receiver.read(2)
        #expect(bytes.count == 2 && bytes[1] == next[Int(bytes[0])])
        next[Int(bytes[0])] += 1
      }
      for _ in 0..<2 { done.wait() }
      #expect(next == [100, 100])
    }
  }

  @Test("While threads pass sockets on and others close some, none that can be reached is emptied")
  func passingThreads() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM, [])
      let (rounds, done) = (200, DispatchSemaphore(value: 0))
      // Sends an end whose queue has a byte; its other end is closed at once.
      let sender = Worker {
        for index in 0..<rounds {
          guard let (inner, end) = try? world.pair(.SOCK_STREAM) else { return }
          _ = try? inner.write([UInt8(index)])
          end.beginDescriptor()
          _ = try? one.send([1], files: [end], by: world.caller)
          end.endDescriptor()
        }
      }
      // Makes sockets that are lost, and so has them looked for.
      let loser = Worker {
        for _ in 0..<rounds {
          guard let (lost, end) = try? world.pair(.SOCK_STREAM) else { return }
          _ = try? lost.send([1], files: [end, lost], by: world.caller)
        }
      }
      // Whoever receives has a descriptor of it.
      other.beginDescriptor()
      for worker in [sender, loser] { worker.start(done) }
      var right = 0
      for index in 0..<rounds {
        let files = try other.receiveFiles()
        if try (files.first as? SocketFile)?.read(9) == [UInt8(index)] { right += 1 }
      }
      for _ in 0..<2 { done.wait() }
      other.endDescriptor()
      #expect(right == rounds)
    }
  }
}

/// What a thread of its own does.
private final class Worker: @unchecked Sendable {
  private let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }

  func start(_ done: DispatchSemaphore) {
    let thread = Thread {
      self.body()
      done.signal()
    }
    thread.start()
  }
}
