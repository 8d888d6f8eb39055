import Boot

/// The state that an interrupt or exception saved, lent to its handler.
///
/// A frame lives on the interrupted CPU's stack and only as long as the handler runs, so it cannot be copied; handlers
/// borrow it. Changing the instruction pointer changes where the handler returns to, which only Machine may do.
/// Source: Intel SDM vol. 3A, 6.14.2.
@safe
public struct TrapFrame: ~Copyable {
  private let storage: UnsafeMutablePointer<apus_trap_frame>

  /// R15 to RAX, at its beginning.
  private static let generalCount = 15

  /// SAFETY: the caller passes a frame on the stack that outlives the value.
  init(_ storage: UnsafeMutablePointer<apus_trap_frame>) {
    unsafe self.storage = storage
  }

  // SAFETY (every accessor): `storage` points at the frame that the entry code pushed, and outlives this value.

  /// The vector, 0...255.
  public var vector: UInt8 { unsafe UInt8(truncatingIfNeeded: storage.pointee.vector) }
  /// The error code that the CPU pushed, or 0 for a vector without one.
  public var errorCode: UInt64 { unsafe storage.pointee.error_code }
  /// The address of the interrupted (trap) or faulting (fault) instruction.
  public var instructionPointer: UInt64 { unsafe storage.pointee.rip }
  /// The stack pointer at the interruption.
  public var stackPointer: UInt64 { unsafe storage.pointee.rsp }
  /// The frame pointer at the interruption, where a backtrace begins.
  public var framePointer: UInt64 { unsafe storage.pointee.rbp }
  /// RFLAGS at the interruption.
  public var flags: UInt64 { unsafe storage.pointee.rflags }
  /// Whether the interrupted code had programs' memory open, as only copies from and to programs have.
  public var isUserMemoryOpen: Bool { flags & ProtectionFeatures.flagsAccess != 0 }
  /// The code-segment selector at the interruption; its low two bits are the privilege level.
  public var codeSelector: UInt16 { unsafe UInt16(truncatingIfNeeded: storage.pointee.cs) }
  /// The stack-segment selector at the interruption.
  public var stackSelector: UInt16 { unsafe UInt16(truncatingIfNeeded: storage.pointee.ss) }
  /// Whether the interrupted code ran in user mode.
  public var isUser: Bool { codeSelector & 3 == 3 }

  /// Whether it lies on the stack that was interrupted, and not on one of the CPU's.
  ///
  /// - Precondition (by Machine): the interrupted code ran in the kernel, and has not been told to go on elsewhere.
  var isOnInterruptedStack: Bool {
    // The CPU begins a frame at a multiple of 16 bytes. Intel SDM vol. 3A, 6.14.2.
    unsafe UInt64(UInt(bitPattern: storage)) == (storage.pointee.rsp & ~15) &- UInt64(APUS_TRAP_FRAME_SIZE)
  }

  /// Makes the interrupted code go on at `address`.
  ///
  /// - Precondition (by Machine): a fix-up of the code that was interrupted.
  func resume(at address: UInt64) { unsafe storage.pointee.rip = address }

  /// Makes the interrupted code go on at `address` with another stack pointer, interrupts on, its direction and user memory as
  /// code expects them.
  ///
  /// - Precondition (by Machine): a place that was prepared for it on the same stack.
  func resume(at address: UInt64, stackPointer: UInt64) {
    // What it had in its registers is not left behind on a stack of the CPU's, where it would look like references.
    unsafe UnsafeMutableRawPointer(storage).initializeMemory(as: UInt64.self, repeating: 0, count: Self.generalCount)
    unsafe storage.pointee.rip = address
    unsafe storage.pointee.rsp = stackPointer
    unsafe storage.pointee.rflags = 1 << 9 | 1 << 1
  }

  /// The general registers, RAX to R15 in the order of their encoding.
  public var generalRegisters: GeneralRegisters {
    unsafe GeneralRegisters(
      rax: storage.pointee.rax, rcx: storage.pointee.rcx, rdx: storage.pointee.rdx, rbx: storage.pointee.rbx,
      rsp: storage.pointee.rsp, rbp: storage.pointee.rbp, rsi: storage.pointee.rsi, rdi: storage.pointee.rdi,
      r8: storage.pointee.r8, r9: storage.pointee.r9, r10: storage.pointee.r10, r11: storage.pointee.r11,
      r12: storage.pointee.r12, r13: storage.pointee.r13, r14: storage.pointee.r14, r15: storage.pointee.r15)
  }
}

/// A copy of the sixteen general registers.
public struct GeneralRegisters: Sendable {
  /// The registers by their architectural names.
  public let rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15: UInt64
}
