import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@Suite("Calls that read and write", .serialized)
struct TransferTests {
  @Test("what is written is read, at the position and elsewhere")
  func transfers() throws {
    try Program.run { program in
      let file = program.open("/f", [.O_CREAT, .O_RDWR])
      #expect(file == 0)
      let (out, room) = (program.text("hello world"), program.room(16))
      #expect(program.call(.write, 0, out, 11) == 11)
      #expect(program.call(.read, 0, room, 16) == 0)
      #expect(program.call(.lseek, 0, 6, 0) == 6)
      #expect(program.call(.read, 0, room, 16) == 5)
      #expect(program.string(room, 5) == "world")
      #expect(program.call(.pread64, 0, room, 5, 0) == 5)
      #expect(program.string(room, 5) == "hello")
      #expect(program.call(.pwrite64, 0, program.text("J"), 1, 0) == 1)
      #expect(program.call(.lseek, 0, 0, 1) == 11)
      #expect(program.content("/f") == "Jello world")
      #expect(program.call(.lseek, 0, 0, 2) == 11)
      #expect(program.call(.lseek, 0, UInt64(bitPattern: -12), 2) == .error(.EINVAL))
      #expect(program.call(.lseek, 0, 0, 3) == 0 && program.call(.lseek, 0, 0, 4) == 11)
      #expect(program.call(.lseek, 0, 11, 3) == .error(.ENXIO))
      #expect(program.call(.lseek, 0, 0, 5) == .error(.EINVAL))
    }
  }

  @Test("a descriptor is looked at before the memory, and the memory before a byte is moved")
  func errors() throws {
    try Program.run { program in
      let bad: UInt64 = 0xffff_8000_0000_0000
      #expect(program.call(.read, 0, bad, 1) == .error(.EBADF))
      #expect(program.open("/f", [.O_CREAT, .O_WRONLY]) == 0)
      #expect(program.open("/f") == 1)
      #expect(program.open("/f", .O_PATH) == 2)
      #expect(program.call(.read, 0, bad, 1) == .error(.EBADF))
      #expect(program.call(.write, 1, bad, 1) == .error(.EBADF))
      #expect(program.call(.read, 2, bad, 1) == .error(.EBADF))
      #expect(program.call(.write, 0, bad, 1) == .error(.EFAULT))
      #expect(program.call(.write, 0, Program.hole, 4) == .error(.EFAULT))
      #expect(program.call(.write, 0, Program.hole, 0) == 0)
      #expect(program.call(.write, 0, program.room(8), .max) == .error(.EFAULT))
      #expect(program.call(.pread64, 1, program.room(8), 8, .max) == .error(.EINVAL))
      // What of a write is there is written.
      #expect(program.call(.write, 0, DemandMemory.end - 2, 10) == 2)
      #expect(program.call(.read, UInt64(UInt32.max), program.room(1), 1) == .error(.EBADF))
      // Only the low half of a descriptor counts.
      #expect(program.call(.write, 7 << 32, program.room(1), 1) == 1)
      #expect(program.open("/") == 3)
      #expect(program.call(.read, 3, program.room(8), 8) == .error(.EISDIR))
    }
  }

