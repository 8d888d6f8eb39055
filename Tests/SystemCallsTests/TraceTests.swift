import Foundation
import Foundations
import LinuxABI
import TestSupport
import Testing

@testable import Machine
@testable import SystemCalls

/// Forms of the trace that need no strace to compare with, and what must not happen whatever a program passes.
@Suite("The trace", .serialized)
struct TraceTests {
  static func registers(_ number: UInt64, _ arguments: [UInt64]) -> UserRegisters {
    let values = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
    var registers = UserRegisters()
    registers.rax = number
    (registers.rdi, registers.rsi, registers.rdx) = (values[0], values[1], values[2])
    (registers.r10, registers.r8, registers.r9) = (values[3], values[4], values[5])
    return registers
  }

  /// The line of a call with `arguments` that returns `result`; nil when it does not.
  static func line(_ number: UInt64, _ arguments: [UInt64], result: Int64?) -> String {
    var text = ""
    _ = UserContext.simulateCall(registers(number, arguments)) { context in
      var trace = SystemCallTrace(UInt32(truncatingIfNeeded: number), context)
      if let result { trace.finish(result) } else { trace.finishWithoutReturn() }
      let bytes = trace.text
      text = String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
    }
    return text
  }

  static func line(_ call: SystemCallNumber, _ arguments: UInt64..., result: Int64?) -> String {
    line(UInt64(call.rawValue), arguments, result: result)
  }

  @Test("ends, unknown numbers and unknown errors")
  func ends() {
    #expect(Self.line(.exit_group, 3, result: nil) == "exit_group(3)                           = ?")
    let unknown = Self.line(1_000, [1, 2, 3, 4, 5, 0xff], result: -38)
    #expect(unknown.hasPrefix("syscall_0x3e8(0x1, 0x2, 0x3, 0x4, 0x5, 0xff) = -1 ENOSYS ("))
    #expect(Self.line(.getpid, result: -4_095) == "getpid()                                = -1 errno 4095")
    #expect(Self.line(.getpid, result: -4_096) == "getpid()                                = -4096")
    #expect(
      Self.line(.close, 9, result: -9) == "close(9)                                = -1 EBADF (Bad file descriptor)")
  }

  @Test("signals, owners, modes and sets of signals")
  func values() {
    #expect(Self.line(.kill, .max, 9, result: 0) == "kill(-1, SIGKILL)                       = 0")
    #expect(Self.line(.kill, 1, 32, result: 0).hasPrefix("kill(1, SIGRTMIN)"))
    #expect(Self.line(.kill, 1, 37, result: 0).hasPrefix("kill(1, SIGRT_5)"))
    #expect(Self.line(.kill, 1, 65, result: 0).hasPrefix("kill(1, 65)"))
    #expect(Self.line(.setuid, 0xffff_ffff, result: 0).hasPrefix("setuid(-1)"))
    #expect(Self.line(.umask, 0, result: 0o22) == "umask(000)                              = 022")
    #expect(Self.line(.umask, 0o7777, result: 0).hasPrefix("umask(07777)"))
  }

  @Test("arrays of structures, and what they point to")
  func arrays() throws {
    try DemandMemory.withMemory {
      let base = DemandMemory.base
      try DemandMemory.store([4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0x18, 0], at: base)
      #expect(
        Self.line(.poll, base, 2, 100, result: 1)
          == "poll([{fd=4, events=POLLIN, revents=0}, {fd=5, events=POLLOUT, revents=POLLERR|POLLHUP}], 2, 100) = 1")
      #expect(Self.line(.poll, base, 0, 0, result: 0).hasPrefix("poll([], 0, 0)"))
      #expect(Self.line(.poll, base, 100, 0, result: 0).hasSuffix("...) = 0"))
      let groups = (0..<32).map { _ in "0" }.joined(separator: ", ")
      #expect(Self.line(.setgroups, 32, base + 0x1000, result: 0) == "setgroups(32, [\(groups)]) = 0")
      #expect(Self.line(.setgroups, 33, base + 0x1000, result: 0) == "setgroups(33, [\(groups), ...]) = 0")
      try DemandMemory.store(Array("ab\n".utf8), at: base + 0x100)
      let words: [UInt64] = [base + 0x100, 3, 0, 0, 8, 5]
      try DemandMemory.store(
        words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }, at: base)
      #expect(
        Self.line(.writev, 1, base, 3, result: 3)
          == #"writev(1, [{iov_base="ab\n", iov_len=3}, {iov_base=NULL, iov_len=0}, {iov_base=0x8, iov_len=5}], 3) = 3"#
      )
    }
  }

  @Test("a text that runs into a hole is shown as its address, one that ends before it as text")
  func holes() throws {
    try DemandMemory.withMemory {
      let end = DemandMemory.end
      try DemandMemory.store(Array("abcdef".utf8), at: end - 6)
      #expect(Self.line(.chdir, end - 6, result: -14).hasPrefix("chdir(0x7ffffa)"))
      try DemandMemory.store([0], at: end - 1)
      #expect(Self.line(.chdir, end - 6, result: 0).hasPrefix("chdir(\"abcde\")"))
      #expect(Self.line(.chdir, end, result: -14).hasPrefix("chdir(0x800000)"))
      #expect(Self.line(.chdir, 0x5fff_ffff_ffff, result: -14).hasPrefix("chdir(0x5fffffffffff)"))
      #expect(Self.line(.chdir, .max, result: -14).hasPrefix("chdir(0xffffffffffffffff)"))
    }
  }

  @Test("a line that is too long is cut before its result, which stays")
  func long() throws {
    try DemandMemory.withMemory {
      let base = DemandMemory.base
      // Thirty texts of thirty bytes, each of which takes four characters.
      var vector: [UInt64] = []
      for index in UInt64(0)..<30 {
        try DemandMemory.store([UInt8](repeating: 0x80, count: 30) + [0], at: base + 0x1000 + index * 32)
        vector.append(base + 0x1000 + index * 32)
      }
      vector.append(0)
      try DemandMemory.store(
        vector.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }, at: base)
      let line = Self.line(.execve, base + 0x1000, base, 0, result: -2)
      #expect(line.utf8.count <= TraceLine.capacity)
      #expect(line.hasSuffix("...) = -1 ENOENT (No such file or directory)"))
    }
  }

  @Test("whatever is passed, a line comes out, in printable characters and no longer than it may be")
  func fuzz() throws {
    try DemandMemory.withMemory {
      var random = SeededGenerator(seed: 11)
      try DemandMemory.store((0..<8_192).map { _ in UInt8(truncatingIfNeeded: random.next()) }, at: DemandMemory.base)
      for _ in 0..<20_000 {
        let arguments = (0..<6).map { _ in random.argument() }
        let number = random.next() % 480
        let result = [0, 1, -14, 4_096, Int64.max, .min][Int(random.next() % 6)]
        let line = Self.line(number, arguments, result: random.next() % 8 == 0 ? nil : result)
        #expect(line.utf8.count <= TraceLine.capacity && line.utf8.count >= 40)
        #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }, "\(line)")
        #expect(line.contains(") ") && line.contains("= "))
      }
    }
  }
}

extension SeededGenerator {
  /// What a call may be given: anything, small numbers, places in a program and at its edges.
  fileprivate mutating func argument() -> UInt64 {
    switch next() % 7 {
    case 0: next()
    case 1: next() % 64
    case 2: DemandMemory.base + next() % 8_192
    case 3: DemandMemory.end - next() % 64
    case 4: UInt64.max - next() % 64
    case 5: 0x6000_0000_0000 - next() % 64
    default: 1 << (next() % 64)
    }
  }
}
