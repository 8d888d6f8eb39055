import Boot
import Foundations

/// What serves the system calls of a thread's program.
///
/// The entry in assembly calls it with nothing in between, for the thread that runs.
open class SystemCallServer {
  /// Creates one that knows no call.
  public init() {}

  /// Serves the system call that `registers` ask for.
  ///
  /// - Parameter number: the call's, which is an int: the low half of what the register for it holds.
  /// - Returns: what its program finds in the register for results: negative error numbers are errors. A call that gives the program
  ///   other registers returns what it left there.
  /// - Context: the thread itself, interrupts on; may wait.
  open func systemCall(_ number: UInt32, _ registers: borrowing UserContext) -> Int64 {
    Int64(Errno.ENOSYS.systemCallResult)
  }
}

#if os(none)
  extension SystemCallServer {
    /// How the entry in assembly calls it: as a method of Swift's, so that it and what serves the call are jumps, and no calls.
    @_silgen_name("apus_serve_call")
    final func serve(_ number: UInt32, _ storage: UnsafeMutablePointer<apus_trap_frame>) -> Int64 {
      // SAFETY: the entry code passes the frame that it just pushed.
      unsafe systemCall(number, UserContext(storage))
    }
  }
#endif
