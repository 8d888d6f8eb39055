import Foundations
import LinuxABI
import Machine
import Testing
import VFS

@Suite("Mounts, space and extended attributes", .serialized)
struct MountTests {
  @Test("file systems are mounted by their types' names, changed and unmounted")
  func mounts() throws {
    try Program.run { program in
      program.call(.mkdir, program.text("/m"), 0o755)
      let (m, type, room) = (program.text("/m"), program.text("tmpfs"), program.room(144))
      #expect(program.call(.mount, 0, program.text("/none"), type) == .error(.ENOENT))
      #expect(program.call(.mount, 0, m, program.text("ext9")) == .error(.ENODEV))
      #expect(program.call(.mount, 0, m, 0) == .error(.EINVAL))
      #expect(program.call(.mount, 0, m, type, 0, program.text("size=12x")) == .error(.EINVAL))
      #expect(program.call(.mount, 0, m, type, 0, program.text("color=red")) == .error(.EINVAL))
      let options = program.text("size=40k,mode=700,nr_inodes=3,uid=5")
      #expect(program.call(.mount, program.text("src"), m, type, 0xc0ed_000a, options) == 0)
      #expect(program.call(.stat, m, room) == 0 && program.number(room + 24, width: 4) == 0o40700)
      #expect(program.number(room + 28, width: 4) == 5)
      #expect(program.call(.statfs, m, room) == 0 && program.number(room + 16) == 10)
      // ST_NOSUID, ST_NOEXEC, ST_VALID and ST_RELATIME.
      #expect(program.number(room + 80) == 0x102a)
      program.make("/m/f", "x")
      #expect(program.call(.mount, 0, m, 0, 0x21, 0) == 0)
      #expect(program.call(.mkdir, program.text("/m/d"), 0o700) == .error(.EROFS))
      #expect(program.call(.mount, 0, m, 0, 0x20, program.text("nr_inodes=1")) == .error(.EINVAL))
      #expect(program.call(.mount, 0, m, 0, 0x20, program.text("size=8k")) == 0)
      #expect(program.call(.statfs, m, room) == 0 && program.number(room + 16) == 2)
      #expect(program.open("/m/f") == 0)
      #expect(program.call(.umount2, m, 0) == .error(.EBUSY))
      #expect(program.call(.umount2, m, 4) == .error(.EINVAL))
      #expect(program.call(.umount2, program.text("/m/f"), 0) == .error(.EINVAL))
      #expect(program.call(.umount2, m, 2) == 0)
      #expect(program.call(.read, 0, room, 1) == 1 && program.call(.umount2, m, 0) == .error(.EINVAL))
      program.become(1_000)
      #expect(program.call(.mount, 0, m, type) == .error(.EPERM))
    }
  }

  @Test("directories appear elsewhere, mounts move, and the root changes")
  func trees() throws {
    try Program.run { program in
      for path in ["/a", "/b", "/c"] { program.call(.mkdir, program.text(path), 0o755) }
      let (a, b, c) = (program.text("/a"), program.text("/b"), program.text("/c"))
      program.make("/a/f", "x")
      #expect(program.call(.mount, a, b, 0, 0x1000) == 0 && program.content("/b/f") == "x")
      #expect(program.call(.mount, 0, b, 0, 0x1021) == 0)
      #expect(program.call(.unlink, program.text("/b/f")) == .error(.EROFS))
      #expect(program.call(.mount, program.text("/a"), c, 0, 0x2000) == .error(.EINVAL))
      #expect(program.call(.mount, b, c, 0, 0x2000) == 0 && program.content("/c/f") == "x")
      #expect(program.open("/b/f") == .error(.ENOENT))
      #expect(program.call(.mount, 0, c, 0, 1 << 18) == 0 && program.call(.mount, 0, c, 0, 1 << 19) == 0)
      #expect(program.call(.mount, 0, c, 0, 1 << 20) == .error(.EINVAL))
      #expect(program.call(.mount, 0, c, 0, 1 << 18 | 1 << 19) == .error(.EINVAL))
      #expect(program.call(.mount, 0, a, 0, 1 << 18) == .error(.EINVAL))
      #expect(program.call(.umount2, c, 0) == 0)
      #expect(program.call(.mount, 0, b, program.text("ramfs")) == 0)
      program.call(.mkdir, program.text("/b/old"), 0o755)
      #expect(program.call(.pivot_root, a, program.text("/a/old")) == .error(.ENOENT))
      #expect(program.call(.pivot_root, b, program.text("/b/old")) == 0)
      #expect(program.content("/old/a/f") == "x" && program.open("/a/f") == .error(.ENOENT))
      let room = program.room(144)
      #expect(program.call(.getcwd, room, 16) == 2)
      #expect(program.call(.stat, program.text("/old"), room) == 0)
      let device = program.number(room)
      #expect(program.call(.ustat, device, room) == 0 && program.call(.ustat, 0xfff, room) == .error(.EINVAL))
    }
  }

