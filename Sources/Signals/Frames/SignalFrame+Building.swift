public import Foundations
import LinuxABI
public import Machine

/// Calling a handler.
extension SignalFrame {
  /// Makes the program go on in the handler of `disposition`, and saves on its stack what sigreturn(2) brings it back to.
  ///
  /// - Parameters:
  ///   - mask: what will be blocked again when the handler returns.
  ///   - stack: the alternate stack; put out of use when its owner wants that.
  ///   - fault: the thread's last exception.
  /// - Throws: `EFAULT` when there is no room for the frame, or nowhere to return to; the registers are as before.
  /// - Context: the thread of the program, without locks.
  @inline(__always)
  public static func build(
    _ information: SignalInformation, _ disposition: SignalDisposition, mask: SignalSet, stack: inout AlternateStack,
    fault: FaultRecord, _ registers: borrowing UserContext
  ) throws(Errno) {
    let flags = disposition.flags
    guard flags.contains(.SA_RESTORER) else { throw .EFAULT }
    let (frame, vectors) = try place(flags, stack, registers.stackPointer)
    try FloatingPointFrame.save(to: vectors)
    let contextFlags = ContextFlags.stackSegment | (FPUState.isExtended ? ContextFlags.extended : 0)
    // Each register goes from where it was saved to where it is wanted; reading all of them first would move each twice.
    let words: InlineArray<55, UInt64> = [
      disposition.restorer,
      contextFlags, 0, stack.base, stack.flags.rawValue, stack.byteCount,
      registers.r8, registers.r9, registers.r10, registers.r11, registers.r12, registers.r13, registers.r14,
      registers.r15, registers.rdi, registers.rsi, registers.rbp, registers.rbx, registers.rdx, registers.rax,
      registers.rcx, registers.stackPointer, registers.instructionPointer, registers.flags,
      segments, fault.errorCode, fault.trapNumber, mask.rawValue, fault.address, vectors,
      0, 0, 0, 0, 0, 0, 0, 0, mask.rawValue,
      information.word0, information.word1, information.word2, information.word3, information.word4,
      information.word5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]
    let count = flags.contains(.SA_SIGINFO) ? wordCount : shortWordCount
    try UserMemory.copyOut(words.span.extracting(0..<count), to: frame)
    FPUState.reset()
    if stack.flags.contains(.SS_AUTODISARM) { stack = AlternateStack() }
    registers.enter(
      disposition.handler, stackPointer: frame, UInt64(UInt32(bitPattern: information.number)),
      frame &+ UInt64(Word.information * 8), frame &+ UInt64(Word.context * 8))
  }

  /// Where the frame and the vector registers go.
  ///
  /// - Throws: `EFAULT` when the alternate stack is too small for them.
  @inline(__always)
  private static func place(
    _ flags: SignalActionFlags, _ stack: AlternateStack, _ stackPointer: UInt64
  ) throws(Errno) -> (frame: UInt64, vectors: UInt64) {
    var top = stackPointer &- redZoneByteCount
    var isAlternate = stack.isInUse(stackPointer)
    if flags.contains(.SA_ONSTACK), stack.isFree(top) {
      top = stack.top
      isAlternate = true
    }
    let vectors = FloatingPointFrame.address(below: top)
    // As if the handler had been called: its stack pointer is a multiple of 16 less the return address.
    let frame = ((vectors &- UInt64(wordCount * 8)) & ~15) &- 8
    guard !isAlternate || stack.holds(frame) else { throw .EFAULT }
    return (frame, vectors)
  }
}
