import Foundations
import Machine
import Scheduler
import Synchronization

/// A program for a test: machine code at the beginning of page 0, data in page 1, a stack that ends with page 2.
final class ProgramCode {
  /// Where its code begins.
  static let code = TestSpace.address(0)
  /// Where its data are.
  static let data = TestSpace.address(1)
  /// Where its stack begins, at the highest address.
  static let stackTop = TestSpace.address(3)

  let space: TestSpace
  private var bytes = GrowableArray<UInt8>()

  init() throws(TestFailure) {
    space = try TestSpace.make()
    for page in 0..<3 { try space.map(page) }
  }

  /// Adds instructions.
  func append(_ code: UInt8...) throws(TestFailure) {
    do throws(Errno) {
      for byte in code { try bytes.append(byte) }
    } catch {
      throw TestFailure(reason: "no memory for the program")
    }
  }

  /// Adds a number of 4 bytes.
  func append(word: UInt32) throws(TestFailure) {
    for shift in [0, 8, 16, 24] as [UInt32] { try append(UInt8(truncatingIfNeeded: word >> shift)) }
  }

  /// Adds `mov eax, number; syscall`.
  func call(_ number: UInt32) throws(TestFailure) {
    try append(0xb8)
    try append(word: number)
    try append(0x0f, 0x05)
  }

  /// Puts the code where it belongs, which can only be read and executed from then on.
  ///
  /// - Context: the thread's page table is not needed afterwards.
  func finish() throws(TestFailure) {
    space.activate()
    let count = UserMemory.copyOutPartially(bytes.span, to: Self.code)
    CurrentAddressSpace.leave()
    try expect(count == bytes.count, "the program cannot be written")
    try space.protect(0..<1, [.read, .execute])
  }
}

/// A thread with a program whose calls and exceptions a test looks at.
class ProgramBody: ThreadBody {
  private let program: ProgramCode
  /// What the thread waits for to be over.
  static let ended = Atomic<Int>(0)

  init(_ program: ProgramCode) {
    self.program = program
    super.init()
  }

  override func activate(_ thread: Thread) { program.space.activate() }

  override func run() {
    guard let thread = Thread.running, let context = thread.userContext else { return }
    var registers = UserRegisters()
    registers.rip = ProgramCode.code
    registers.rsp = ProgramCode.stackTop
    prepare(&registers)
    context.registers = registers
    activate(thread)
    enter()
  }

  /// Its own function, so that the stack that is left owns no reference.
  @inline(never)
  private func enter() { ThreadEntry.enterProgram() }

  /// What the program begins with, if not with zeros.
  func prepare(_ registers: inout UserRegisters) {}

  override func systemCall(_ registers: borrowing UserContext) {
    if registers.callNumber == 60 { leave() }
  }

  /// Ends the thread.
  func leave() {
    CurrentAddressSpace.leave()
    Scheduler.exit()
  }
}
