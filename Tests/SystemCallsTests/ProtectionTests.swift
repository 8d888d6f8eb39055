import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@Suite("Protections of files", .serialized)
struct ProtectionTests {
  private func mode(_ path: String, _ program: Program) -> UInt64 {
    let room = program.room(144)
    return program.call(.stat, program.text(path), room) == 0 ? program.number(room + 24, width: 4) & 0o7777 : 0
  }

  @Test("nothing is cut off a program that runs, whatever the file is opened for")
  func runningProgram() throws {
    try Program.run { program in
      program.make("/f", "hello")
      let inode = try program.task.actor.find(Array("/f".utf8).span).inode
      try inode.beginExecuting()
      #expect(program.open("/f", .O_TRUNC) == .error(.ETXTBSY) && program.content("/f") == "hello")
      inode.endExecuting()
      #expect(program.open("/f", .O_TRUNC) == 0 && program.content("/f") == "")
      // Nobody writes to it now.
      try inode.beginExecuting()
      inode.endExecuting()
    }
  }

  @Test("a file whose size somebody else changes gives nobody its owner's rights any more")
  func sizes() throws {
    try Program.run { program in
      for path in ["/f", "/g"] {
        program.make(path, "hello")
        #expect(program.call(.chmod, program.text(path), 0o6777) == 0)
      }
      program.become(1_000)
      #expect(program.open("/f", .O_RDWR) == 0 && program.call(.ftruncate, 0, 2) == 0 && mode("/f", program) == 0o777)
      #expect(program.call(.truncate, program.text("/g"), 2) == 0 && mode("/g", program) == 0o777)
    }
  }

  @Test("a file without a name gets one unless it was made with O_EXCL")
  func namelessFiles() throws {
    try Program.run { program in
      let empty = program.text("")
      for (number, flags) in [OpenFlags.O_RDWR.union(.O_TMPFILE), [.O_RDWR, .O_TMPFILE, .O_EXCL]].enumerated() {
        #expect(program.open("/", flags) == Int64(number))
      }
      // AT_EMPTY_PATH.
      #expect(program.call(.linkat, 0, empty, Program.here, program.text("/one"), 0x1000) == 0)
      #expect(program.call(.linkat, 1, empty, Program.here, program.text("/two"), 0x1000) == .error(.ENOENT))
      #expect(program.open("/one") == 2 && program.open("/two") == .error(.ENOENT))
    }
  }

  @Test("links in directories of all are followed only as far as their owner may be trusted")
  func links() throws {
    try Program.run { program in
      program.make("/f", "x")
      program.call(.mkdir, program.text("/t"), 0o755)
      #expect(program.call(.chmod, program.text("/t"), 0o1777) == 0)
      let target = program.text("/f")
      #expect(program.call(.symlink, target, program.text("/t/root")) == 0)
      for (path, user) in [("/t/one", UInt64(1_000)), ("/t/two", 2_000)] {
        #expect(program.call(.symlink, target, program.text(path)) == 0)
        #expect(program.call(.lchown, program.text(path), user, user) == 0)
      }
      #expect(program.call(.symlink, program.text("/"), program.text("/t/directory")) == 0)
      #expect(program.call(.lchown, program.text("/t/directory"), 2_000, 2_000) == 0)
      // The superuser is not to be led astray either.
      #expect(program.open("/t/two") == .error(.EACCES))
      #expect(program.open("/t/two", [.O_CREAT, .O_RDWR]) == .error(.EACCES))
      program.become(1_000)
      #expect(program.open("/t/root") == 0 && program.open("/t/one") == 1 && program.open("/t/two") == .error(.EACCES))
      // In the middle of a path there is nothing to be made or opened.
      #expect(program.open("/t/directory/f") == 2)
      let room = program.room(144)
      #expect(program.call(.lstat, program.text("/t/two"), room) == 0)
      #expect(program.call(.stat, program.text("/t/two"), room) == .error(.EACCES))
    }
  }

  @Test("what others put into directories of all is not taken for what was to be made there")
  func files() throws {
    try Program.run { program in
      for (path, mode) in [("/t", UInt64(0o1777)), ("/g", 0o1775)] {
        program.call(.mkdir, program.text(path), 0o755)
        #expect(program.call(.chmod, program.text(path), mode) == 0)
        for (name, user) in [("/one", UInt64(1_000)), ("/two", 2_000), ("/root", 0)] {
          program.make(path + name, "x")
          #expect(program.call(.chmod, program.text(path + name), 0o666) == 0)
          #expect(program.call(.chown, program.text(path + name), user, user) == 0)
        }
        // S_IFIFO.
        #expect(program.call(.mknod, program.text(path + "/fifo"), 0x1000 | 0o666, 0) == 0)
        #expect(program.call(.chmod, program.text(path + "/fifo"), 0o666) == 0)
        #expect(program.call(.chown, program.text(path + "/fifo"), 2_000, 2_000) == 0)
      }
      let making: OpenFlags = [.O_CREAT, .O_RDWR]
      #expect(program.open("/t/two", making) == .error(.EACCES) && program.open("/t/two", .O_RDWR) == 0)
      program.become(1_000)
      #expect(program.open("/t/one", making) == 1 && program.open("/t/root", making) == 2)
      for path in ["/t/two", "/g/two", "/t/fifo"] { #expect(program.open(path, making) == .error(.EACCES)) }
      #expect(program.open("/t/two", making.union(.O_EXCL)) == .error(.EEXIST))
      #expect(program.open("/t/two", .O_RDWR) == 3 && program.open("/g/fifo", making) == 4)
    }
  }
}
