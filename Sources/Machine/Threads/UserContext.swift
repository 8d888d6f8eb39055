import Boot

/// A program's registers while its thread is in the kernel, at the beginning of the thread's kernel stack.
///
/// What is set can only be what a program may have, so returning to it never faults in the kernel.
@safe
public struct UserContext: ~Copyable {
  let storage: UnsafeMutablePointer<apus_trap_frame>

  /// Flags that a program may set: CF, PF, AF, ZF, SF, TF, DF, OF, NT, AC, ID. Source: Intel SDM vol. 1, 3.4.3.
  static let programFlags: UInt64 = 0x24_4dd5
  /// IF, and the bit that is always set.
  static let fixedFlags: UInt64 = 0x202
  private static let singleStep: UInt64 = 1 << 8
  private static let direction: UInt64 = 1 << 10
  /// Together with the vector: the program goes on with registers that it had not when it came, so all must be loaded.
  static let replaced: UInt64 = 1 << 9

  /// SAFETY: the caller passes a frame that outlives the value, of the thread that runs or of one that does not run.
  init(_ storage: UnsafeMutablePointer<apus_trap_frame>) {
    unsafe self.storage = storage
  }

  // SAFETY (every accessor): `storage` points at a frame that outlives this value.

  /// What the register that holds it says the call's number is. Only right in a system call.
  @inline(__always)
  public var callNumber: UInt64 { unsafe storage.pointee.error_code }
  /// Whether the program came by a system call, rather than by an interrupt.
  public var isSystemCall: Bool { unsafe storage.pointee.vector & ~Self.replaced == UInt64(APUS_SYSTEM_CALL_VECTOR) }
  /// Makes it look as if the program had been interrupted: no call is to be started again.
  public func forgetSystemCall() { unsafe storage.pointee.vector = UInt64(APUS_SYSTEM_CALL_VECTOR) + 1 }

  /// The first argument of a call.
  @inline(__always)
  public var argument0: UInt64 { unsafe storage.pointee.rdi }
  /// The second.
  @inline(__always)
  public var argument1: UInt64 { unsafe storage.pointee.rsi }
  /// The third.
  @inline(__always)
  public var argument2: UInt64 { unsafe storage.pointee.rdx }
  /// The fourth.
  @inline(__always)
  public var argument3: UInt64 { unsafe storage.pointee.r10 }
  /// The fifth.
  @inline(__always)
  public var argument4: UInt64 { unsafe storage.pointee.r8 }
  /// The sixth.
  @inline(__always)
  public var argument5: UInt64 { unsafe storage.pointee.r9 }

  /// The result of a call: negative error numbers are errors. While the call is served it is not there yet; what serves it returns it.
  public var result: Int64 {
    @inline(__always)
    get { unsafe Int64(bitPattern: storage.pointee.rax) }
    @inline(__always)
    nonmutating set { unsafe storage.pointee.rax = UInt64(bitPattern: newValue) }
  }

  /// All of the program's registers.
  ///
  /// Setting them keeps what a program must not change: interrupts on, its own segments, addresses that are a program's.
  public var registers: UserRegisters {
    get {
      let frame = unsafe storage.pointee
      return UserRegisters(
        r15: frame.r15, r14: frame.r14, r13: frame.r13, r12: frame.r12, rbp: frame.rbp, rbx: frame.rbx, r11: frame.r11,
        r10: frame.r10, r9: frame.r9, r8: frame.r8, rax: frame.rax, rcx: frame.rcx, rdx: frame.rdx, rsi: frame.rsi,
        rdi: frame.rdi, rip: frame.rip, flags: frame.rflags, rsp: frame.rsp)
    }
    nonmutating set {
      let old = unsafe storage.pointee
      unsafe storage.pointee = apus_trap_frame(
        r15: newValue.r15, r14: newValue.r14, r13: newValue.r13, r12: newValue.r12, r11: newValue.r11,
        r10: newValue.r10, r9: newValue.r9, r8: newValue.r8, rdi: newValue.rdi, rsi: newValue.rsi, rbp: newValue.rbp,
        rbx: newValue.rbx, rdx: newValue.rdx, rcx: newValue.rcx, rax: newValue.rax, vector: old.vector | Self.replaced,
        error_code: old.error_code,
        // An address that is no program's would fault in the kernel when it returns; zero faults in the program.
        rip: UserSpace.contains(newValue.rip, byteCount: 1) ? newValue.rip : 0, cs: UInt64(APUS_USER_CODE_SELECTOR),
        rflags: newValue.flags & Self.programFlags | Self.fixedFlags, rsp: newValue.rsp,
        ss: UInt64(APUS_USER_DATA_SELECTOR))
    }
  }

