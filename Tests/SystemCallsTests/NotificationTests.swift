import Foundations
import LinuxABI
import Machine
import Testing
import Time
import VFS

@testable import Processes
@testable import SystemCalls

/// Commands of fcntl(2), and O_ASYNC.
private let (getFlags, setFlags, setOwner, getOwner): (UInt64, UInt64, UInt64, UInt64) = (3, 4, 8, 9)
private let (setSignal, getSignal, setOwnerEx, getOwnerEx): (UInt64, UInt64, UInt64, UInt64) = (10, 11, 15, 16)
private let asynchronous: UInt64 = 0x2000

@Suite("Signals of files that are ready, as programs ask for them", .serialized)
struct NotificationTests {
  /// Runs `body` with a program that handles SIGIO and signal 40, and both ends of a pipe.
  private func withPipe(_ body: (Program, _ reader: UInt64, _ writer: UInt64) throws -> Void) throws {
    try Program.run { program throws in
      Timers.startOnHost()
      let handler = program.words(0x40_1000, 0x400_0000, 0x40_1000, 0)
      for signal in [29, 40] as [UInt64] { #expect(program.call(.rt_sigaction, signal, handler, 0, 8) == 0) }
      let pair = program.room(8)
      #expect(program.call(.pipe2, pair, 0x800) == 0)
      try body(program, program.number(pair, width: 4), program.number(pair + 4, width: 4))
    }
  }

  private func pending(_ program: Program) -> UInt64 {
    Timers.serveHere()
    let summary = program.task.signalSummary
    return summary.processPending.union(summary.pending).rawValue
  }

  @Test("A pipe with O_ASYNC sends its owner the signal that was chosen")
  func pipe() throws {
    try withPipe { program, reader, writer in
      let own = UInt64(program.task.processIdentifier)
      #expect(program.call(.fcntl, reader, getOwner) == 0 && program.call(.fcntl, reader, getSignal) == 0)
      #expect(program.call(.fcntl, reader, setOwner, own) == 0)
      #expect(program.call(.fcntl, reader, getOwner) == Int64(own))
      #expect(program.call(.fcntl, reader, setFlags, asynchronous | 0x800) == 0)
      #expect(program.call(.fcntl, reader, getFlags) & 0x2000 != 0)
      #expect(program.call(.write, writer, program.text("x"), 1) == 1)
      #expect(pending(program) == 1 << 28)
      #expect(program.call(.fcntl, reader, setSignal, 65) == .error(.EINVAL))
      #expect(program.call(.fcntl, reader, setSignal, 40) == 0 && program.call(.fcntl, reader, getSignal) == 40)
      #expect(program.call(.write, writer, program.text("x"), 1) == 1)
      #expect(pending(program) == 1 << 28 | 1 << 39)
      #expect(program.call(.close, reader) == 0 && program.call(.close, writer) == 0)
    }
  }

  @Test("FIOASYNC begins and ends it, and is refused by what is never told of; F_SETFL only remembers that")
  func request() throws {
    try withPipe { program, reader, writer in
      let (request, on, off): (UInt64, UInt64, UInt64) = (0x5452, program.words(1), program.words(0))
      #expect(program.call(.fcntl, reader, setOwner, UInt64(program.task.processIdentifier)) == 0)
      #expect(program.call(.ioctl, reader, request, on) == 0 && program.call(.ioctl, reader, request, on) == 0)
      #expect(program.call(.ioctl, reader, request, off) == 0)
      #expect(program.call(.write, writer, program.text("x"), 1) == 1)
      #expect(pending(program) == 0)
      #expect(program.call(.ioctl, reader, request, on) == 0)
      #expect(program.call(.write, writer, program.text("x"), 1) == 1)
      #expect(pending(program) == 1 << 28)
      let file = UInt64(program.open("/file", [.O_CREAT, .O_RDWR]))
      #expect(program.call(.ioctl, file, request, off) == 0)
      #expect(program.call(.ioctl, file, request, on) == .error(.ENOTTY))
      #expect(program.call(.fcntl, file, setFlags, asynchronous) == 0)
      #expect(program.call(.fcntl, file, getFlags) & 0x2000 != 0)
      #expect(program.call(.close, reader) == 0 && program.call(.close, writer) == 0)
    }
  }

  @Test("Owners are tasks, processes and groups that there are")
  func owners() throws {
    try withPipe { program, reader, _ in
      let (process, task) = (UInt64(program.task.processIdentifier), UInt64(program.task.threadIdentifier))
      #expect(program.call(.fcntl, reader, setOwner, 9_999) == .error(.ESRCH))
      #expect(program.call(.fcntl, reader, setOwner, UInt64(bitPattern: -9_999)) == .error(.ESRCH))
      #expect(program.call(.fcntl, reader, setOwner, 0x8000_0000) == .error(.EINVAL))
      let room = program.words(1 | process << 32)
      #expect(program.call(.fcntl, reader, setOwnerEx, room) == 0)
      #expect(program.call(.fcntl, reader, getOwner) == Int64(process))
      #expect(program.call(.fcntl, reader, setOwnerEx, program.words(3 | process << 32)) == .error(.EINVAL))
      #expect(program.call(.fcntl, reader, setOwnerEx, program.words(1 | 9_999 << 32)) == .error(.ESRCH))
      program.task.process.tree.add(program.task)
      #expect(program.call(.fcntl, reader, setOwnerEx, program.words(task << 32)) == 0)
      let answer = program.words(.max)
      #expect(program.call(.fcntl, reader, getOwnerEx, answer) == 0)
      #expect(program.number(answer) == task << 32)
      #expect(program.call(.fcntl, reader, setOwner, 0) == 0 && program.call(.fcntl, reader, getOwner) == 0)
    }
  }
}
