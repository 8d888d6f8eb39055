import LinuxABI

/// Which fields of a `SignalInformation` mean something.
public enum SignalLayout: UInt8, Equatable, Sendable {
  /// Sender and user.
  case user
  /// Sender, user and value.
  case queued
  /// Timer, overrun and value.
  case timer
  /// A child.
  case child
  /// An address.
  case fault
  /// An address of broken memory, and how much of it is.
  case memoryFault
  /// An address and the bounds that it is not in.
  case boundsFault
  /// An address and a protection key.
  case keyFault
  /// An address and what a performance event says.
  case eventFault
  /// What a file is ready for.
  case poll
  /// A system call.
  case systemCall
}

extension SignalInformation {
  /// How many codes of their own signals have, from 1 on. Source: Linux asm-generic/siginfo.h, `NSIGILL` and so on.
  private static func codeLimit(_ number: Int32) -> Int32? {
    switch number {
    case Int32(Signal.SIGILL.rawValue): 11
    case Int32(Signal.SIGFPE.rawValue): 15
    case Int32(Signal.SIGSEGV.rawValue): 10
    case Int32(Signal.SIGBUS.rawValue): 5
    case Int32(Signal.SIGTRAP.rawValue): 6
    case Int32(Signal.SIGCHLD.rawValue): 6
    case Int32(Signal.SIGIO.rawValue): pollCodeLimit
    case Int32(Signal.SIGSYS.rawValue): 2
    default: nil
    }
  }

  /// Any signal may tell of files, with these codes.
  private static let pollCodeLimit: Int32 = 6

  /// Which fields mean something. Source: Linux kernel/signal.c, `siginfo_layout`.
  public var layout: SignalLayout {
    let code = code.rawValue
    if code > SignalCode.user.rawValue && code < SignalCode.kernel.rawValue {
      if let limit = Self.codeLimit(number), code <= limit { return ownLayout(code) }
      return code <= Self.pollCodeLimit ? .poll : .user
    }
    if code == SignalCode.timer.rawValue { return .timer }
    if code == SignalCode.queuedIO.rawValue { return .poll }
    return code < 0 ? .queued : .user
  }

  /// The layout of one of a signal's own codes.
  private func ownLayout(_ code: Int32) -> SignalLayout {
    guard let signal else { return .user }
    switch (signal, code) {
    case (.SIGCHLD, _): return .child
    case (.SIGIO, _): return .poll
    case (.SIGSYS, _): return .systemCall
    // BUS_MCEERR_AR and BUS_MCEERR_AO, SEGV_BNDERR, SEGV_PKUERR, TRAP_PERF.
    case (.SIGBUS, 4), (.SIGBUS, 5): return .memoryFault
    case (.SIGSEGV, 3): return .boundsFault
    case (.SIGSEGV, 4): return .keyFault
    case (.SIGTRAP, 6): return .eventFault
    default: return .fault
    }
  }

  /// Whether the kernel knows all that there can be; otherwise what is behind its words must be zero.
  ///
  /// Source: Linux kernel/signal.c, `known_siginfo_layout`.
  var isKnown: Bool {
    let code = code.rawValue
    if code == SignalCode.kernel.rawValue { return true }
    if code > SignalCode.user.rawValue { return code <= Self.codeLimit(number) ?? Self.pollCodeLimit }
    // SI_DETHREAD is the lowest in a row, SI_ASYNCNL stands alone.
    return code >= -7 || code == -60
  }
}
