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
    let before = registers.registers
    let (frame, vectors) = try place(flags, stack, before.rsp)
    try FloatingPointFrame.save(to: vectors)
    var words = InlineArray<55, UInt64>(repeating: 0)
    var span = words.mutableSpan
    span[Word.restorer] = disposition.restorer
    span[Word.flags] = ContextFlags.stackSegment | (FPUState.isExtended ? ContextFlags.extended : 0)
    span[Word.stack] = stack.base
    span[Word.stack + 1] = stack.flags.rawValue
    span[Word.stack + 2] = stack.byteCount
    put(before, &span)
    span[Word.registers + Register.segments] = segments
    span[Word.registers + Register.errorCode] = fault.errorCode
    span[Word.registers + Register.trapNumber] = fault.trapNumber
    span[Word.registers + Register.oldMask] = mask.rawValue
    span[Word.registers + Register.address] = fault.address
    span[Word.registers + Register.vectors] = vectors
    span[Word.mask] = mask.rawValue
    var count = shortWordCount
    if flags.contains(.SA_SIGINFO) {
      information.put(&span, at: Word.information)
      count = wordCount
    }
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

  @inline(__always)
  private static func put(_ registers: UserRegisters, _ words: inout MutableSpan<UInt64>) {
    let start = Word.registers
    words[start] = registers.r8
    words[start + 1] = registers.r9
    words[start + 2] = registers.r10
    words[start + 3] = registers.r11
    words[start + 4] = registers.r12
    words[start + 5] = registers.r13
    words[start + 6] = registers.r14
    words[start + 7] = registers.r15
    words[start + 8] = registers.rdi
    words[start + 9] = registers.rsi
    words[start + 10] = registers.rbp
    words[start + 11] = registers.rbx
    words[start + 12] = registers.rdx
    words[start + 13] = registers.rax
    words[start + 14] = registers.rcx
    words[start + 15] = registers.rsp
    words[start + 16] = registers.rip
    words[start + 17] = registers.flags
  }
}
