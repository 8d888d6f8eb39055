import Foundations
import LinuxABI
import Machine
import Testing

@testable import SystemCalls

/// A task with numbers of its own.
private final class Task: SystemCallTask {
  override var processIdentifier: Int32 { 1_234 }
  override var threadIdentifier: Int32 { 1_235 }
  override var parentIdentifier: Int32 { 1 }
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
  private func call(_ number: UInt64) -> UserRegisters {
    var registers = UserRegisters()
    registers.rax = number
    (registers.rdi, registers.rsi, registers.rdx) = (1, 2, 3)
    (registers.r10, registers.r8, registers.r9) = (4, 5, 6)
    registers.rip = 0x40_1000
    return UserContext.simulateCall(registers) { SystemCallDispatch.serve($0, SystemCallContext(Task())) }
  }

  @Test("a call's result is what its function returns, and no other register changes")
  func results() {
    var expected = UserRegisters()
    (expected.rdi, expected.rsi, expected.rdx) = (1, 2, 3)
    (expected.r10, expected.r8, expected.r9) = (4, 5, 6)
    expected.rip = 0x40_1000
    for (call, result) in [(SystemCallNumber.getpid, UInt64(1_234)), (.gettid, 1_235), (.getppid, 1)] {
      var registers = self.call(UInt64(call.rawValue))
      registers.flags = 0
      expected.rax = result
      #expect(registers == expected, "\(call.name)")
    }
  }

  @Test("the number is the low half of the register, as on Linux")
  func numbers() {
    #expect(call(39).rax == 1_234)
    #expect(call(39 | 1 << 32).rax == 1_234)
    #expect(call(39 | 1 << 63).rax == 1_234)
    // The numbers of x32 are none of ours.
    #expect(Int64(bitPattern: call(39 | 1 << 30).rax) == -38)
  }

  @Test("every call that does not exist gives ENOSYS and is counted by its number")
  func unimplemented() {
    for number in UInt64(0)..<520 {
      let entry = UInt16(exactly: number).flatMap { SystemCallNumber(rawValue: $0) }
      if let entry, entry.status == .done || entry.status == .partial { continue }
      let counted = UInt16(min(number, 511))
      let before = UnimplementedCalls.count(of: counted)
      #expect(Int64(bitPattern: call(number).rax) == -38, "\(number)")
      #expect(UnimplementedCalls.count(of: counted) == before + 1, "\(number)")
    }
    let before = UnimplementedCalls.count(of: 511)
    for number in [UInt64(512), 0xffff_ffff, 0x7fff_ffff] { _ = call(number) }
    #expect(UnimplementedCalls.count(of: 511) == before + 3)
    #expect(UnimplementedCalls.count(of: SystemCallNumber.getpid.rawValue) == 0)
    #expect(UnimplementedCalls.count(of: 512) == 0)
  }

  @Test("the counts are written by name, the numbers of no call as other")
  func text() {
    _ = call(UInt64(SystemCallNumber.tuxcall.rawValue))
    _ = call(400)
    _ = call(1_000_000)
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
