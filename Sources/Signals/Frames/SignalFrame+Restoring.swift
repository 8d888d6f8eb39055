public import Foundations
import LinuxABI
public import Machine

/// Coming back from a handler.
extension SignalFrame {
  /// What a frame says beside registers.
  public struct Restored {
    /// What is blocked from now on.
    public let mask: SignalSet
    /// The alternate stack from now on.
    public let stack: AlternateStack
  }

  /// Makes the program go on as the frame says that its stack pointer is behind. Source: sigreturn(2).
  ///
  /// The frame may say anything: registers become what a program may have, and what it may not have is left out.
  ///
  /// - Parameter stack: the alternate stack as it is.
  /// - Throws: `EFAULT` for a frame that cannot be read, or whose vector registers the CPU does not take; the registers may have
  ///   changed, and the program cannot go on.
  /// - Context: the thread of the program, in its call, without locks.
  @inline(__always)
  public static func restore(
    stack: AlternateStack, _ registers: borrowing UserContext
  ) throws(Errno) -> Restored {
    var words = InlineArray<38, UInt64>(repeating: 0)
    var span = words.mutableSpan
    // The handler's return took the first word from the stack.
    try UserMemory.copyIn(from: registers.stackPointer, into: &span)
    let start = Word.registers - Word.context
    let flags = registers.registers.flags & ~changeableFlags | span[start + 17] & changeableFlags
    registers.registers = makeRegisters(span, from: start, flags: flags)
    registers.forgetSystemCall()
    let vectors = span[start + Register.vectors]
    let wanted = AlternateStack(
      span[Word.stack - Word.context], flagBits: span[Word.stack - Word.context + 1],
      span[Word.stack - Word.context + 2])
    let mask = SignalSet(rawValue: span[Word.mask - Word.context])
    try FloatingPointFrame.restore(from: vectors)
    return Restored(mask: mask.catchable, stack: replacing(stack, with: wanted, registers.stackPointer))
  }

  /// A stack that is refused, as one in use is, stays as it was: Linux ignores that, too.
  @inline(__always)
  private static func replacing(
    _ stack: AlternateStack, with wanted: AlternateStack, _ stackPointer: UInt64
  ) -> AlternateStack {
    guard wanted != stack else { return stack }
    do throws(Errno) {
      return try stack.replaced(by: wanted, stackPointer: stackPointer)
    } catch {
      return stack
    }
  }

  @inline(__always)
  private static func makeRegisters(
    _ words: borrowing MutableSpan<UInt64>, from start: Int, flags: UInt64
  ) -> UserRegisters {
    var registers = UserRegisters()
    registers.r8 = words[start]
    registers.r9 = words[start + 1]
    registers.r10 = words[start + 2]
    registers.r11 = words[start + 3]
    registers.r12 = words[start + 4]
    registers.r13 = words[start + 5]
    registers.r14 = words[start + 6]
    registers.r15 = words[start + 7]
    registers.rdi = words[start + 8]
    registers.rsi = words[start + 9]
    registers.rbp = words[start + 10]
    registers.rbx = words[start + 11]
    registers.rdx = words[start + 12]
    registers.rax = words[start + 13]
    registers.rcx = words[start + 14]
    registers.rsp = words[start + 15]
    registers.rip = words[start + 16]
    registers.flags = flags
    return registers
  }
}
