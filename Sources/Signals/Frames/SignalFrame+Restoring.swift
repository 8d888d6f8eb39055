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
    // The handler's return took the first word from the stack.
    try UserWords.withCopy(Word.contextCount, from: registers.stackPointer) { words throws(Errno) in
      let start = Word.registers - Word.context
      let flags = registers.flags & ~changeableFlags | words[start + 17] & changeableFlags
      registers.replace(with: words, from: start, flags: flags)
      registers.forgetSystemCall()
      let wanted = AlternateStack(
        words[Word.stack - Word.context], flagBits: words[Word.stack - Word.context + 1],
        words[Word.stack - Word.context + 2])
      let mask = SignalSet(rawValue: words[Word.mask - Word.context])
      try FloatingPointFrame.restore(from: words[start + Register.vectors])
      return Restored(mask: mask.catchable, stack: replacing(stack, with: wanted, registers.stackPointer))
    }
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
}
