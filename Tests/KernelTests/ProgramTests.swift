import Foundations
import Machine
import Scheduler
import Synchronization
import Time

/// Programs: into them, out of them by calls, exceptions and interrupts, and that nothing of the kernel's is lost or shown.
enum ProgramTests {
  static func register(_ registrar: inout TestRegistrar) {
    registrar.test("programs.calls-keep-registers", callsKeepRegisters)
    registrar.test("programs.what-they-raise-is-theirs", raiseEverything)
    registrar.test("programs.single-steps-are-theirs", singleStep)
    registrar.test("programs.are-preempted", arePreempted)
    registrar.test("programs.keep-vector-registers", keepVectorRegisters)
    registrar.test("programs.have-their-own-segment-bases", haveSegmentBases)
    registrar.test("programs.may-call-from-anywhere", callFromAnywhere)
    registrar.test("programs.get-the-registers-that-a-call-gives", getRegistersOfCalls)
  }

  /// Runs `body` as a thread with a program, to its end.
  private static func run(_ body: ProgramBody, on processors: UInt64 = .max) throws(TestFailure) {
    try join(start(body, on: processors))
  }

  private static func start(_ body: ProgramBody, on processors: UInt64 = .max) throws(TestFailure) -> Thread {
    do throws(Errno) {
      let thread = try Thread(body, hasProgram: true)
      thread.bind(to: processors)
      thread.start()
      return thread
    } catch {
      throw TestFailure(reason: "no thread: error \(error.rawValue)")
    }
  }

  private static func join(_ thread: Thread) throws(TestFailure) {
    do throws(Errno) { try thread.join() } catch { throw TestFailure(reason: "the wait was interrupted") }
  }

  // MARK: Calls

  /// Two calls in a row: the second sees all registers as they were, but for the result and what SYSCALL itself changes.
  private static func callsKeepRegisters() throws(TestFailure) {
    let program = try ProgramCode()
    for _ in 0..<1_000 { try program.append(0x0f, 0x05) }
    try program.call(60)
    try program.finish()
    let body = Comparing(program)
    try run(body)
    try expect(body.calls == 1_000, "\(body.calls) of 1,000 calls arrived")
    try expect(body.differences == 0, "\(body.differences) calls found other registers")
  }

  private final class Comparing: ProgramBody {
    private(set) var calls = 0
    private(set) var differences = 0
    private var expected = UserRegisters()

