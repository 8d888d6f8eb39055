import Boot

/// Single registers, for those who move all of them from or to somewhere without a copy in between.
extension UserContext {
  // SAFETY (section): `storage` points at a frame that outlives this value.

  /// The program's R8.
  @inline(__always)
  public var r8: UInt64 { unsafe storage.pointee.r8 }
  /// The program's R9.
  @inline(__always)
  public var r9: UInt64 { unsafe storage.pointee.r9 }
  /// The program's R10.
  @inline(__always)
  public var r10: UInt64 { unsafe storage.pointee.r10 }
  /// The program's R11.
  @inline(__always)
  public var r11: UInt64 { unsafe storage.pointee.r11 }
  /// The program's R12.
  @inline(__always)
  public var r12: UInt64 { unsafe storage.pointee.r12 }
  /// The program's R13.
  @inline(__always)
  public var r13: UInt64 { unsafe storage.pointee.r13 }
  /// The program's R14.
  @inline(__always)
  public var r14: UInt64 { unsafe storage.pointee.r14 }
  /// The program's R15.
  @inline(__always)
  public var r15: UInt64 { unsafe storage.pointee.r15 }
  /// The program's RDI.
  @inline(__always)
  public var rdi: UInt64 { unsafe storage.pointee.rdi }
  /// The program's RSI.
  @inline(__always)
  public var rsi: UInt64 { unsafe storage.pointee.rsi }
  /// The program's RBP.
  @inline(__always)
  public var rbp: UInt64 { unsafe storage.pointee.rbp }
  /// The program's RBX.
  @inline(__always)
  public var rbx: UInt64 { unsafe storage.pointee.rbx }
  /// The program's RDX.
  @inline(__always)
  public var rdx: UInt64 { unsafe storage.pointee.rdx }
  /// The program's RAX.
  @inline(__always)
  public var rax: UInt64 { unsafe storage.pointee.rax }
  /// The program's RCX.
  @inline(__always)
  public var rcx: UInt64 { unsafe storage.pointee.rcx }
  /// Where the program is.
  @inline(__always)
  public var instructionPointer: UInt64 { unsafe storage.pointee.rip }
  /// RFLAGS.
  @inline(__always)
  public var flags: UInt64 { unsafe storage.pointee.rflags }

  /// Makes the program go on with the registers that `words` have from `start` on, in the order of `struct sigcontext`, but for its flags.
  ///
  /// Keeps what a program must not change, as `registers` does. Source: Linux arch/x86/include/uapi/asm/sigcontext.h.
  @inline(__always)
  public func replace(with words: Span<UInt64>, from start: Int, flags: UInt64) {
    unsafe storage.pointee.r8 = words[start]
    unsafe storage.pointee.r9 = words[start + 1]
    unsafe storage.pointee.r10 = words[start + 2]
    unsafe storage.pointee.r11 = words[start + 3]
    unsafe storage.pointee.r12 = words[start + 4]
    unsafe storage.pointee.r13 = words[start + 5]
    unsafe storage.pointee.r14 = words[start + 6]
    unsafe storage.pointee.r15 = words[start + 7]
    unsafe storage.pointee.rdi = words[start + 8]
    unsafe storage.pointee.rsi = words[start + 9]
    unsafe storage.pointee.rbp = words[start + 10]
    unsafe storage.pointee.rbx = words[start + 11]
    unsafe storage.pointee.rdx = words[start + 12]
    unsafe storage.pointee.rax = words[start + 13]
    unsafe storage.pointee.rcx = words[start + 14]
    unsafe storage.pointee.rsp = words[start + 15]
    // An address that is no program's would fault in the kernel when it returns; zero faults in the program.
    let place = words[start + 16]
    unsafe storage.pointee.rip = UserSpace.contains(place, byteCount: 1) ? place : 0
    unsafe storage.pointee.cs = UInt64(APUS_USER_CODE_SELECTOR)
    unsafe storage.pointee.rflags = flags & Self.programFlags | Self.fixedFlags
    unsafe storage.pointee.ss = UInt64(APUS_USER_DATA_SELECTOR)
    unsafe storage.pointee.vector |= Self.replaced
  }
}
