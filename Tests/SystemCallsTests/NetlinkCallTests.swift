import Foundations
import KernelEvents
import LinuxABI
import Machine
import Sockets
import Testing
import VFS

@testable import SystemCalls

/// What udevadm(8) and systemd-udevd(8) call, in their order.
@Suite("Calls of netlink sockets", .serialized)
struct NetlinkCallTests {
  private static let flags: UInt64 = 3 | 0x80000 | 0x800
  private static let level: UInt64 = 1
  private static let netlink: UInt64 = 270

  private func withSockets(_ body: (Program) throws -> Void) throws {
    try Program.run { program throws in
      try Sockets.start(names: program.names, clock: FileClock(), callers: TaskSocketCallers())
      // Ports are the machine's, which all programs of the tests are on.
      defer { for descriptor in 0..<16 { program.call(.close, UInt64(descriptor)) } }
      try body(program)
    }
  }

  private func address(_ program: Program, port: UInt64 = 0, groups: UInt64) -> UInt64 {
    program.words(16 | port << 32, groups)
  }

  private func monitor(_ program: Program, groups: UInt64) -> UInt64 {
    let socket = program.call(.socket, 16, Self.flags, 15).argument
    let on = program.words(1)
    #expect(program.call(.setsockopt, socket, Self.level, 33, program.words(128 << 20), 4) == 0)
    #expect(program.call(.setsockopt, socket, Self.level, 16, on, 4) == 0)
    #expect(program.call(.bind, socket, address(program, groups: groups), 12) == 0)
    return socket
  }

  private func header(
    _ program: Program, _ name: UInt64, _ buffer: UInt64, _ bytes: UInt64, _ control: UInt64, _ count: UInt64
  ) -> UInt64 {
    program.words(name, 12, program.words(buffer, bytes), 1, control, count, 0)
  }

  @Test("A monitor is set up, and receives an event of the kernel with its sender and its credentials")
  func monitoring() throws {
    try withSockets { program in
      let socket = monitor(program, groups: 1)
      let (size, room) = (program.room(8), program.words(4))
      #expect(program.call(.getsockopt, socket, Self.level, 8, size, room) == 0)
      #expect(program.number(size, width: 4) == 256 << 20)
      let (name, length) = (program.room(16), program.words(12))
      #expect(program.call(.getsockname, socket, name, length) == 0)
      #expect(program.number(length, width: 4) == 12 && program.number(name, width: 4) == 16)
      #expect(program.number(name + 4, width: 4) == UInt64(program.task.processIdentifier))
      #expect(program.number(name + 8, width: 4) == 1)
      #expect(program.call(.recvfrom, socket, 0, 0, 0x22, 0, 0) == .error(.EAGAIN))
      let path = Array("devices/x".utf8)
      try KernelEvents.broadcast(KernelEvent(.change, path: path.span, subsystem: "test"))
      let text =
        "change@/devices/x\0ACTION=change\0DEVPATH=/devices/x\0SUBSYSTEM=test\0"
        + "SEQNUM=\(KernelEvents.sequenceNumber)\0"
      // How long the next message is.
      #expect(program.call(.recvfrom, socket, 0, 0, 0x22, 0, 0) == Int64(text.utf8.count))
      let (buffer, control, sender) = (program.room(200), program.room(64), program.room(16))
      let received = header(program, sender, buffer, 200, control, 64)
      #expect(program.call(.recvmsg, socket, received, 0) == Int64(text.utf8.count))
      #expect(program.string(buffer, Int64(text.utf8.count)) == text)
      #expect(program.number(received + 8, width: 4) == 12)
      #expect(program.number(sender) == 16 && program.number(sender + 8, width: 4) == 1)
      #expect(program.number(received + 40) == 32 && program.number(received + 48, width: 4) == 0)
      #expect(program.number(control) == 28 && program.number(control + 8) == 1 | 2 << 32)
      #expect(program.number(control + 16) == 0 && program.number(control + 24, width: 4) == 0)
      #expect(program.call(.close, socket) == 0)
    }
  }

  @Test("What a message says besides comes before its credentials, and is cut to what there is room for")
  func information() throws {
    try withSockets { program in
      let (one, other) = (monitor(program, groups: 0), monitor(program, groups: 2))
      #expect(program.call(.setsockopt, other, Self.netlink, 3, program.words(1), 4) == 0)
      let target = address(program, groups: 2)
      let sent = header(program, target, program.text("abcdef"), 6, 0, 0)
      #expect(program.call(.sendmsg, one, sent, 0) == 6)
      #expect(program.call(.sendmsg, one, sent, 0) == 6)
      let (buffer, control, sender) = (program.room(16), program.room(64), program.room(16))
      let received = header(program, sender, buffer, 4, control, 64)
      #expect(program.call(.recvmsg, other, received, 0) == 4)
      #expect(program.number(received + 40) == 56 && program.number(received + 48, width: 4) == 0x20)
      #expect(program.number(control) == 20 && program.number(control + 8) == 270 | 3 << 32)
      #expect(program.number(control + 16, width: 4) == 2)
      #expect(program.number(control + 24) == 28 && program.number(control + 32) == 1 | 2 << 32)
      #expect(program.number(control + 40, width: 4) == UInt64(program.task.processIdentifier))
      let short = header(program, 0, buffer, 16, control, 26)
      #expect(program.call(.recvmsg, other, short, 0) == 6)
      #expect(program.number(short + 40) == 24 && program.number(short + 48, width: 4) == 8)
      // Programs ask how long the list of groups is.
      let room = program.words(0)
      #expect(program.call(.getsockopt, other, Self.netlink, 9, 0, room) == 0)
      #expect(program.number(room, width: 4) == 4)
      let list = program.room(4)
      #expect(program.call(.getsockopt, other, Self.netlink, 9, list, room) == 0)
      #expect(program.number(list, width: 4) == 2)
    }
  }