  @Test("pieces are filled in their order")
  func pieces() throws {
    try Program.run { program in
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0)
      let (one, two) = (program.text("abc"), program.text("defgh"))
      #expect(program.call(.writev, 0, program.words(one, 3, 0, 0, two, 5), 3) == 8)
      let room = program.room(16)
      #expect(program.call(.preadv, 0, program.words(room + 4, 4, room, 4), 2, 1) == 7)
      #expect(program.string(room, 8) == "fgh\0bcde")
      #expect(program.call(.preadv2, 0, program.words(room, 4), 1, .max) == 0)
      #expect(program.call(.lseek, 0, 2, 0) == 2)
      #expect(program.call(.preadv2, 0, program.words(room, 4), 1, .max) == 4)
      #expect(program.string(room, 4) == "cdef" && program.call(.lseek, 0, 0, 1) == 6)
      #expect(program.call(.pwritev2, 0, program.words(one, 1), 1, 7, 0, 2) == 1)
      #expect(program.content("/f") == "abcdefga")
      // RWF_NOWAIT and what there may be one day.
      #expect(program.call(.preadv2, 0, program.words(room, 4), 1, 0, 0, 8) == .error(.EOPNOTSUPP))
      #expect(program.call(.pwritev2, 0, program.words(room, 4), 1, 0, 0, 1 << 20) == .error(.EOPNOTSUPP))
    }
  }

  @Test("what is said of pieces is checked before any is moved")
  func badPieces() throws {
    try Program.run { program in
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0)
      let room = program.room(16)
      #expect(program.call(.writev, 0, Program.hole, 1) == .error(.EFAULT))
      #expect(program.call(.writev, 0, Program.hole, 0) == 0)
      #expect(program.call(.writev, 0, room, 1_025) == .error(.EINVAL))
      #expect(program.call(.writev, 0, room, .max) == .error(.EINVAL))
      #expect(program.call(.writev, 0, program.words(room, 4, room, .max), 2) == .error(.EINVAL))
      #expect(program.call(.writev, 0, program.words(room, 4, 0xffff_8000_0000_0000, 1), 2) == .error(.EFAULT))
      #expect(program.call(.lseek, 0, 0, 2) == 0)
      #expect(program.call(.pwritev, 0, program.words(room, 4), 1, .max) == .error(.EINVAL))
      #expect(program.call(.writev, 9, Program.hole, 1) == .error(.EBADF))
    }
  }

  @Test("no file gets longer than its writer may make it")
  func limits() throws {
    try Program.run { program in
      try program.task.process.setLimit(.RLIMIT_FSIZE, .init(10, maximum: .max))
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0)
      let room = program.room(16)
      #expect(program.call(.write, 0, room, 16) == 10)
      #expect(program.call(.write, 0, room, 16) == .error(.EFBIG))
      #expect(program.call(.pwrite64, 0, room, 16, 4) == 6)
      #expect(program.call(.ftruncate, 0, 11) == .error(.EFBIG))
      #expect(program.call(.truncate, program.text("/f"), 11) == .error(.EFBIG))
      #expect(program.call(.fallocate, 0, 0, 4, 7) == .error(.EFBIG))
      #expect(program.call(.fallocate, 0, 1, 4, 7) == 0)
      #expect(program.call(.ftruncate, 0, 3) == 0 && program.call(.ftruncate, 0, 10) == 0)
      #expect(program.call(.ftruncate, 0, .max) == .error(.EINVAL))
    }
  }

  @Test("pipes")
  func pipes() throws {
    try Program.run { program in
      let pair = program.room(8)
      #expect(program.call(.pipe2, pair, 0x80800) == 0)
      #expect(program.number(pair, width: 4) == 0 && program.number(pair + 4, width: 4) == 1)
      #expect(program.call(.fcntl, 0, 1) == 1 && program.call(.fcntl, 1, 1) == 1)
      #expect(program.call(.fcntl, 0, 3) == 0x800 && program.call(.fcntl, 1, 3) == 0x801)
      let room = program.room(8)
      #expect(program.call(.read, 0, room, 8) == .error(.EAGAIN))
      #expect(program.call(.write, 1, program.text("abc"), 3) == 3)
      #expect(program.call(.ioctl, 0, 0x541b, room) == 0 && program.number(room, width: 4) == 3)
      #expect(program.call(.read, 0, room, 8) == 3)
      #expect(program.call(.lseek, 0, 0, 0) == .error(.ESPIPE))
      #expect(program.call(.pread64, 0, room, 8, 0) == .error(.ESPIPE))
      #expect(program.call(.fcntl, 0, 1032) == 65_536)
      #expect(program.call(.fcntl, 0, 1031, 5_000) == 8_192)
      #expect(program.call(.close, 0) == 0)
      #expect(program.call(.write, 1, room, 1) == .error(.EPIPE))
      // What the program is not told of does not stay open.
      #expect(program.call(.pipe, Program.hole) == .error(.EFAULT))
      #expect(program.task.files.count == 1)
      #expect(program.call(.pipe2, pair, 0x80) == .error(.ENOPKG))
      #expect(program.call(.pipe2, pair, 1) == .error(.EINVAL))
      try program.task.process.setLimit(.RLIMIT_NOFILE, .init(2, maximum: 2))
      #expect(program.call(.pipe, pair) == .error(.EMFILE))
      #expect(program.task.files.count == 1)
    }
  }
}
