#if !os(none)
  import Boot

  extension UserContext {
    /// Runs `body` with the context of a program that makes a system call, for tests on the host.
    ///
    /// - Parameter registers: the program's; `rax` has the call's number.
    /// - Returns: the program's registers afterwards.
    public static func simulateCall<Failure: Error>(
      _ registers: UserRegisters, _ body: (borrowing UserContext) throws(Failure) -> Void
    ) throws(Failure) -> UserRegisters {
      let frame = UnsafeMutablePointer<apus_trap_frame>.allocate(capacity: 1)
      // SAFETY: the frame is filled at once, and lives longer than the context that is lent to `body`.
      unsafe frame.initialize(to: apus_trap_frame())
      defer { unsafe frame.deallocate() }
      unsafe frame.pointee.vector = UInt64(APUS_SYSTEM_CALL_VECTOR)
      unsafe frame.pointee.error_code = registers.rax
      let context = unsafe UserContext(frame)
      context.registers = registers
      try body(context)
      return context.registers
    }
  }
#endif