  /// A `struct sock_fprog` of instructions.
  private func program(_ program: Program, _ instructions: UInt64...) -> UInt64 {
    let place = program.store(
      instructions.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } })
    return program.words(UInt64(instructions.count), place)
  }

  @Test("A filter of classic BPF is attached and detached; what is none is refused")
  func filters() throws {
    try withSockets { program in
      let (one, other) = (monitor(program, groups: 0), monitor(program, groups: 2))
      let target = address(program, groups: 2)
      // Loads the first byte; returns all for an 'a', and nothing for others.
      let filter = self.program(
        program, 0x30, 0x15 | 1 << 24 | 0x61 << 32, 0x06 | 0xffff_ffff << 32, 0x06)
      #expect(program.call(.setsockopt, other, Self.level, 26, filter, 16) == 0)
      let text = program.text("ba")
      #expect(program.call(.sendto, one, text, 2, 0, target, 12) == 2)
      #expect(program.call(.sendto, one, text + 1, 1, 0, target, 12) == 1)
      let buffer = program.room(16)
      #expect(program.call(.recvfrom, other, buffer, 16, 0, 0, 0) == 1)
      #expect(program.string(buffer, 1) == "a")
      #expect(program.call(.recvfrom, other, buffer, 16, 0, 0, 0) == .error(.EAGAIN))
      #expect(program.call(.setsockopt, other, Self.level, 27, filter, 16) == 0)
      #expect(program.call(.setsockopt, other, Self.level, 27, filter, 16) == .error(.ENOENT))
      for length in [0, 8, 15, 17, UInt64(UInt32.max)] {
        #expect(program.call(.setsockopt, other, Self.level, 26, filter, length) == .error(.EINVAL))
      }
      for bad in [Program.hole, 0xffff_8000_0000_0000, .max] {
        #expect(program.call(.setsockopt, other, Self.level, 26, bad, 16) == .error(.EFAULT))
        #expect(program.call(.setsockopt, other, Self.level, 26, program.words(1, bad), 16) == .error(.EFAULT))
      }
      #expect(program.call(.setsockopt, other, Self.level, 26, program.words(0, filter), 16) == .error(.EINVAL))
      #expect(program.call(.setsockopt, other, Self.level, 26, program.words(4_097, filter), 16) == .error(.EINVAL))
      let endless = self.program(program, 0x30)
      #expect(program.call(.setsockopt, other, Self.level, 26, endless, 16) == .error(.EINVAL))
      let unix = program.call(.socket, 1, 2, 0).argument
      #expect(program.call(.setsockopt, unix, Self.level, 26, filter, 16) == .error(.ENOPROTOOPT))
    }
  }

  @Test("A program without privileges listens, and is not heard; bad addresses are refused")
  func unprivileged() throws {
    try withSockets { program in
      let root = monitor(program, groups: 2)
      program.become(5)
      let socket = program.call(.socket, 16, Self.flags, 15).argument
      #expect(program.call(.setsockopt, socket, Self.level, 33, program.words(1), 4) == .error(.EPERM))
      #expect(program.call(.bind, socket, address(program, groups: 3), 12) == 0)
      let text = program.text("x")
      #expect(program.call(.sendto, socket, text, 1, 0, address(program, groups: 2), 12) == .error(.EPERM))
      #expect(program.call(.connect, socket, address(program, groups: 2), 12) == .error(.EPERM))
      #expect(program.call(.recvfrom, root, program.room(8), 8, 0, 0, 0) == .error(.EAGAIN))
      #expect(program.call(.bind, socket, address(program, groups: 3), 11) == .error(.EINVAL))
      #expect(program.call(.bind, socket, 0, 0) == .error(.EINVAL))
      #expect(program.call(.bind, socket, program.words(1, 0), 12) == .error(.EINVAL))
      #expect(program.call(.sendto, socket, text, 1, 0, program.words(16), 8) == .error(.EINVAL))
      #expect(program.call(.socket, 16, 3, 0) == .error(.EPROTONOSUPPORT))
      #expect(program.call(.socket, 16, 1, 15) == .error(.ESOCKTNOSUPPORT))
      #expect(program.call(.getpeername, socket, program.room(16), program.words(12)) == 0)
      #expect(program.call(.ioctl, socket, 0x541b, program.room(8)) == .error(.ENOTTY))
    }
  }
}
