import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@testable import TerminalFiles
@testable import Terminals

@Suite("Signals of terminals that are ready", .serialized)
struct ReadinessTests {
  @Test("The owners of both ends are told of input, of room only once there was too little, and of nothing at the end")
  func events() throws {
    try TestTree.run { tree in
      var master: OpenFile? = try tree.open("ptmx", [.O_RDWR, .O_NONBLOCK])
      try tree.fileSystem.terminals.unlockForTest(0)
      let slave = try tree.open("pts/0", [.O_RDWR, .O_NONBLOCK, .O_NOCTTY])
      #expect(slave.defaultOwnerGroup == 0 && master?.defaultOwnerGroup == 0)
      let owner = try NotingOwner(of: slave)
      do {
        let other = try NotingOwner(of: try #require(master))
        try master?.write("hello\n")
        // The master is given the echo.
        #expect(owner.take() == [.input] && other.take() == [.input])
        _ = try slave.read(100)
        _ = try master?.read(100)
        // A handler that writes is not called for that again.
        try slave.write("hello")
        #expect(owner.take().isEmpty && other.take() == [.input])
        while (try? slave.write([UInt8](repeating: 65, count: 4_096))) != nil {}
        #expect(owner.take().isEmpty && other.take() == [.input])
        while let count = try? master?.read(65_536).count, count > 0 {}
        #expect(owner.take() == [.output])
        try slave.write("x")
        _ = try master?.read(9)
        #expect(owner.take().isEmpty)
        master?.endDescriptor()
      }
      master = nil
      #expect(owner.take().isEmpty)
      slave.endDescriptor()
    }
  }
}
