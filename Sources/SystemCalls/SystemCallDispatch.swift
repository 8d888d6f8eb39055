import Foundations
import LinuxABI
public import Machine
import Synchronization

/// Serves system calls: decodes their arguments, calls what does the work, and encodes the result.
///
/// The switch over the calls, `call`, is generated from `Specs/syscalls.json`.
public enum SystemCallDispatch {
  /// Serves the call that `registers` ask for, and leaves its result in them.
  ///
  /// - Context: the thread of the context's task, interrupts on; may wait, and may end the thread.
  @inline(__always)
  public static func serve(_ registers: borrowing UserContext, _ context: SystemCallContext) {
    // As on Linux, the number is an int, whatever the upper half of the register holds.
    let number = UInt32(truncatingIfNeeded: registers.callNumber)
    guard context.task.callWork.load(ordering: .relaxed) == 0 else { return serveTraced(number, registers, context) }
    registers.result = call(number, context, registers)
  }

  /// Serves a call and writes it to the trace of its task.
  @inline(never)
  private static func serveTraced(
    _ number: UInt32, _ registers: borrowing UserContext, _ context: SystemCallContext
  ) {
    var trace = SystemCallTrace(number, registers)
    if SystemCallTrace.endsThread(number) {
      trace.finishWithoutReturn()
      context.task.trace(trace.text)
      registers.result = call(number, context, registers)
    } else {
      let result = call(number, context, registers)
      registers.result = result
      trace.finish(result)
      context.task.trace(trace.text)
    }
  }

  /// What a call that does not exist here, or nowhere, gives.
  @inline(never)
  static func unimplemented(_ number: UInt32) -> Int64 {
    UnimplementedCalls.count(number)
    return Int64(Errno.ENOSYS.systemCallResult)
  }
}
