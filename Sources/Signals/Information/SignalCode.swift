/// Why a signal was sent: `si_code`. Positive numbers are the kernel's own and mean different things for different signals.
///
/// Source: sigaction(2), "The si_code field"; Linux asm-generic/siginfo.h.
public struct SignalCode: RawRepresentable, Equatable, Sendable {
  /// The number.
  public let rawValue: Int32

  /// The code with a number, which may be any.
  @inline(__always)
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// `SI_USER`: kill(2).
  public static var user: SignalCode { SignalCode(rawValue: 0) }
  /// `SI_KERNEL`: the kernel, without further reason.
  public static var kernel: SignalCode { SignalCode(rawValue: 0x80) }
  /// `SI_QUEUE`: sigqueue(3).
  public static var queue: SignalCode { SignalCode(rawValue: -1) }
  /// `SI_TIMER`: a timer of timer_create(2) expired.
  public static var timer: SignalCode { SignalCode(rawValue: -2) }
  /// `SI_MESGQ`: a message came to an empty queue.
  public static var messageQueue: SignalCode { SignalCode(rawValue: -3) }
  /// `SI_ASYNCIO`: asynchronous input or output is complete.
  public static var asynchronousIO: SignalCode { SignalCode(rawValue: -4) }
  /// `SI_SIGIO`: queued input or output.
  public static var queuedIO: SignalCode { SignalCode(rawValue: -5) }
  /// `SI_TKILL`: tkill(2) or tgkill(2).
  public static var thread: SignalCode { SignalCode(rawValue: -6) }

  /// `ILL_ILLOPN`: an illegal operand, as for every undefined instruction.
  public static var illegalOperand: SignalCode { SignalCode(rawValue: 2) }
  /// `ILL_BADSTK`: an error of the internal stack.
  public static var badStack: SignalCode { SignalCode(rawValue: 8) }

  /// `FPE_INTDIV`: an integer divided by zero.
  public static var integerDivide: SignalCode { SignalCode(rawValue: 1) }
  /// `FPE_FLTDIV`: divided by zero.
  public static var floatDivide: SignalCode { SignalCode(rawValue: 3) }
  /// `FPE_FLTOVF`: too large a result.
  public static var floatOverflow: SignalCode { SignalCode(rawValue: 4) }
  /// `FPE_FLTUND`: too small a result.
  public static var floatUnderflow: SignalCode { SignalCode(rawValue: 5) }
  /// `FPE_FLTRES`: a result that is not exact.
  public static var floatInexact: SignalCode { SignalCode(rawValue: 6) }
  /// `FPE_FLTINV`: an invalid operation.
  public static var floatInvalid: SignalCode { SignalCode(rawValue: 7) }

  /// `SEGV_MAPERR`: nothing is mapped there.
  public static var notMapped: SignalCode { SignalCode(rawValue: 1) }
  /// `SEGV_ACCERR`: what is mapped does not allow it.
  public static var notAllowed: SignalCode { SignalCode(rawValue: 2) }
  /// `SEGV_PKUERR`: a protection key does not allow it.
  public static var keyDenied: SignalCode { SignalCode(rawValue: 4) }

  /// `BUS_ADRALN`: not aligned.
  public static var notAligned: SignalCode { SignalCode(rawValue: 1) }
  /// `BUS_ADRERR`: there is no such memory, as behind the end of a mapped file.
  public static var noMemory: SignalCode { SignalCode(rawValue: 2) }
  /// `BUS_OBJERR`: an error of the object that is mapped.
  public static var objectError: SignalCode { SignalCode(rawValue: 3) }

  /// `TRAP_BRKPT`: a breakpoint of the process.
  public static var breakpoint: SignalCode { SignalCode(rawValue: 1) }
  /// `TRAP_TRACE`: a single step.
  public static var singleStep: SignalCode { SignalCode(rawValue: 2) }
  /// `TRAP_HWBKPT`: a breakpoint or watchpoint of the processor.
  public static var watchpoint: SignalCode { SignalCode(rawValue: 4) }

  /// `SYS_SECCOMP`: a filter of seccomp(2) forbade the call.
  public static var filteredCall: SignalCode { SignalCode(rawValue: 1) }
}
