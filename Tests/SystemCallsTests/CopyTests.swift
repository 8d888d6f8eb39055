import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@Suite("Calls that move bytes between files", .serialized)
struct CopyTests {
  @Test("sendfile goes from a file with a position to anything")
  func sendfile() throws {
    try Program.run { program in
      let long = String(repeating: "0123456789", count: 1_000)
      program.make("/f")
      #expect(program.open("/f", .O_RDWR) == 0 && program.open("/g", [.O_CREAT, .O_RDWR]) == 1)
      #expect(program.call(.write, 0, program.text(long), 10_000) == 10_000)
      #expect(program.call(.sendfile, 1, 0, 0, 100) == 0)
      program.call(.lseek, 0, 5, 0)
      #expect(program.call(.sendfile, 1, 0, 0, 9_000) == 9_000)
      #expect(program.call(.lseek, 0, 0, 1) == 9_005 && program.call(.lseek, 1, 0, 1) == 9_000)
      let offset = program.words(9_990)
      #expect(program.call(.sendfile, 1, 0, offset, 100) == 10 && program.number(offset) == 10_000)
      #expect(program.call(.lseek, 0, 0, 1) == 9_005)
      let room = program.room(16)
      #expect(program.call(.pread64, 1, room, 16, 8_995) == 15)
      #expect(program.string(room, 15) == "012340123456789")
      let pair = program.room(8)
      program.call(.pipe, pair)
      #expect(program.call(.sendfile, 3, 0, program.words(1), 3) == 3 && program.call(.read, 2, room, 16) == 3)
      #expect(program.string(room, 3) == "123")
      #expect(program.call(.sendfile, 1, 2, 0, 3) == .error(.EINVAL))
      #expect(program.call(.sendfile, 1, 2, program.words(0), 3) == .error(.ESPIPE))
      #expect(program.call(.sendfile, 1, 0, program.words(.max), 3) == .error(.EINVAL))
      #expect(program.call(.sendfile, 1, 0, Program.hole, 3) == .error(.EFAULT))
      #expect(program.call(.sendfile, 1, 9, 0, 3) == .error(.EBADF))
      #expect(program.call(.sendfile, 2, 0, 0, 3) == .error(.EBADF))
      program.call(.close, 2)
      #expect(program.call(.sendfile, 3, 0, program.words(0), 3) == .error(.EPIPE))
    }
  }

  @Test("copy_file_range copies between ordinary files, not over itself")
  func ranges() throws {
    try Program.run { program in
      program.make("/f", "0123456789")
      #expect(program.open("/f", .O_RDWR) == 0 && program.open("/g", [.O_CREAT, .O_RDWR]) == 1)
      let (from, to) = (program.words(2), program.words(4))
      #expect(program.call(.copy_file_range, 0, from, 1, to, 5, 0) == 5)
      #expect(program.number(from) == 7 && program.number(to) == 9)
      #expect(program.content("/g") == "\0\0\0\0" + "23456")
      #expect(program.call(.copy_file_range, 0, 0, 1, 0, 100, 0) == 10)
      #expect(program.call(.lseek, 0, 0, 1) == 10 && program.call(.lseek, 1, 0, 1) == 10)
      #expect(program.call(.copy_file_range, 0, program.words(0), 0, program.words(5), 5, 0) == 5)
      #expect(program.content("/f") == "0123401234")
      #expect(program.call(.copy_file_range, 0, program.words(0), 0, program.words(4), 5, 0) == .error(.EINVAL))
      #expect(program.call(.copy_file_range, 0, 0, 1, 0, 5, 1) == .error(.EINVAL))
      #expect(program.open("/") == 2)
      #expect(program.call(.copy_file_range, 2, 0, 1, 0, 5, 0) == .error(.EISDIR))
      #expect(program.call(.copy_file_range, 0, program.words(.max), 1, 0, 5, 0) == .error(.EINVAL))
    }
  }

