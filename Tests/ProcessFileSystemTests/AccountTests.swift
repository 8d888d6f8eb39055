import FileTestSupport
import Foundations
import LinuxABI
import Machine
import Security
import Testing
import VFS

@testable import ProcessFileSystem
@testable import Processes

@Suite("Who processes belong to, and what they use", .serialized)
struct AccountTests {
  @Test("who logged in is set by a process for itself, and changed with rights only")
  func logins() throws {
    try withWorld { world in
      #expect(try world.text("self/loginuid") == "4294967295")
      #expect(try world.text("self/sessionid") == "4294967295")
      let child = try world.fork(Credentials(user: UserID(rawValue: 7), group: GroupID(rawValue: 7)))
      #expect(throws: Errno.EPERM) { try world.write("7", to: "\(child.processIdentifier)/loginuid") }
      world.looking.task = child
      try world.write("7\n", to: "self/loginuid")
      #expect(try world.text("self/loginuid") == "7")
      let session = try world.text("self/sessionid")
      #expect(session != "4294967295")
      #expect(throws: Errno.EPERM) { try world.write("8", to: "self/loginuid") }
      #expect(try world.text("self/sessionid") == session)
      world.looking.task = world.first
      #expect(try world.text("self/loginuid") == "4294967295")
      for wrong in ["-1", "4294967296", "x"] {
        #expect(throws: Errno.EINVAL) { try world.write(wrong, to: "self/loginuid") }
      }
      try world.write("0", to: "self/loginuid")
      try world.write("4294967295", to: "self/loginuid")
      #expect(try world.text("self/sessionid") == "4294967295")
    }
  }

  @Test("sched and io have the lines that programs look for")
  func uses() throws {
    try withWorld { world in
      let lines = try world.text("self/sched").split(separator: "\n")
      #expect(lines[0] == "program (1, #threads: 1)")
      #expect(lines[1].count == 67)
      #expect(lines[2...].allSatisfy { Array($0.utf8)[45] == UInt8(ascii: ":") && $0.utf8.count == 67 })
      #expect(lines.last == "prio                                         :                  120")
      #expect(try world.text("self/io").split(separator: "\n").count == 7)
      #expect(try world.text("self/io").contains("\nwrite_bytes: 0\n"))
      #expect(try world.text("self/uid_map") == "         0          0 4294967295\n")
      #expect(throws: Errno.ENOENT) { try world.text("self/task/1/uid_map") }
    }
  }

  @Test("the filters of calls show in status")
  func filters() throws {
    try withWorld { world in
      #expect(try world.text("self/status").contains("\nSeccomp:\t0\nSeccomp_filters:\t0\n"))
      let program = [CallFilter.RawInstruction(code: 6, yes: 0, no: 0, constant: 0x7fff_0000)]
      let first = try CallFilter(program.span, besides: nil)
      world.first.setCallFilter(try CallFilter(program.span, besides: first))
      #expect(try world.text("self/status").contains("\nSeccomp:\t2\nSeccomp_filters:\t2\n"))
    }
  }

  @Test("a handle of a process says which, until that has been waited for")
  func handles() throws {
    try withWorld { world in
      let child = try world.fork()
      try? ProcessHandles.start(names: try DentryCache(bucketCount: 4), clock: FixedClock(seconds: 1_000))
      let handle = try ProcessHandles.open(child.process, .root)
      _ = try world.first.files.add(handle, limit: 100, closesOnExecution: false)
      #expect(try world.text("self/fdinfo/0").hasSuffix("\nPid:\t2\nNSpid:\t2\n"))
      #expect(try world.link("self/fd/0") == "anon_inode:[pidfd]")
      world.end(child)
      #expect(try world.text("self/fdinfo/0").hasSuffix("\nPid:\t2\nNSpid:\t2\n"))
      try world.reap(child)
      #expect(try world.text("self/fdinfo/0").hasSuffix("\nPid:\t-1\nNSpid:\t-1\n"))
    }
  }

  @Test("terminals' drivers are listed as ps reads them, if they are there")
  func terminals() throws {
    try withWorld { world in
      #expect(try world.text("tty/drivers") == "")
      let opener = SpecialFileOpener()
      try SpecialFiles.register(.characterDevice, major: 136, minors: 0..<(1 << 20), opener)
      defer { SpecialFiles.unregister(opener) }
      #expect(try world.text("tty/drivers") == "pty_slave            /dev/pts      136 0-1048575 pty:slave\n")
    }
  }
}
