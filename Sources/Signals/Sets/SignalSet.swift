public import LinuxABI

/// A set of signals, as `sigset_t` has it: bit 0 stands for signal 1.
public struct SignalSet: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt64

  /// The set with the bits of `rawValue`.
  @inline(__always)
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The set of one.
  @inline(__always)
  public init(_ signal: Signal) { rawValue = 1 &<< (UInt64(signal.rawValue) &- 1) }

  /// Every signal there is.
  @inline(__always)
  public static var all: SignalSet { SignalSet(rawValue: .max) }

  /// What can be neither caught, blocked nor ignored.
  @inline(__always)
  public static var uncatchable: SignalSet { SignalSet(.SIGKILL).union(SignalSet(.SIGSTOP)) }

  /// What a fault of the running thread raises.
  @inline(__always)
  public static var synchronous: SignalSet {
    SignalSet(.SIGSEGV).union(SignalSet(.SIGBUS)).union(SignalSet(.SIGILL)).union(SignalSet(.SIGTRAP))
      .union(SignalSet(.SIGFPE)).union(SignalSet(.SIGSYS))
  }

  /// What stops a process that does not handle it.
  @inline(__always)
  public static var stops: SignalSet {
    SignalSet(.SIGSTOP).union(SignalSet(.SIGTSTP)).union(SignalSet(.SIGTTIN)).union(SignalSet(.SIGTTOU))
  }

  /// Whether `signal` is in the set.
  @inline(__always)
  public func contains(_ signal: Signal) -> Bool { rawValue &>> (UInt64(signal.rawValue) &- 1) & 1 != 0 }

  /// The set without what can be neither caught, blocked nor ignored.
  @inline(__always)
  public var catchable: SignalSet { subtracting(.uncatchable) }

  /// The signal that is delivered first: those of faults before all others, lower numbers before higher ones.
  ///
  /// Source: signal(7), "Real-time signals"; Linux kernel/signal.c, `next_signal`.
  @inline(__always)
  public var first: Signal? {
    let urgent = intersection(.synchronous)
    let bits = urgent.isEmpty ? rawValue : urgent.rawValue
    // Without any bit there are 64 zeros, and no signal 65.
    return Signal(rawValue: UInt8(truncatingIfNeeded: bits.trailingZeroBitCount &+ 1))
  }

  /// Calls `body` with each signal, lowest number first.
  @inline(__always)
  public func forEach(_ body: (Signal) -> Void) {
    var bits = rawValue
    while let signal = Signal(rawValue: UInt8(truncatingIfNeeded: bits.trailingZeroBitCount &+ 1)) {
      body(signal)
      bits &= bits &- 1
    }
  }
}