  @Test("splice moves bytes into pipes, between them and out of them; tee copies them")
  func splice() throws {
    try Program.run { program in
      program.make("/f", String(repeating: "a", count: 4_000) + String(repeating: "b", count: 4_000))
      #expect(program.open("/f", .O_RDWR) == 0 && program.open("/g", [.O_CREAT, .O_RDWR]) == 1)
      let pairs = program.room(16)
      program.call(.pipe2, pairs, 0x800)
      program.call(.pipe2, pairs + 8, 0x800)
      let offset = program.words(1_000)
      #expect(program.call(.splice, 0, offset, 3, 0, 5_000, 0) == 5_000 && program.number(offset) == 6_000)
      #expect(program.call(.tee, 2, 5, 4_500, 0) == 4_500)
      #expect(program.call(.splice, 2, 0, 5, 0, 1 << 20, 0) == 5_000)
      #expect(program.call(.splice, 2, 0, 5, 0, 1 << 20, 0) == .error(.EAGAIN))
      #expect(program.call(.splice, 4, 0, 1, program.words(10), 1 << 20, 0) == 9_500)
      let room = program.room(16)
      #expect(program.call(.pread64, 1, room, 2, 3_009) == 2 && program.string(room, 2) == "ab")
      #expect(program.call(.pread64, 1, room, 2, 7_509) == 2 && program.string(room, 2) == "ab")
      #expect(program.call(.splice, 0, 0, 3, 0, 10, 0) == 10 && program.call(.lseek, 0, 0, 1) == 10)
      #expect(program.call(.splice, 2, 0, 1, 0, 4, 0) == 4 && program.call(.lseek, 1, 0, 1) == 4)
      // What is not wanted stays.
      #expect(program.call(.read, 2, room, 16) == 6)
      #expect(program.call(.splice, 0, 0, 1, 0, 4, 0) == .error(.EINVAL))
      #expect(program.call(.splice, 2, program.words(0), 1, 0, 4, 0) == .error(.ESPIPE))
      #expect(program.call(.splice, 0, 0, 3, program.words(0), 4, 0) == .error(.ESPIPE))
      #expect(program.call(.splice, 2, 0, 3, 0, 4, 0) == .error(.EINVAL))
      #expect(program.call(.splice, 2, 0, 1, 0, 4, 16) == .error(.EINVAL))
      #expect(program.call(.splice, 9, 0, 9, 0, 0, 0) == 0)
      #expect(program.call(.tee, 2, 1, 4, 0) == .error(.EINVAL))
    }
  }

  @Test("pieces of memory go into pipes and come out of them")
  func vmsplice() throws {
    try Program.run { program in
      let pair = program.room(8)
      program.call(.pipe, pair)
      let room = program.room(16)
      #expect(program.call(.vmsplice, 1, program.words(program.text("ab"), 2, program.text("c"), 1), 2, 0) == 3)
      #expect(program.call(.vmsplice, 0, program.words(room, 16), 1, 0) == 3 && program.string(room, 3) == "abc")
      #expect(program.call(.vmsplice, 0, program.words(room, 16), 1, 2) == .error(.EAGAIN))
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 2)
      #expect(program.call(.vmsplice, 2, program.words(room, 16), 1, 0) == .error(.EBADF))
    }
  }

  @Test("files in memory are sealed for ever")
  func memoryFiles() throws {
    try Program.run { program in
      let name = program.text("x")
      #expect(program.call(.memfd_create, name, 3) == 0 && program.call(.fcntl, 0, 1) == 1)
      #expect(program.call(.write, 0, program.room(100), 100) == 100)
      #expect(program.call(.fcntl, 0, 1034) == 0 && program.call(.fcntl, 0, 1033, 2) == 0)
      #expect(program.call(.ftruncate, 0, 50) == .error(.EPERM) && program.call(.ftruncate, 0, 200) == 0)
      #expect(program.call(.fcntl, 0, 1033, 4) == 0 && program.call(.fcntl, 0, 1034) == 6)
      #expect(program.call(.ftruncate, 0, 201) == .error(.EPERM))
      #expect(program.call(.pwrite64, 0, program.room(2), 2, 199) == .error(.EPERM))
      #expect(program.call(.fallocate, 0, 0, 199, 2) == .error(.EPERM))
      #expect(program.call(.pwrite64, 0, program.room(2), 2, 198) == 2)
      #expect(program.call(.fcntl, 0, 1033, 0x40) == .error(.EINVAL))
      #expect(program.call(.fcntl, 0, 1033, 8) == 0 && program.call(.write, 0, program.room(2), 2) == .error(.EPERM))
      #expect(program.call(.fallocate, 0, 3, 0, 50) == .error(.EPERM))
      #expect(program.call(.fcntl, 0, 1033, 1) == 0 && program.call(.fcntl, 0, 1033, 2) == .error(.EPERM))
      #expect(program.call(.memfd_create, name, 0) == 1 && program.call(.fcntl, 1, 1034) == 1)
      #expect(program.call(.fcntl, 1, 1033, 2) == .error(.EPERM))
      #expect(program.call(.memfd_create, name, 8) == 2 && program.call(.fchmod, 2, 0o777) == .error(.EPERM))
      #expect(program.call(.fchmod, 2, 0o600) == 0 && program.call(.fchmod, 1, 0o700) == 0)
      for flags in [UInt64(4), 0x18, 0x20] { #expect(program.call(.memfd_create, name, flags) == .error(.EINVAL)) }
      let long = program.text(String(repeating: "x", count: 249))
      #expect(program.call(.memfd_create, long, 0) == 3)
      #expect(program.call(.memfd_create, program.text(String(repeating: "x", count: 250)), 0) == .error(.EINVAL))
      var text = GrowableArray<UInt8>()
      try program.task.actor.describe(program.task.files.file(Descriptor(rawValue: 0)).path, into: &text)
      var bytes: [UInt8] = []
      for index in 0..<text.count { bytes.append(text[index]) }
      #expect(String(decoding: bytes, as: UTF8.self) == "/memfd:x (deleted)")
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 4 && program.call(.fcntl, 4, 1034) == 1)
      #expect(program.open("/") == 5 && program.call(.fcntl, 5, 1034) == .error(.EINVAL))
    }
  }
}
