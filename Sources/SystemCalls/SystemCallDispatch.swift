import Foundations
import LinuxABI
public import Machine
import Processes
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
    guard context.task.callWork.load(ordering: .relaxed) == 0 else { return serveWithWork(number, registers, context) }
    registers.result = call(number, context, registers)
  }

  /// Serves a call if the task's filters let it, and writes it to the trace if the task has one.
  @inline(never)
  private static func serveWithWork(
    _ number: UInt32, _ registers: borrowing UserContext, _ context: SystemCallContext
  ) {
    let work = SystemCallWork(rawValue: context.task.callWork.load(ordering: .relaxed))
    guard work.contains(.trace) else {
      registers.result = resultOfFilteredCall(number, registers, context)
      return
    }
    serveTraced(number, registers, context)
  }

  /// Apart, so that the trace's text takes its part of the kernel stack only when there is one.
  @inline(never)
  private static func serveTraced(
    _ number: UInt32, _ registers: borrowing UserContext, _ context: SystemCallContext
  ) {
    var trace = SystemCallTrace(number, registers)
    if SystemCallTrace.endsThread(number) {
      trace.finishWithoutReturn()
      context.task.trace(trace.text)
      registers.result = resultOfFilteredCall(number, registers, context)
    } else {
      let result = resultOfFilteredCall(number, registers, context)
      registers.result = result
      trace.finish(result)
      context.task.trace(trace.text)
    }
  }

  private static func resultOfFilteredCall(
    _ number: UInt32, _ registers: borrowing UserContext, _ context: SystemCallContext
  ) -> Int64 {
    CallFiltering.result(instead: number, registers, context.task) ?? call(number, context, registers)
  }

  /// What a call that does not exist here, or nowhere, gives.
  @inline(never)
  static func unimplemented(_ number: UInt32) -> Int64 {
    UnimplementedCalls.count(number)
    return Int64(Errno.ENOSYS.systemCallResult)
  }
}
