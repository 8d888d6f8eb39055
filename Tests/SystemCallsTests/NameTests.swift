import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@Suite("Calls that make, move, remove and describe", .serialized)
struct NameTests {
  @Test("names are made, moved and removed")
  func names() throws {
    try Program.run { program in
      let here = Program.here
      #expect(program.call(.umask, 0o22) == 0o22 && program.call(.umask, 0o17) == 0o22)
      #expect(program.call(.mkdir, program.text("/d/"), 0o777) == 0)
      #expect(program.call(.mkdir, program.text("/d"), 0o777) == .error(.EEXIST))
      #expect(program.call(.mknod, program.text("/d/f"), 0o666, 0) == 0)
      #expect(program.call(.mknod, program.text("/d/p"), 0o10666, 0) == 0)
      #expect(program.call(.mknod, program.text("/d/null"), 0o20666, 0x103) == 0)
      #expect(program.call(.mknod, program.text("/d/x"), 0o40666, 0) == .error(.EPERM))
      #expect(program.call(.mknod, program.text("/d/x"), 0o70666, 0) == .error(.EINVAL))
      #expect(program.call(.mknod, program.text("/d/x"), 0o120666, 0) == .error(.EINVAL))
      #expect(program.call(.link, program.text("/d/f"), program.text("/d/g")) == 0)
      #expect(program.call(.rename, program.text("/d/g"), program.text("/h")) == 0)
      #expect(program.call(.renameat2, here, program.text("/h"), here, program.text("/d/f"), 1) == .error(.EEXIST))
      #expect(program.call(.renameat2, here, program.text("/h"), here, program.text("/d"), 2) == 0)
      #expect(program.call(.renameat2, here, program.text("/h"), here, program.text("/d"), 2) == 0)
      for flags in [UInt64(3), 4, 5, 8] {
        #expect(program.call(.renameat2, here, program.text("/h"), here, program.text("/i"), flags) == .error(.EINVAL))
      }
      #expect(program.call(.unlink, program.text("/d")) == .error(.EISDIR))
      #expect(program.call(.rmdir, program.text("/d")) == .error(.ENOTEMPTY))
      #expect(program.call(.rmdir, program.text("/h")) == .error(.ENOTDIR))
      #expect(program.call(.unlinkat, here, program.text("/h"), 0x100) == .error(.EINVAL))
      for name in ["f", "p", "null"] { #expect(program.call(.unlink, program.text("/d/\(name)")) == 0) }
      #expect(program.call(.unlinkat, here, program.text("/d"), 0x200) == 0)
      #expect(program.call(.unlink, program.text("/h")) == 0)
    }
  }

  @Test("A listing that meets the end of memory gives whole entries", arguments: [24, 60, 1_500])
  func listing(room: UInt64) throws {
    try Program.run { program in
      for number in 0..<150 { program.make("/f\(number)") }
      let directory = UInt64(program.open("/"))
      var names: [String] = []
      func list(_ address: UInt64, _ count: UInt64) -> Int64 {
        let filled = program.call(.getdents64, directory, address, count)
        var at: UInt64 = 0
        while filled > 0, at < UInt64(filled) {
          let length = program.number(address + at + 16, width: 2)
          let text = program.bytes(address + at + 19, Int(length) - 19).prefix { $0 != 0 }
          names.append(String(decoding: text, as: UTF8.self))
          at += length
        }
        #expect(filled < 0 || at == UInt64(filled))
        return filled
      }
      #expect(list(DemandMemory.end - 23, 4_096) == .error(.EFAULT))
      let first = list(DemandMemory.end - room, 4_096)
      #expect(first >= 24 && UInt64(first) <= room)
      // What does not fit there is refused; where it fits it goes on.
      #expect(list(DemandMemory.end - 8, 4_096) == .error(.EFAULT))
      let buffer = program.room(2_000)
      while list(buffer, 2_000) > 0 {}
      #expect(names.count == 152 && Set(names) == Set((0..<150).map { "f\($0)" } + [".", ".."]))
    }
  }

  @Test("symbolic links are read up to the program's room")
  func links() throws {
    try Program.run { program in
      let room = program.room(32)
      #expect(program.call(.symlink, program.text("target"), program.text("/l")) == 0)
      #expect(program.call(.symlink, program.text(""), program.text("/m")) == .error(.ENOENT))
      #expect(program.call(.readlink, program.text("/l"), room, 32) == 6)
      #expect(program.call(.readlink, program.text("/l"), room + 16, 3) == 3)
      #expect(program.string(room + 16, 4) == "tar\0")
      #expect(program.call(.readlink, program.text("/l"), room, 0) == .error(.EINVAL))
      #expect(program.call(.readlink, program.text("/l"), room, .max) == .error(.EINVAL))
      #expect(program.call(.readlink, program.text("/l"), Program.hole, 8) == .error(.EFAULT))
      #expect(program.call(.readlink, program.text("/"), room, 8) == .error(.EINVAL))
      #expect(program.call(.readlinkat, Program.here, program.text(""), room, 8) == .error(.ENOENT))
      let link = program.open("/l", [.O_PATH, .O_NOFOLLOW])
      #expect(link == 0)
      #expect(program.call(.readlinkat, 0, program.text(""), room, 8) == 6)
      #expect(program.call(.linkat, Program.here, program.text("/l"), Program.here, program.text("/k"), 0) == 0)
      #expect(
        program.call(.linkat, Program.here, program.text("/l"), Program.here, program.text("/j"), 0x400)
          == .error(.ENOENT))
      program.make("/f")
      #expect(program.open("/f") == 1)
      #expect(program.call(.linkat, 1, program.text(""), Program.here, program.text("/j"), 0x1000) == 0)
      program.become(1_000)
      #expect(
        program.call(.linkat, 1, program.text(""), Program.here, program.text("/i"), 0x1000) == .error(.ENOENT))
    }
  }

  @Test("what is told of files")
  func status() throws {
    try Program.run { program in
      program.make("/f", "abc")
      program.call(.symlink, program.text("f"), program.text("/l"))
      let room = program.room(256)
      #expect(program.call(.stat, program.text("/l"), room) == 0)
      #expect(program.number(room + 24, width: 4) == 0o100644 && program.number(room + 48) == 3)
      #expect(program.number(room + 16) == 1 && program.number(room + 72) == 1_000 && program.number(room + 80) == 5)
      #expect(program.call(.lstat, program.text("/l"), room) == 0)
      #expect(program.number(room + 24, width: 4) == 0o120777 && program.number(room + 48) == 1)
      #expect(program.call(.stat, program.text("/f"), Program.hole) == .error(.EFAULT))
      #expect(program.call(.newfstatat, Program.here, program.text("/f"), room, 0x400) == .error(.EINVAL))
      #expect(program.call(.statx, Program.here, program.text("/l"), 0x100, 0x7ff, room) == 0)
      #expect(program.number(room + 28, width: 2) == 0o120777 && program.number(room + 40) == 1)
      #expect(program.call(.statx, Program.here, program.text("/f"), 0x6000, 0, room) == .error(.EINVAL))
      #expect(program.call(.statx, Program.here, program.text("/f"), 0, 1 << 31, room) == .error(.EINVAL))
      #expect(program.call(.statx, Program.here, 0, 0x1000, 0, room) == 0)
      #expect(program.number(room + 28, width: 2) == 0o40755 && program.number(room + 8) == 0x2000)
    }
  }

  @Test("access is checked for the real user, or for the effective one")
  func access() throws {
    try Program.run { program in
      program.make("/f")
      let file = program.text("/f")
      #expect(program.call(.access, file, 6) == 0)
      #expect(program.call(.access, file, 1) == .error(.EACCES))
      #expect(program.call(.access, file, 8) == .error(.EINVAL))
      #expect(program.call(.access, program.text("/none"), 0) == .error(.ENOENT))
      program.call(.chmod, file, 0o640)
      program.become(1_000)
      #expect(program.call(.access, file, 0) == 0 && program.call(.access, file, 4) == .error(.EACCES))
      #expect(program.call(.faccessat2, Program.here, file, 4, 0x200) == .error(.EACCES))
      #expect(program.call(.faccessat2, Program.here, file, 4, 0x400) == .error(.EINVAL))
      #expect(program.call(.faccessat2, Program.here, program.text(""), 1, 0x1000) == 0)
      #expect(program.call(.chmod, file, 0o666) == .error(.EPERM))
      #expect(program.call(.chown, file, 1_000, 1_000) == .error(.EPERM))
    }
  }

  @Test("owners, permissions and times are set, or left as they are")
  func attributes() throws {
    try Program.run { program in
      program.make("/f")
      program.call(.symlink, program.text("f"), program.text("/l"))
      let (file, room) = (program.text("/f"), program.room(144))
      #expect(program.call(.chmod, file, 0o107777) == 0)
      #expect(program.call(.chown, file, 7, UInt64(UInt32.max)) == 0)
      #expect(program.call(.lchown, program.text("/l"), UInt64(UInt32.max), 8) == 0)
      program.call(.stat, file, room)
      #expect(program.number(room + 28) == 7 && program.number(room + 24, width: 4) == 0o101777)
      #expect(program.call(.fchmodat2, Program.here, program.text("/l"), 0, 0x100) == .error(.EOPNOTSUPP))
      #expect(program.call(.fchmodat2, Program.here, file, 0, 0x200) == .error(.EINVAL))
      #expect(program.call(.utime, file, program.words(3, 4)) == 0)
      #expect(program.call(.stat, file, room) == 0)
      #expect(program.number(room + 72) == 3 && program.number(room + 88) == 4)
      #expect(program.call(.utimes, file, program.words(5, 6, 7, 999_999)) == 0)
      #expect(program.call(.utimes, file, program.words(5, 6, 7, 1_000_000)) == .error(.EINVAL))
      #expect(program.call(.utimes, file, program.words(5, .max, 7, 0)) == .error(.EINVAL))
      program.call(.stat, file, room)
      #expect(program.number(room + 80) == 6_000 && program.number(room + 96) == 999_999_000)
      let (now, omitted): (UInt64, UInt64) = (0x3fff_ffff, 0x3fff_fffe)
      #expect(program.call(.utimensat, Program.here, file, program.words(0, omitted, 9, 1), 0) == 0)
      #expect(program.call(.utimensat, Program.here, file, program.words(0, now, 9, omitted), 0) == 0)
      program.call(.stat, file, room)
      #expect(program.number(room + 72) == 1_000 && program.number(room + 88) == 9)
      #expect(program.call(.utimensat, Program.here, 0, program.words(0, omitted, 0, omitted), 0x400) == 0)
      #expect(program.call(.utimensat, Program.here, file, program.words(0, 1 << 30, 0, 0), 0) == .error(.EINVAL))
      #expect(program.call(.utimensat, Program.here, 0, 0, 0) == .error(.EFAULT))
      #expect(program.open("/f") == 0)
      #expect(program.call(.utimensat, 0, 0, 0, 0) == 0 && program.call(.futimesat, 0, 0, 0) == 0)
      #expect(program.call(.utimensat, 0, 0, 0, 0x100) == .error(.EINVAL))
    }
  }

  @Test("directories are read with the room there is, and paths told")
  func directories() throws {
    try Program.run { program in
      program.call(.mkdir, program.text("/d"), 0o755)
      program.make("/d/one")
      #expect(program.open("/d") == 0)
      let room = program.room(256)
      #expect(program.call(.getdents64, 0, room, 23) == .error(.EINVAL))
      #expect(program.call(.getdents64, 0, Program.hole, 256) == .error(.EFAULT))
      #expect(program.call(.getdents64, 0, 0xffff_8000_0000_0000, 256) == .error(.EFAULT))
      #expect(program.call(.getdents64, 0, room, 256) == 72)
      #expect(program.string(room + 48 + 19, 3) == "one" && program.number(room + 16, width: 2) == 24)
      #expect(program.call(.getdents64, 0, room, 256) == 0)
      #expect(program.call(.lseek, 0, 0, 0) == 0 && program.call(.getdents, 0, room, 256) == 72)
      program.make("/f")
      #expect(program.open("/f") == 1)
      #expect(program.call(.getdents64, 1, room, 256) == .error(.ENOTDIR))
      #expect(program.call(.chdir, program.text("/d")) == 0)
      #expect(program.call(.getcwd, room, 3) == 3 && program.string(room, 3) == "/d\0")
      #expect(program.call(.getcwd, room, 2) == .error(.ERANGE))
      #expect(program.call(.getcwd, room, 0) == .error(.ERANGE))
      #expect(program.call(.getcwd, Program.hole, 8) == .error(.EFAULT))
      #expect(program.call(.chroot, program.text("/d")) == 0)
      #expect(program.call(.getcwd, room, 8) == 2 && program.open("/one") == 2)
      #expect(program.call(.chdir, program.text("/one")) == .error(.ENOTDIR))
      #expect(program.call(.rmdir, program.text(".")) == .error(.EINVAL))
      program.become(1_000)
      #expect(program.call(.chroot, program.text("/")) == .error(.EPERM))
    }
  }
}
