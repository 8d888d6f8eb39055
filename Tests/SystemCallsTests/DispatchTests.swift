import Foundations
import LinuxABI
import Machine
import PageCache
import Processes
import RAMFileSystem
import Security
import Testing
import VFS

@testable import SystemCalls

/// A task of a process of its own, which is in no tree: 42, its task 43.
private func makeTask() throws -> Task {
  let cache = try PageCache(frameCount: 64, waiting: PageWaiting())
  let root = try RAMFileSystem(names: DentryCache(bucketCount: 16), clock: FileClock(), cache: cache).makeMount()
  let resources = TaskResources(
    files: DescriptorTable(), context: FileSystemContext(root: root.rootPath, directory: root.rootPath),
    namespace: try MountNamespace(root: root), credentials: .root)
  let tree = ProcessTree()
  for _ in 0..<41 { _ = try tree.makeIdentifier() }
  let process = try Process(try tree.makeIdentifier(), in: tree, exitSignal: nil)
  return Task(process, try tree.makeIdentifier(), resources)
}

/// Collects text.
private struct Text: TextSink {
  var text = ""
  mutating func write(_ bytes: Span<UInt8>) {
    for index in bytes.indices { text.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
  }
}

@Suite("The dispatch of system calls", .serialized)
struct DispatchTests {
  /// Makes a call and returns the registers afterwards.
  private func call(_ number: UInt64) throws -> UserRegisters {
    let task = try makeTask()
    var registers = UserRegisters()
    registers.rax = number
    (registers.rdi, registers.rsi, registers.rdx) = (1, 2, 3)
    (registers.r10, registers.r8, registers.r9) = (4, 5, 6)
    registers.rip = 0x40_1000
    return UserContext.simulateCall(registers) {
      $0.result = SystemCallDispatch.serve(
        UInt32(truncatingIfNeeded: $0.callNumber), $0, SystemCallContext(task))
    }
  }

  @Test("a call's result is what its function returns, and no other register changes")
  func results() throws {
    var expected = UserRegisters()
    (expected.rdi, expected.rsi, expected.rdx) = (1, 2, 3)
    (expected.r10, expected.r8, expected.r9) = (4, 5, 6)
    expected.rip = 0x40_1000
    for (call, result) in [(SystemCallNumber.getpid, UInt64(42)), (.gettid, 43), (.getppid, 0)] {
      var registers = try self.call(UInt64(call.rawValue))
      registers.flags = 0
      expected.rax = result
      #expect(registers == expected, "\(call.name)")
    }
  }

  @Test("the number is the low half of the register, as on Linux")
  func numbers() throws {
    #expect(try call(39).rax == 42)
    #expect(try call(39 | 1 << 32).rax == 42)
    #expect(try call(39 | 1 << 63).rax == 42)
    // The numbers of x32 are none of ours.
    #expect(Int64(bitPattern: try call(39 | 1 << 30).rax) == -38)
  }

  @Test("every call that does not exist gives ENOSYS and is counted by its number")
  func unimplemented() throws {
    for number in UInt64(0)..<520 {
      let entry = UInt16(exactly: number).flatMap { SystemCallNumber(rawValue: $0) }
      if let entry, entry.status == .done || entry.status == .partial { continue }
      let counted = UInt16(min(number, 511))
      let before = UnimplementedCalls.count(of: counted)
      #expect(Int64(bitPattern: try call(number).rax) == -38, "\(number)")
      #expect(UnimplementedCalls.count(of: counted) == before + 1, "\(number)")
    }
    let before = UnimplementedCalls.count(of: 511)
    for number in [UInt64(512), 0xffff_ffff, 0x7fff_ffff] { _ = try call(number) }
    #expect(UnimplementedCalls.count(of: 511) == before + 3)
    #expect(UnimplementedCalls.count(of: SystemCallNumber.getpid.rawValue) == 0)
    #expect(UnimplementedCalls.count(of: 512) == 0)
  }

  @Test("how many calls there are of each status is written")
  func status() {
    var text = Text()
    UnimplementedCalls.writeStatus(to: &text)
    let counts = text.text.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(counts.map { $0[0] } == ["done", "partial", "planned", "obsolete"])
    for (line, status) in zip(counts, [SystemCallStatus.done, .partial, .planned, .obsolete]) {
      #expect(Int(line[1]) == SystemCallNumber.allCases.count { $0.status == status })
    }
  }

  @Test("the counts are written by name, the numbers of no call as other")
  func text() throws {
    _ = try call(UInt64(SystemCallNumber.tuxcall.rawValue))
    _ = try call(400)
    _ = try call(1_000_000)
    var text = Text()
    UnimplementedCalls.write(to: &text)
    let lines = text.text.split(separator: "\n")
    let tuxcall = UnimplementedCalls.count(of: SystemCallNumber.tuxcall.rawValue)
    #expect(lines.contains("184 tuxcall \(tuxcall)"))
    #expect(lines.contains("400 other \(UnimplementedCalls.count(of: 400))"))
    #expect(lines.contains("511 other \(UnimplementedCalls.count(of: 511))"))
    #expect(!lines.contains { $0.hasPrefix(" 39 ") })
  }
}