  /// Where the program's stack is.
  @inline(__always)
  public var stackPointer: UInt64 { unsafe storage.pointee.rsp }

  /// Makes the program make the call that it came by again, as `number`, which its own or another may be.
  ///
  /// SYSCALL, which it goes back to, has two bytes.
  public func repeatCall(_ number: UInt64) {
    unsafe storage.pointee.rax = number
    unsafe storage.pointee.rip &-= 2
    unsafe storage.pointee.vector |= Self.replaced
  }

  /// Makes the program go on in a function of its own, with all its other registers.
  ///
  /// - Parameters:
  ///   - function: where it begins. An address that is no program's makes the program fault.
  ///   - stackPointer: where the address is that it returns to.
  @inline(__always)
  public func enter(
    _ function: UInt64, stackPointer: UInt64, _ argument0: UInt64, _ argument1: UInt64, _ argument2: UInt64
  ) {
    unsafe storage.pointee.rdi = argument0
    unsafe storage.pointee.rsi = argument1
    unsafe storage.pointee.rdx = argument2
    // A function without prototype takes this for the number of vector registers with arguments.
    unsafe storage.pointee.rax = 0
    unsafe storage.pointee.rsp = stackPointer
    unsafe storage.pointee.rip = UserSpace.contains(function, byteCount: 1) ? function : 0
    unsafe storage.pointee.rflags &= ~(Self.singleStep | Self.direction)
    unsafe storage.pointee.vector |= Self.replaced
  }
}

/// A copy of a program's registers.
public struct UserRegisters: Equatable, Sendable {
  /// The general registers by their architectural names.
  public var r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi: UInt64
  /// The instruction pointer.
  public var rip: UInt64
  /// RFLAGS.
  public var flags: UInt64
  /// The stack pointer.
  public var rsp: UInt64

  /// All zero.
  public init() {
    self.init(
      r15: 0, r14: 0, r13: 0, r12: 0, rbp: 0, rbx: 0, r11: 0, r10: 0, r9: 0, r8: 0, rax: 0, rcx: 0, rdx: 0, rsi: 0,
      rdi: 0,
      rip: 0, flags: 0, rsp: 0)
  }

  init(
    r15: UInt64, r14: UInt64, r13: UInt64, r12: UInt64, rbp: UInt64, rbx: UInt64, r11: UInt64, r10: UInt64, r9: UInt64,
    r8: UInt64, rax: UInt64, rcx: UInt64, rdx: UInt64, rsi: UInt64, rdi: UInt64, rip: UInt64, flags: UInt64, rsp: UInt64
  ) {
    (self.r15, self.r14, self.r13, self.r12, self.rbp, self.rbx) = (r15, r14, r13, r12, rbp, rbx)
    (self.r11, self.r10, self.r9, self.r8, self.rax, self.rcx) = (r11, r10, r9, r8, rax, rcx)
    (self.rdx, self.rsi, self.rdi, self.rip, self.flags, self.rsp) = (rdx, rsi, rdi, rip, flags, rsp)
  }
}

extension ThreadContext {
  /// The registers of the thread's program; nil for a thread without one.
  ///
  /// The value must not outlive the thread, and the thread must be the one that runs, or not run.
  public final var userContext: UserContext? {
    // SAFETY: a thread with a program has its own stack, which begins with the frame, until the thread ends.
    guard fpuState != nil,
      let frame = unsafe UnsafeMutablePointer<apus_trap_frame>(bitPattern: UInt(frameAddress))
    else { return nil }
    return unsafe UserContext(frame)
  }

  /// The FS and GS bases of the thread's program, which may be set to any of a program's addresses.
  public final var programSegmentBases: SegmentBases {
    get { segmentBases }
    set {
      segmentBases = newValue
      #if os(none)
        let isCurrent = ThreadContext.withCurrent { $0 === self } ?? false
        if isCurrent { SegmentBases.load(newValue) }
      #endif
    }
  }
}
