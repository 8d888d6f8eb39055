import Foundation
import Foundations
import LinuxABI
import Testing

@testable import Machine
@testable import SystemCalls

/// The trace of calls against strace(1) itself: a C program makes calls under it, and the same calls, with the memory that the
/// program then had, must give the same lines.
@Suite("The trace and strace", .serialized)
struct StraceTests {
  /// An argument of a call of the program.
  enum Argument {
    case value(Int64)
    /// The address of bytes.
    case bytes([UInt8])
    /// The address of zeros, which the call may fill.
    case zeros(Int)
    /// The address of addresses of texts, and a null.
    case vector([String])

    static func text(_ text: String) -> Argument { .bytes(Array(text.utf8) + [0]) }
    static func words(_ words: [Int64]) -> Argument {
      .bytes(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } })
    }
    static func ints(_ words: [Int32]) -> Argument {
      .bytes(words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } })
    }

    /// The memory that it points to before the call; empty for none.
    var memory: [UInt8] {
      switch self {
      case .value, .vector: []
      case .bytes(let bytes): bytes
      case .zeros(let count): [UInt8](repeating: 0, count: count)
      }
    }
  }

  struct Call {
    let number: SystemCallNumber
    let arguments: [Argument]
    init(_ number: SystemCallNumber, _ arguments: Argument...) {
      self.number = number
      self.arguments = arguments
    }
  }

  static let tools = ["/usr/bin/strace", "/usr/bin/gcc"]
  static let areInstalled = tools.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

  /// Runs in an empty folder in which `file` has 40 bytes. Descriptors from 3 on are free.
  static let calls: [Call] = [
    Call(.openat, .value(-100), .text("file"), .value(0x80000)),
    Call(.read, .value(3), .zeros(64), .value(16)),
    Call(.read, .value(3), .zeros(64), .value(64)),
    Call(.read, .value(3), .zeros(64), .value(64)),
    Call(.read, .value(77), .zeros(64), .value(64)),
    Call(.lseek, .value(3), .value(5), .value(0)),
    Call(.lseek, .value(3), .value(-5), .value(2)),
    Call(.lseek, .value(3), .value(0), .value(99)),
    Call(.fstat, .value(3), .zeros(144)),
    Call(.newfstatat, .value(-100), .text("."), .zeros(144), .value(0x100)),
    Call(.newfstatat, .value(3), .text(""), .zeros(144), .value(0x1000)),
    Call(.close, .value(3)),
    Call(.close, .value(3)),
    Call(.openat, .value(-100), .text("new\n\"file\"\u{1}7\u{7f}é\\"), .value(0x242), .value(0o640)),
    Call(.write, .value(3), .text("hello\tworld\r\n\u{8}"), .value(14)),
    Call(.write, .value(3), .bytes(Array(0..<100)), .value(100)),
    Call(.write, .value(3), .bytes([0, 0x30, 0, 0x38, 9, 0xff, 0x37, 7, 0x41]), .value(9)),
    Call(.pwrite64, .value(3), .text("abc"), .value(3), .value(1 << 20)),
    Call(.ftruncate, .value(3), .value(10)),
    Call(.fchmod, .value(3), .value(0o4755)),
    Call(.fstat, .value(3), .zeros(144)),
    Call(.fchmod, .value(3), .value(0o7)),
    Call(.openat, .value(-100), .text("none"), .value(0x8000 | 0x400 | 1)),
    Call(.openat, .value(-100), .text("none"), .value(0x4000_0000)),
    Call(.mkdirat, .value(-100), .text("folder"), .value(0)),
    Call(.unlinkat, .value(-100), .text("folder"), .value(0x200)),
    Call(.access, .text("file"), .value(0)),
    Call(.access, .text("file"), .value(6)),
    Call(.pipe2, .zeros(8), .value(0x80800)),
    Call(.dup2, .value(4), .value(9)),
    Call(.mmap, .value(0), .value(8_192), .value(3), .value(0x22), .value(-1), .value(0)),
    Call(.mmap, .value(0), .value(0), .value(0), .value(2), .value(-1), .value(0)),
    Call(.mprotect, .value(0x1000), .value(4_096), .value(7)),
    Call(.munmap, .value(1), .value(4_096)),
    Call(.brk, .value(0)),
    Call(.rt_sigprocmask, .value(0), .words([0x4000]), .zeros(8), .value(8)),
    Call(.rt_sigprocmask, .value(2), .words([0x1_0000_4002]), .value(0), .value(8)),
    Call(.rt_sigprocmask, .value(1), .words([-1]), .zeros(8), .value(8)),
    Call(.rt_sigaction, .value(12), .words([1, 0x1000_0000, 0, 0]), .zeros(32), .value(8)),
    Call(.rt_sigaction, .value(36), .value(0), .value(0), .value(8)),
    Call(.nanosleep, .words([0, 1]), .value(0)),
    Call(.nanosleep, .words([0, 2_000_000_000]), .value(0)),
    Call(.clock_gettime, .value(1), .zeros(16)),
    Call(.kill, .value(0), .value(0)),
    Call(.tgkill, .value(1), .value(-1), .value(15)),
    Call(.getuid),
    Call(.umask, .value(0o22)),
    Call(.getcwd, .zeros(1), .value(1)),
    Call(.setitimer, .value(1), .words([0, 0, 0, 0]), .value(0)),
    Call(.madvise, .value(0), .value(0), .value(4)),
    Call(.symlink, .text("target"), .text("link")),
    Call(.rename, .text("link"), .text("other")),
    Call(.execve, .text("none"), .vector(["a", "b c"]), .value(0)),
    Call(.socket, .value(1), .value(0x80001), .value(0)),
    Call(.epoll_create1, .value(0x80000)),
    Call(.getrandom, .zeros(8), .value(0), .value(1)),
    Call(.chown, .text("none"), .value(-1), .value(5)),
    Call(.prlimit64, .value(0), .value(7), .words([1_023, 1_025]), .value(0)),
    Call(.openat, .value(-100), .value(0), .value(0)),
    Call(.openat, .value(-100), .value(8), .value(0)),
    Call(.write, .value(1), .value(8), .value(5)),
  ]

  /// The program: it makes the calls behind a mark, then writes what every buffer holds to the file `buffers`.
  private static func source() -> String {
    var buffers = ""
    var body = ""
    var dump = ""
    for (index, call) in calls.enumerated() {
      var arguments: [String] = []
      for (place, argument) in call.arguments.enumerated() {
        let name = "b\(index)_\(place)"
        switch argument {
        case .value(let value): arguments.append("\(value)L")
        case .vector(let texts):
          let literals = texts.map { "\"\($0)\"" }.joined(separator: ", ")
          buffers += "static const char *\(name)[] = { \(literals), 0 };\n"
          arguments.append(name)
        case .bytes, .zeros:
          let bytes = argument.memory
          buffers +=
            "static unsigned char \(name)[\(bytes.count)] = { \(bytes.map { "\($0)" }.joined(separator: ", ")) };\n"
          dump += "fwrite(\(name), 1, \(bytes.count), file);\n"
          arguments.append(name)
        }
      }
      body += "syscall(\(([Int(call.number.rawValue)].map(String.init) + arguments).joined(separator: ", ")));\n"
    }
    return """
      #include <stdio.h>
      #include <unistd.h>
      \(buffers)
      int main(void) {
        setvbuf(stdout, 0, _IONBF, 0);
        syscall(39);
        \(body)
        FILE *file = fopen("buffers", "w");
        \(dump)
        fclose(file);
        return 0;
      }
      """
  }

  private static func run(_ program: String, _ arguments: [String], in folder: URL) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    // Close what the program would otherwise find open: its descriptors are to begin at 3.
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A line without what differs from run to run, and without strace's words for errors and its remarks.
  private static func normalized(_ line: String) -> String {
    line.replacing(/0x[0-9a-f]{6,}/, with: "ADDRESS").replacing(/(= -1 E[A-Z0-9]+).*/) { $0.1 }
      .replacing(/[ ]\/\* .*? \*\//, with: "").replacing(/[ ]+=/, with: " =")
  }

  @Test("lines are those of strace", .enabled(if: areInstalled, "needs strace and gcc"))
  func lines() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "apus-\(UUID().uuidString)")
    let work = folder.appending(path: "work")
    try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "calls.c").path
    try Data(Self.source().utf8).write(to: URL(filePath: source))
    try Data("0123456789abcdef\"\\\n\u{1}".utf8 + [UInt8](repeating: 0x80, count: 20)).write(
      to: work.appending(path: "file"))
    let program = folder.appending(path: "calls").path
    #expect(try Self.run("/usr/bin/gcc", ["-w", "-static", "-o", program, source], in: folder) == 0)
    let output = folder.appending(path: "trace")
    guard try Self.run("/usr/bin/strace", ["-o", output.path, program], in: work) == 0,
      let buffers = try? Data(contentsOf: work.appending(path: "buffers"))
    else {
      // A machine whose security policy forbids tracing.
      return
    }
    let trace = try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map(String.init)
      // What signals came and how the program ended.
      .filter { !$0.hasPrefix("---") && !$0.hasPrefix("+++") }
    let mark = try #require(trace.firstIndex { $0.hasPrefix("getpid()") })
    let lines = trace[(mark + 1)...].prefix(Self.calls.count)
    #expect(lines.count == Self.calls.count)
    try DemandMemory.withMemory { try compare(Array(lines), [UInt8](buffers)) }
  }

  private func compare(_ lines: [String], _ buffers: [UInt8]) throws {
    var rest = buffers[...]
    for (call, line) in zip(Self.calls, lines) {
      var registers = UserRegisters()
      var values: [UInt64] = []
      var after: [(address: UInt64, bytes: [UInt8])] = []
      var free = DemandMemory.base
      func place(_ bytes: [UInt8]) throws -> UInt64 {
        let address = free
        try DemandMemory.store(bytes, at: address)
        free += (UInt64(bytes.count) + 4_096) & ~15
        return address
      }
      for argument in call.arguments {
        switch argument {
        case .value(let value): values.append(UInt64(bitPattern: value))
        case .vector(let texts):
          let addresses = try texts.map { try place(Array($0.utf8) + [0]) }
          values.append(try place(Argument.words(addresses.map { Int64($0) } + [0]).memory))
        case .bytes, .zeros:
          let address = try place(argument.memory)
          values.append(address)
          after.append((address, Array(rest.prefix(argument.memory.count))))
          rest = rest.dropFirst(argument.memory.count)
        }
      }
      values += [UInt64](repeating: 0, count: 6 - values.count)
      registers.rax = UInt64(call.number.rawValue)
      (registers.rdi, registers.rsi, registers.rdx) = (values[0], values[1], values[2])
      (registers.r10, registers.r8, registers.r9) = (values[3], values[4], values[5])
      var text = ""
      _ = try UserContext.simulateCall(registers) { context in
        var trace = SystemCallTrace(UInt32(call.number.rawValue), context)
        for (address, bytes) in after { try DemandMemory.store(bytes, at: address) }
        trace.finish(try Self.result(of: line))
        text = String(decoding: (0..<trace.text.count).map { trace.text[$0] }, as: UTF8.self)
      }
      #expect(Self.normalized(text) == Self.normalized(line))
      // The columns of the result, too, unless addresses differ in length.
      if !line.contains("0x"), !line.contains("-1 E") { #expect(text == line) }
    }
  }

  /// The number that the kernel returned, out of strace's line.
  private static func result(of line: String) throws -> Int64 {
    let match = try #require(line.firstMatch(of: /= (-1 E\w+|0x[0-9a-f]+|-?[0-9]+)[^=]*$/), "\(line)")
    let text = match.1
    if text.hasPrefix("-1 ") {
      let name = text.dropFirst(3)
      let number = try #require((Int32(1)...133).first { Errno(rawValue: $0)?.name == String(name) }, "\(name)")
      return Int64(-number)
    }
    if text.hasPrefix("0x") { return Int64(bitPattern: try #require(UInt64(text.dropFirst(2), radix: 16))) }
    // A mode is in octal.
    if text.hasPrefix("0"), text.count > 1 { return try #require(Int64(text, radix: 8)) }
    return try #require(Int64(text))
  }
}
