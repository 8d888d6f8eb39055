public import LinuxABI

/// What each sender says.
extension SignalInformation {
  /// Nothing is known but the signal: there was no memory, or nobody sent it.
  @inline(__always)
  public static func bare(_ signal: Signal) -> SignalInformation { SignalInformation(signal, .user) }

  /// The kernel sends it.
  @inline(__always)
  public static func kernel(_ signal: Signal) -> SignalInformation { SignalInformation(signal, .kernel) }

  /// A process sends it: `code` is `.user` for kill(2) and `.thread` for tkill(2).
  ///
  /// - Parameters:
  ///   - process: the sender's number.
  ///   - user: its real user.
  @inline(__always)
  public static func sent(
    _ signal: Signal, _ code: SignalCode = .user, process: Int32, user: UInt32
  ) -> SignalInformation {
    SignalInformation(signal, code, pack(process, Int32(bitPattern: user)))
  }

  /// A process or the kernel sends it with a value: `code` is `.queue`, `.messageQueue` or `.asynchronousIO`.
  public static func queued(
    _ signal: Signal, _ code: SignalCode = .queue, process: Int32, user: UInt32, value: UInt64
  ) -> SignalInformation {
    SignalInformation(signal, code, pack(process, Int32(bitPattern: user)), value)
  }

  /// A timer of timer_create(2) has expired.
  ///
  /// - Parameters:
  ///   - timer: its number.
  ///   - overrun: how often it expired besides.
  public static func timer(_ signal: Signal, timer: Int32, overrun: Int32, value: UInt64) -> SignalInformation {
    SignalInformation(signal, .timer, pack(timer, overrun), value)
  }

  /// A child has ended, stopped or gone on.
  ///
  /// - Parameters:
  ///   - code: `CLD_EXITED` and so on.
  ///   - status: its exit code, or the signal that did it.
  ///   - userTicks: hundredths of a second that it ran in its own code.
  ///   - systemTicks: the same in the kernel.
  public static func child(
    _ signal: Signal, _ code: SignalCode, process: Int32, user: UInt32, status: Int32, userTicks: Int64,
    systemTicks: Int64
  ) -> SignalInformation {
    SignalInformation(
      signal, code, pack(process, Int32(bitPattern: user)), pack(status, 0), UInt64(bitPattern: userTicks),
      UInt64(bitPattern: systemTicks))
  }

  /// An instruction could not be executed.
  ///
  /// - Parameter address: of the instruction, or of the memory that it wanted.
  @inline(__always)
  public static func fault(_ signal: Signal, _ code: SignalCode, address: UInt64) -> SignalInformation {
    SignalInformation(signal, code, address)
  }

  /// A protection key forbade an access (`SEGV_PKUERR`).
  public static func keyFault(address: UInt64, key: UInt32) -> SignalInformation {
    SignalInformation(.SIGSEGV, .keyDenied, address, 0, UInt64(key))
  }

  /// A file is ready for something. Source: fcntl(2), `F_SETSIG`.
  ///
  /// - Parameter band: what it is ready for, as poll(2) has it.
  public static func poll(_ signal: Signal, _ code: SignalCode, band: Int64, descriptor: Int32) -> SignalInformation {
    SignalInformation(signal, code, UInt64(bitPattern: band), pack(descriptor, 0))
  }

  /// A filter forbade a system call.
  ///
  /// - Parameters:
  ///   - address: behind the instruction that made it.
  ///   - data: what the filter says of it.
  public static func filtered(callNumber: Int32, address: UInt64, data: Int32) -> SignalInformation {
    // AUDIT_ARCH_X86_64. Source: Linux linux/audit.h.
    let architecture = Int32(bitPattern: 0xc000_003e)
    return SignalInformation(.SIGSYS, .filteredCall, errorNumber: data, address, pack(callNumber, architecture))
  }
}
