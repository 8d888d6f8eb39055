import FileTestSupport
import Foundations
import KernelEvents
import LinuxABI
import Machine
import Testing
import VFS

import class Foundation.DispatchSemaphore
import class Foundation.Thread

@testable import Sockets

@Suite("Threads and sockets of AF_NETLINK", .serialized)
struct NetlinkThreadTests {
  @Test("Who sends to a port that is full waits, and nothing is lost or out of order")
  func waiting() throws {
    try withWorld { world in
      let family = try Sockets.family(16)
      let receiver = try family.makeSocket(.SOCK_RAW, protocolNumber: 15, [], by: world.caller)
      try receiver.bind(.netlink(port: 5_000, groups: 0), by: world.caller)
      let small: [UInt8] = [1, 0, 0, 0]
      try receiver.setSocketOption(8, small.span, by: world.caller)
      let sender = try family.makeSocket(.SOCK_RAW, protocolNumber: 15, [], by: world.caller)
      try sender.connect(to: .netlink(port: 5_000, groups: 0), by: world.caller)
      let done = DispatchSemaphore(value: 0)
      let work = Repeater { count in (try? sender.write([UInt8(count)])) == 1 }
      Thread {
        work.run(200)
        done.signal()
      }.start()
      for count in 0..<200 { #expect(try receiver.read(4) == [UInt8(count)]) }
      done.wait()
      #expect(work.isRight)
    }
  }

  @Test("Sockets come and go while events are sent, and each gets them in the order of their numbers")
  func coming() throws {
    try withWorld { world in
      let family = try Sockets.family(16)
      let done = DispatchSemaphore(value: 0)
      let path = Array("devices/x".utf8)
      let events = Repeater { _ in
        (try? KernelEvents.broadcast(KernelEvent(.change, path: path.span, subsystem: "test"))) != nil
      }
      let sockets = Repeater { _ in
        guard let socket = try? family.makeSocket(.SOCK_RAW, protocolNumber: 15, [], by: world.caller) else {
          return false
        }
        return (try? socket.bind(.netlink(port: 0, groups: 1), by: world.caller)) != nil
      }
      let listener = try family.makeSocket(.SOCK_RAW, protocolNumber: 15, [], by: world.caller)
      try listener.bind(.netlink(port: 0, groups: 1), by: world.caller)
      for work in [events, sockets] {
        Thread {
          work.run(150)
          done.signal()
        }.start()
      }
      var last: Int?
      var isRising = true
      for _ in 0..<150 {
        let text = String(decoding: try listener.read(1_000).dropLast(), as: UTF8.self)
        let number = try #require(Int(text.split(separator: "=").last ?? ""))
        if let last, number != last + 1 { isRising = false }
        last = number
      }
      for _ in 0..<2 { done.wait() }
      #expect(isRising && events.isRight && sockets.isRight)
    }
  }
}

/// Does something again and again, in a thread of its own.
private final class Repeater: @unchecked Sendable {
  private let body: (Int) -> Bool
  /// Whether it went well each time; read when the thread has ended.
  private(set) var isRight = true

  init(_ body: @escaping (Int) -> Bool) { self.body = body }

  func run(_ count: Int) { for turn in 0..<count where !body(turn) { isRight = false } }
}
