import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@testable import Sockets

@Suite("Signals of sockets that are ready", .serialized)
struct ReadinessTests {
  @Test("The owner of a socket is told of what came, and of the other side's end")
  func stream() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      let owner = try NotingOwner(of: one)
      try other.write("hello")
      #expect(owner.take() == [.input])
      // What was sent is read: there always was room, so nobody is told of it.
      try one.write("hello")
      _ = try other.read(5)
      #expect(owner.take().isEmpty)
      try other.shutDown(.SHUT_WR)
      #expect(owner.take() == [.input])
      try other.shutDown(.SHUT_RDWR)
      #expect(owner.take() == [.hangUp])
      one.endDescriptor()
    }
  }

  @Test("Of room the owner is told once there was too little of it")
  func room() throws {
    try withWorld { world in
      let (one, other) = try world.pair(.SOCK_STREAM)
      let owner = try NotingOwner(of: one)
      while (try? one.write([UInt8](repeating: 1, count: 16_384))) != nil {}
      #expect(owner.take().isEmpty)
      while (try? other.read(65_536)) != nil {}
      #expect(owner.take() == [.output])
      try one.write("more")
      _ = try other.read(4)
      #expect(owner.take().isEmpty)
      one.endDescriptor()
    }
  }

  @Test("Who listens is told of connections")
  func connection() throws {
    try withWorld { world in
      let listener = try world.listener("@listener")
      let owner = try NotingOwner(of: listener)
      let client = try world.make(.SOCK_STREAM)
      try client.connect(to: .unix("@listener"), by: world.caller)
      #expect(owner.take() == [.input])
      listener.endDescriptor()
    }
  }
}