    override func prepare(_ registers: inout UserRegisters) {
      (registers.rax, registers.rbx, registers.rdx) = (0x1111, 0x2222_0000_0001, 0x3333_0000_0002)
      (registers.rsi, registers.rdi, registers.rbp) = (0x4444_0000_0003, 0x5555_0000_0004, 0x6666_0000_0005)
      (registers.r8, registers.r9, registers.r10) = (0x7777_0000_0006, 0x8888_0000_0007, 0x9999_0000_0008)
      (registers.r12, registers.r13) = (0xaaaa_0000_0009, 0xbbbb_0000_000a)
      (registers.r14, registers.r15) = (0xcccc_0000_000b, 0xdddd_0000_000c)
      // Carry and direction.
      registers.flags = 0x401
      expected = registers
    }

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      if number == 60 { leave() }
      let found = registers.registers
      (expected.rip, expected.flags) = (ProgramCode.code + UInt64(2 * (calls + 1)), 0x603)
      (expected.rcx, expected.r11) = (expected.rip, expected.flags)
      if found != expected || registers.callNumber != found.rax { differences += 1 }
      calls += 1
      expected.rax = UInt64(1_000 + calls)
      return Int64(1_000 + calls)
    }
  }

  /// A call that gives its program other registers, as those do that execute one or return from a handler: the next call sees all
  /// of them, also those that no function changes.
  private static func getRegistersOfCalls() throws(TestFailure) {
    let program = try ProgramCode()
    for _ in 0..<2 { try program.append(0x0f, 0x05) }
    try program.finish()
    let body = Replacing(program)
    try run(body)
    try expect(body.isRight, "the program has other registers than it was given")
  }

  private final class Replacing: ProgramBody {
    private(set) var isRight = false
    private var given = UserRegisters()

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      guard number == 60 else {
        given = registers.registers
        (given.rbx, given.rbp, given.r12) = (0x11, 0x22_0000_0000, 0x33)
        (given.r13, given.r14, given.r15) = (0x44, 0x55, 0x66_0000_0000)
        (given.rdi, given.rsi, given.rdx) = (0x77, 0x88, 0x99)
        (given.r10, given.r8, given.r9) = (0xaa, 0xbb, 0xcc)
        registers.registers = given
        return 60
      }
      var found = registers.registers
      (found.rax, found.rcx, found.r11, found.rip) = (given.rax, given.rcx, given.r11, given.rip)
      isRight = found == given
      leave()
      return 0
    }
  }

  /// Calls with a stack pointer that is no address, and from a program that has set every flag that it may.
  private static func callFromAnywhere() throws(TestFailure) {
    let program = try ProgramCode()
    // mov rsp, 0x8000000000000000
    try program.append(0x48, 0xbc, 0, 0, 0, 0, 0, 0, 0, 0x80)
    try program.call(1)
    try program.append(0x31, 0xe4)  // xor esp, esp
    try program.call(2)
    try program.call(60)
    try program.finish()
    let body = Noting(program)
    try run(body)
    try expect(body.stackPointers.0 == 1 << 63, "the first call came from \(hex: body.stackPointers.0)")
    try expect(body.stackPointers.1 == 0, "the second call came from \(hex: body.stackPointers.1)")
  }

  private final class Noting: ProgramBody {
    private(set) var stackPointers: (UInt64, UInt64) = (1, 1)

    override func prepare(_ registers: inout UserRegisters) {
      registers.flags = .max
    }

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      switch number {
      case 1: stackPointers.0 = registers.registers.rsp
      case 2: stackPointers.1 = registers.registers.rsp
      default: leave()
      }
      return 0
    }

    // All flags include the one for single steps.
    override func programFault(_ fault: ProgramFault) {}
  }

  // MARK: Exceptions

  private static func raiseEverything() throws(TestFailure) {
    try raise(0, [0x31, 0xc9, 0xf7, 0xf1])  // xor ecx, ecx; div ecx
    try raise(3, [0xcc], length: 1)  // int3
    try raise(4, [0xcd, 4], length: 2)  // int 4
    try raise(6, [0x0f, 0x0b])  // ud2
    for code: [UInt8] in [
      [0xf4], [0xfa], [0xfb], [0xec], [0xee],  // hlt; cli; sti; in al, dx; out dx, al
      [0xcd, 0x80], [0xcd, 14], [0xcd, 0x20],  // int 80h; int 14; int 20h
      [0x0f, 0x32], [0x0f, 0x30], [0x0f, 0x20, 0xd8], [0x0f, 0x22, 0xd8],  // rdmsr; wrmsr; CR3 read, written
      [0x0f, 0x01, 0xf8], [0x0f, 0x01, 0x1f], [0x0f, 0x06],  // swapgs; lidt [rdi]; clts
    ] {
      try raise(13, code)
    }
    // mov eax, 0x1234 or 0x1230; mov ds, eax: there is no local table, and the other one is not that long.
    for selector: UInt8 in [0x34, 0x30] { try raise(13, [0xb8, selector, 0x12, 0, 0, 0x8e, 0xd8], anywhere: true) }
    // mov rax, 0x8000000000000000; jmp rax: what is not an address cannot be fetched from.
    try raise(13, [0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xe0], anywhere: true)
    // mov rsp, 0x8000000000000000; push rax. QEMU raises 13 where the manuals say 12.
    try raise(12, or: 13, [0x48, 0xbc, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x50], anywhere: true)
    // mov eax, [0]; mov eax, [rdi] and mov [rdi], eax at the kernel; jmp rdi to its data.
    try raise(14, [0x8b, 0x04, 0x25, 0, 0, 0, 0], address: 0, error: 4)
    try raise(14, [0x8b, 0x07], address: imageAddress, error: 5)
    try raise(14, [0x89, 0x07], address: imageAddress, error: 7)
    try raise(14, [0xff, 0xe7], address: ProgramCode.data, error: 0x15, anywhere: true)
    // fninit; fldz; fldz; a mask that lets division by zero through; fdivp; fwait.
    try raise(
      16, [0xdb, 0xe3, 0xd9, 0xee, 0xd9, 0xee, 0x6a, 0, 0xd9, 0x2c, 0x24, 0xde, 0xf9, 0x9b], anywhere: true)
  }

  /// An address inside the kernel's image.
  private static let imageAddress: UInt64 = 0x6fff_8010_2000

  /// Whether `code` makes its program raise `vector`, at an instruction after `length` bytes of it unless `anywhere`.
  private static func raise(
    _ vector: UInt8, or other: UInt8? = nil, _ code: [UInt8], length: Int? = nil, address: UInt64? = nil,
    error: UInt64 = 0,
    anywhere: Bool = false
  ) throws(TestFailure) {
    let program = try ProgramCode()
    for byte in code { try program.append(byte) }
    try program.finish()
    let body = Faulting(program, argument: address ?? 0)
    try run(body)
    guard let fault = body.fault else { throw TestFailure(reason: "vector \(vector) was not raised") }
    try expect(
      fault.vector == vector || fault.vector == other, "\(fault.vector) was raised instead of \(vector)")
    if let address {
      try expect(fault.address == address, "address \(hex: fault.address) instead of \(hex: address)")
      try expect(fault.errorCode == error, "error code \(hex: fault.errorCode) instead of \(hex: error)")
    }
    let offset = Int(truncatingIfNeeded: body.instruction &- ProgramCode.code)
    if let length { try expect(offset == length, "vector \(vector): stopped at \(offset) instead of \(length)") }
    try expect(anywhere || offset >= 0 && offset <= code.count, "vector \(vector): stopped at \(offset)")
  }

  private final class Faulting: ProgramBody {
    private(set) var fault: ProgramFault?
    private(set) var instruction: UInt64 = 0
    private let argument: UInt64

    init(_ program: ProgramCode, argument: UInt64) {
      self.argument = argument
      super.init(program)
    }

    override func prepare(_ registers: inout UserRegisters) { registers.rdi = argument }

    override func programFault(_ fault: ProgramFault) {
      if self.fault == nil { self.fault = fault }
      _ = ThreadContext.withCurrent { $0.work.bitwiseOr(1, ordering: .relaxed) }
    }

    override func returnToUser(_ registers: borrowing UserContext) {
      instruction = registers.registers.rip
      leave()
    }
  }

  /// Single steps over a loop that calls: each is told once, in the program, never in the kernel.
  private static func singleStep() throws(TestFailure) {
    let program = try ProgramCode()
    try program.append(0x90, 0x90)
    try program.call(1)
    try program.append(0x90)
    try program.call(60)
    try program.finish()
    let body = Stepping(program)
    try run(body)
    // After each of three nops and two moves. A call goes on behind itself without a stop; the last does not come back.
    try expect(body.steps == 5, "\(body.steps) steps")
    try expect(body.calls == 1, "\(body.calls) calls")
    try expect(body.statuses == 1 << 14, "the debug status was \(hex: body.statuses)")
  }

  private final class Stepping: ProgramBody {
    private(set) var steps = 0
    private(set) var calls = 0
    private(set) var statuses: UInt64 = 0

    override func prepare(_ registers: inout UserRegisters) { registers.flags = 1 << 8 }

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      if number == 60 { leave() }
      calls += 1
      return 0
    }

    override func programFault(_ fault: ProgramFault) {
      steps += 1
      statuses |= fault.address & 0xe00f
    }
  }

  // MARK: Switches

  /// Two programs that only count, on one CPU: both get on, and both can be ended.
  private static func arePreempted() throws(TestFailure) {
    let bodies = (try counting(), try counting())
    let threads = (try start(bodies.0, on: 1), try start(bodies.1, on: 1))
    let begin = Clock.nanoseconds
    while bodies.0.count < 1_000 || bodies.1.count < 1_000 {
      try expect(Clock.nanoseconds &- begin < 20_000_000_000, "one of two programs does not get on")
      do throws(Errno) { try Scheduler.sleep(nanoseconds: 5_000_000) } catch {}
    }
    for thread in [threads.0, threads.1] { thread.work.bitwiseOr(1, ordering: .relaxed) }
    try join(threads.0)
    try join(threads.1)
  }

  /// lock inc qword [data]; jmp back
  private static func counting() throws(TestFailure) -> CountingBody {
    let program = try ProgramCode()
    try program.append(0xf0, 0x48, 0xff, 0x07, 0xeb, 0xfa)
    try program.finish()
    return CountingBody(program)
  }

  private final class CountingBody: ProgramBody {
    private let seen = Atomic<UInt32>(0)
    var count: UInt32 { seen.load(ordering: .relaxed) }

    override func prepare(_ registers: inout UserRegisters) { registers.rdi = ProgramCode.data }

    override func activate(_ thread: Thread) {
      super.activate(thread)
      // Each time it gets its turn, the program's own count is looked at.
      UserMemory.withoutFaults {
        do throws(Errno) { seen.store(try UserMemory.load32(ProgramCode.data), ordering: .relaxed) } catch {}
      }
    }

    override func returnToUser(_ registers: borrowing UserContext) { leave() }
  }

  /// Two programs with other values in a vector register, that change places at every call.
  private static func keepVectorRegisters() throws(TestFailure) {
    let threads = (try start(try vectors(0x1234_5678), on: 1), try start(try vectors(0x9abc_def0), on: 1))
    try join(threads.0)
    try join(threads.1)
    try expect(VectorBody.failures.load(ordering: .relaxed) == 0, "a program found another's value")
    try expect(VectorBody.calls.exchange(0, ordering: .relaxed) == 2 * 200, "not all calls came")
  }

  private static func vectors(_ value: UInt32) throws(TestFailure) -> VectorBody {
    let program = try ProgramCode()
    try program.append(0xb8)  // mov eax, value; movd xmm7, eax; pshufd xmm7, xmm7, 0
    try program.append(word: value)
    try program.append(0x66, 0x0f, 0x6e, 0xf8, 0x66, 0x0f, 0x70, 0xff, 0)
    try program.append(0xbd)  // mov ebp, 200
    try program.append(word: 200)
    try program.call(1)  // loop: call; movhlps xmm0, xmm7; movd ecx, xmm0; cmp ecx, value
    try program.append(0x0f, 0x12, 0xc7, 0x66, 0x0f, 0x7e, 0xc1, 0x81, 0xf9)
    try program.append(word: value)
    try program.append(0x75, 11, 0xff, 0xcd, 0x75, 0xe6)  // jne to the ud2; dec ebp; jnz loop
    try program.call(60)
    try program.append(0x0f, 0x0b)
    try program.finish()
    return VectorBody(program)
  }

  private final class VectorBody: ProgramBody {
    static let failures = Atomic<Int>(0)
    static let calls = Atomic<Int>(0)

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      if number == 60 { leave() }
      Self.calls.add(1, ordering: .relaxed)
      Scheduler.yield()
      return 0
    }

    override func programFault(_ fault: ProgramFault) {
      Self.failures.add(1, ordering: .relaxed)
      _ = ThreadContext.withCurrent { $0.work.bitwiseOr(1, ordering: .relaxed) }
    }

    override func returnToUser(_ registers: borrowing UserContext) { leave() }
  }

  private static func haveSegmentBases() throws(TestFailure) {
    let program = try ProgramCode()
    for prefix: UInt8 in [0x64, 0x65] {
      // mov qword fs:[0], 7 or gs:[0]
      try program.append(prefix, 0x48, 0xc7, 0x04, 0x25, 0, 0, 0, 0, 7, 0, 0, 0)
      try program.call(1)
    }
    try program.append(0x48, 0x8b, 0x37, 0x48, 0x8b, 0x57, 0x10)  // mov rsi, [rdi]; mov rdx, [rdi + 16]
    try program.call(60)
    try program.finish()
    let body = SegmentBody(program)
    try run(body)
    try expect(body.found == (7, 7), "the program found \(body.found.0) and \(body.found.1)")
  }

  private final class SegmentBody: ProgramBody {
    private(set) var found: (UInt64, UInt64) = (0, 0)

    override func prepare(_ registers: inout UserRegisters) {
      registers.rdi = ProgramCode.data
      var bases = SegmentBases()
      (bases.fs, bases.gs) = (ProgramCode.data, ProgramCode.data + 16)
      Thread.running?.programSegmentBases = bases
    }

    override func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
      guard number == 60 else {
        Scheduler.yield()
        return 0
      }
      found = (registers.argument1, registers.argument2)
      leave()
      return 0
    }
  }
}
