import Machine

/// What lies on a program's stack while a handler runs: `struct rt_sigframe` of x86-64, and above it the floating-point and vector
/// registers.
///
/// A handler begins with the frame at its stack pointer, as if it had been called from the first word, and sigreturn(2) finds it
/// one word below. Everything in it is the program's to change. Source: Linux arch/x86/include/asm/sigframe.h,
/// uapi/asm/sigcontext.h, uapi/asm/ucontext.h; arch/x86/kernel/signal_64.c.
public enum SignalFrame {
  /// Words of the frame.
  static let wordCount = 55
  /// Words up to the `siginfo_t`, which a handler without SA_SIGINFO does not get.
  static let shortWordCount = 39
  /// Bytes below the stack pointer that a function uses without saying so. Source: System V ABI for x86-64, 3.2.2.
  static let redZoneByteCount: UInt64 = 128

  /// Where words of the frame are.
  enum Word {
    /// Where the handler returns to.
    static let restorer = 0
    /// The `ucontext`: `uc_flags`, `uc_link`, `uc_stack`, `uc_mcontext`, `uc_sigmask`.
    static let context = 1
    /// Its length.
    static let contextCount = 38
    static let flags = 1
    static let stack = 3
    static let registers = 6
    static let mask = 38
    static let information = 39
  }

  /// Words of the `sigcontext`, from its beginning.
  enum Register {
    static let segments = 18
    static let errorCode = 19
    static let trapNumber = 20
    static let oldMask = 21
    static let address = 22
    static let vectors = 23
  }

  /// Bits of `uc_flags`.
  enum ContextFlags {
    /// UC_FP_XSTATE: the registers are in the form of XSAVE.
    static let extended: UInt64 = 1
    /// UC_SIGCONTEXT_SS and UC_STRICT_RESTORE_SS: the stack segment is saved, and what is loaded is what is there.
    static let stackSegment: UInt64 = 2 | 4
  }

  /// CS, GS, FS and SS of every program, 16 bits each.
  static let segments: UInt64 = 0x2b << 48 | 0x33

  /// Flags that a program may change in a frame: CF, PF, AF, ZF, SF, TF, DF, OF, AC. Source: Linux, `FIX_EFLAGS`.
  static let changeableFlags: UInt64 = 0x4_0dd5

  /// The most that delivering a signal takes of a stack, in bytes, as programs are told by AT_MINSIGSTKSZ.
  public static var byteCountLimit: UInt64 {
    let whole = UInt64(wordCount * 8) + 15 + FloatingPointFrame.byteCount + 63
    return (whole + 15) & ~15
  }
}

/// An exception of the CPU's, as the frames of all later signals of the thread repeat it.
public struct FaultRecord: Sendable {
  /// The vector.
  public var trapNumber: UInt64 = 0
  /// What the CPU said of it.
  public var errorCode: UInt64 = 0
  /// Of a page fault, the address.
  public var address: UInt64 = 0

  /// None so far.
  public init() {}
}
