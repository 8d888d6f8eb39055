import Signals

// The names that the structures of `Specs/syscall-types.json` have here.

/// `struct sigaction` of the kernel.
typealias KernelSigaction = SignalDisposition
/// `siginfo_t`.
typealias Siginfo = SignalInformation
/// `stack_t`.
typealias Stack = AlternateStack