  @Test("a write whose bytes cannot be read takes no space")
  func failedWrites() throws {
    try Program.run { program in
      program.call(.mkdir, program.text("/m"), 0o755)
      #expect(program.call(.mount, 0, program.text("/m"), program.text("tmpfs"), 0, program.text("size=8k")) == 0)
      #expect(program.open("/m/f", [.O_CREAT, .O_RDWR]) == 0)
      for _ in 0..<5 { #expect(program.call(.pwrite64, 0, Program.hole, 4_096, 0) == .error(.EFAULT)) }
      #expect(program.call(.write, 0, program.room(8_192), 8_192) == 8_192)
      program.call(.close, 0)
      #expect(program.call(.umount2, program.text("/m"), 0) == 0)
    }
  }

  @Test("space is reserved and freed")
  func space() throws {
    try Program.run { program in
      #expect(program.open("/f", [.O_CREAT, .O_RDWR]) == 0)
      let room = program.room(144)
      #expect(program.call(.fallocate, 0, 0, 0, 8_192) == 0)
      #expect(program.call(.fstat, 0, room) == 0 && program.number(room + 64) == 16)
      #expect(program.call(.fallocate, 0, 3, 0, 4_096) == 0)
      #expect(program.call(.fstat, 0, room) == 0 && program.number(room + 64) == 8)
      for mode in [UInt64(2), 8, 0x20, 0x40, 0x12] {
        #expect(program.call(.fallocate, 0, mode, 0, 4_096) == .error(.EOPNOTSUPP), "\(mode)")
      }
      #expect(program.call(.fallocate, 0, 0, 0, 0) == .error(.EINVAL))
      #expect(program.call(.fallocate, 0, 0, .max, 1) == .error(.EINVAL))
      #expect(program.call(.fallocate, 0, 0, UInt64(Int64.max), 1) == .error(.EFBIG))
      #expect(program.open("/f") == 1 && program.call(.fallocate, 1, 0, 0, 1) == .error(.EBADF))
      program.call(.pipe, room)
      #expect(program.call(.fallocate, 3, 0, 0, 1) == .error(.ESPIPE))
      #expect(program.call(.ftruncate, 1, 5) == .error(.EINVAL))
      #expect(program.call(.truncate, program.text("/"), 5) == .error(.EISDIR))
      #expect(program.call(.truncate, program.text("/f"), .max) == .error(.EINVAL))
      for call: SystemCallNumber in [.fsync, .fdatasync, .syncfs] { #expect(program.call(call, 0) == 0) }
      #expect(program.call(.fsync, 2) == .error(.EINVAL) && program.call(.sync) == 0)
      #expect(program.call(.fadvise64, 0, 0, 0, 3) == 0 && program.call(.fadvise64, 0, 0, 0, 6) == .error(.EINVAL))
      #expect(program.call(.fadvise64, 2, 0, 0, 3) == .error(.ESPIPE))
      #expect(program.call(.readahead, 0, 0, 10) == 0 && program.call(.readahead, 2, 0, 10) == .error(.EINVAL))
      #expect(program.call(.sync_file_range, 0, 0, 0, 7) == 0)
      #expect(program.call(.sync_file_range, 2, 0, 0, 7) == .error(.ESPIPE))
    }
  }

  @Test("extended attributes belong to those that their namespace says")
  func attributes() throws {
    try Program.run { program in
      program.make("/f")
      program.call(.chmod, program.text("/f"), 0o644)
      let (f, user, trusted) = (program.text("/f"), program.text("user.a"), program.text("trusted.b"))
      let (value, room) = (program.text("value"), program.room(64))
      #expect(program.call(.setxattr, f, user, value, 5, 2) == .error(.ENODATA))
      #expect(program.call(.setxattr, f, user, value, 5, 1) == 0)
      #expect(program.call(.setxattr, f, user, value, 5, 1) == .error(.EEXIST))
      #expect(program.call(.setxattr, f, trusted, value, 0, 0) == 0)
      #expect(program.call(.getxattr, f, user, room, 0) == 5 && program.call(.getxattr, f, user, 0, 0) == 5)
      #expect(program.call(.getxattr, f, user, room, 4) == .error(.ERANGE))
      #expect(program.call(.getxattr, f, user, room, 64) == 5 && program.string(room, 5) == "value")
      #expect(program.call(.getxattr, f, trusted, room, 64) == 0)
      #expect(program.call(.listxattr, f, room, 64) == 17)
      #expect(program.string(room, 17) == "user.a\0trusted.b\0")
      for (name, error) in [
        ("", Errno.ERANGE), ("user.", .EINVAL), ("other.x", .EOPNOTSUPP), ("system.posix_acl_access", .EOPNOTSUPP),
        (String(repeating: "x", count: 256), .ERANGE),
      ] {
        #expect(program.call(.setxattr, f, program.text(name), value, 5, 0) == .error(error), "\(name)")
      }
      #expect(program.call(.setxattr, f, user, value, 65_537, 0) == .error(.E2BIG))
      #expect(program.call(.setxattr, f, user, Program.hole, 5, 0) == .error(.EFAULT))
      program.call(.symlink, program.text("f"), program.text("/l"))
      #expect(program.call(.lsetxattr, program.text("/l"), user, value, 5, 0) == .error(.EPERM))
      #expect(program.call(.lgetxattr, program.text("/l"), user, room, 5) == .error(.ENODATA))
      program.become(1_000)
      #expect(program.call(.listxattr, f, room, 64) == 7 && program.call(.getxattr, f, user, room, 64) == 5)
      #expect(program.call(.setxattr, f, user, value, 5, 0) == .error(.EACCES))
      #expect(program.call(.getxattr, f, trusted, room, 64) == .error(.ENODATA))
      #expect(program.call(.removexattr, f, trusted) == .error(.EPERM))
      #expect(program.call(.setxattr, f, program.text("security.capability"), value, 5, 0) == .error(.EPERM))
    }
  }
}
