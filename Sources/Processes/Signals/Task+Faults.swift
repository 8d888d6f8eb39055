import LinuxABI
import Machine
import Signals
import VirtualMemory

/// Exceptions that a program raises, as signals. Source: Linux arch/x86/kernel/traps.c, arch/x86/mm/fault.c.
extension Task {
  // Bits of a page fault's error code. Intel SDM vol. 3A, 4.7.
  private static let writeBit: UInt64 = 1 << 1
  private static let fetchBit: UInt64 = 1 << 4
  private static let presentBit: UInt64 = 1 << 0
  /// The bits of DR6 that a single step and a watchpoint set. Intel SDM vol. 3B, 18.2.3.
  private static let singleStepBit: UInt64 = 1 << 14
  private static let watchpointBits: UInt64 = 0xf

  /// Calls the handler of the signal that goes with an exception, or sends the task that signal, unless its program can go on.
  ///
  /// - Returns: whether a handler is called.
  /// - Context: the task itself, on the way to its program, without locks.
  final func deliver(_ fault: ProgramFault, _ registers: borrowing UserContext) -> Bool {
    handling.lastFault.trapNumber = UInt64(fault.vector)
    handling.lastFault.errorCode = fault.errorCode
    guard let information = information(of: fault, registers), let signal = information.signal else { return false }
    if let (disposition, mask) = takeAtOnce(signal) {
      call(information, disposition, mask: mask, registers)
      return true
    }
    force(information)
    return false
  }

  /// What sending `signal` and taking it at once comes to when it has a handler and nothing else is to be done before.
  ///
  /// - Returns: the handler, for which everything is blocked now, and what is blocked again afterwards; nil when there is something else
  ///   to be done, or no handler that may be called.
  @inline(__always)
  private final func takeAtOnce(_ signal: Signal) -> (SignalDisposition, SignalSet)? {
    process.state.withLockInThread { state in
      guard state.ending == nil, !isEnding, state.signals.stop.untold == nil, !signals.isToStop else { return nil }
      let pending = signals.pending.set.union(state.signals.pending.set).subtracting(signals.blocked)
      guard pending.isEmpty, !signals.blocked.contains(signal), !signals.pending.set.contains(signal),
        dispositions.caught.contains(signal)
      else { return nil }
      let disposition = dispositions.take(signal)
      // Another task that shares the table may have been faster.
      guard disposition.isCaught else { return nil }
      return (disposition, block(for: signal, disposition, &state))
    }
  }

  /// What is known of an exception; nil when the program can go on.
  private final func information(
    of fault: ProgramFault, _ registers: borrowing UserContext
  ) -> SignalInformation? {
    // A debug exception's address is a register; the instruction is where the program is.
    let place = registers.registers.rip
    switch fault.vector {
    case 0: return .fault(.SIGFPE, .integerDivide, address: place)
    case 1: return .fault(.SIGTRAP, debugCode(fault.address), address: place)
    case 3: return .kernel(.SIGTRAP)
    case 6: return .fault(.SIGILL, .illegalOperand, address: place)
    case 9: return .kernel(.SIGFPE)
    case 11, 12: return .kernel(.SIGBUS)
    case 14: return pageFault(fault)
    case 16, 19: return floatingPointError(fault.vector, at: place)
    case 17: return .fault(.SIGBUS, .notAligned, address: 0)
    default: return .kernel(.SIGSEGV)
    }
  }

  private final func debugCode(_ status: UInt64) -> SignalCode {
    if status & Self.singleStepBit != 0 { return .singleStep }
    return status & Self.watchpointBits != 0 ? .watchpoint : .breakpoint
  }

  /// A page fault that was not resolved. Unless there is something wrong with the address itself the address space is asked again:
  /// it may have memory by now, and what it was not asked about it may know.
  private final func pageFault(_ fault: ProgramFault) -> SignalInformation? {
    handling.lastFault.address = fault.address
    switch fault.answer {
    case .badAddress: return .fault(.SIGSEGV, .notMapped, address: fault.address)
    case .badAccess: return .fault(.SIGSEGV, .notAllowed, address: fault.address)
    case .resolved, .busError, .outOfMemory, .unresolved: return unansweredPageFault(fault)
    }
  }

  @inline(never)
  private final func unansweredPageFault(_ fault: ProgramFault) -> SignalInformation? {
    guard let space = memory?.space, UserSpace.contains(fault.address) else {
      // Programs are not told what the kernel has mapped where.
      handling.lastFault.errorCode |= Self.presentBit
      return .fault(.SIGSEGV, .notMapped, address: fault.address)
    }
    let kind: PageFaultAccess.Kind =
      fault.errorCode & Self.fetchBit != 0 ? .execute : fault.errorCode & Self.writeBit != 0 ? .write : .read
    switch space.resolveFault(fault.address, kind) {
    case .resolved: return nil
    case .badAddress: return .fault(.SIGSEGV, .notMapped, address: fault.address)
    case .badAccess: return .fault(.SIGSEGV, .notAllowed, address: fault.address)
    case .busError: return .fault(.SIGBUS, .noMemory, address: fault.address)
    case .outOfMemory:
      process.end(ExitStatus(signal: .SIGKILL, isDumped: false))
      return nil
    }
  }

  /// What the first of the exceptions was that are not masked; nil when it has gone.
  private final func floatingPointError(_ vector: UInt8, at place: UInt64) -> SignalInformation? {
    let errors = vector == 16 ? FPUState.unmaskedErrors : FPUState.unmaskedVectorErrors
    let code: SignalCode
    // Denormal operands go with results that are too small. Source: Linux, `fpu__exception_code`.
    if errors & 0x01 != 0 {
      code = .floatInvalid
    } else if errors & 0x04 != 0 {
      code = .floatDivide
    } else if errors & 0x08 != 0 {
      code = .floatOverflow
    } else if errors & 0x12 != 0 {
      code = .floatUnderflow
    } else if errors & 0x20 != 0 {
      code = .floatInexact
    } else {
      return nil
    }
    return .fault(.SIGFPE, code, address: place)
  }

  /// Sends the task a signal about something that its program cannot go on from. If it is blocked or has no handler, the
  /// process ends.
  ///
  /// - Context: the task itself, without locks.
  public final func force(_ information: SignalInformation) {
    guard let signal = information.signal else { return }
    process.state.withLock { state in
      if signals.blocked.contains(signal) || !dispositions.caught.contains(signal) {
        return state.end(ExitStatus(signal: signal, isDumped: false))
      }
      // One that is pending already will do: it is delivered next.
      let limit = state.limits[.RLIMIT_SIGPENDING].current
      _ = try? signals.pending.add(signal, information, state.signals.account, limit: limit)
      noteSignal(by: self)
    }
  }
}
