import Foundations
import LinuxABI
public import Machine
import Processes
import Synchronization

/// Serves system calls: decodes their arguments, calls what does the work, and encodes the result.
///
/// The switch over the calls, `call`, is generated from `Specs/syscalls.json`.
public enum SystemCallDispatch {
  /// Serves the call `number` that `registers` ask for.
  ///
  /// - Returns: its result, which is not yet in the registers.
  /// - Context: the thread of the context's task, interrupts on; may wait, and may end the thread.
  @inline(__always)
  public static func serve(
    _ number: UInt32, _ registers: borrowing UserContext, _ context: SystemCallContext
  ) -> Int64 {
    guard context.task.callWork.load(ordering: .relaxed) == 0 else { return serveWithWork(number, context, registers) }
    return call(number, context, registers)
  }

  /// Serves a call, whatever is to be done with the task's calls besides.
  ///
  /// The switch is in whoever calls it, which is `serve` for all but a few, so that it costs one jump.
  @inline(never)
  static func callAgain(_ number: UInt32, _ context: SystemCallContext, _ registers: borrowing UserContext) -> Int64 {
    call(number, context, registers)
  }

  /// Serves a call if the task's filters let it, and writes it to the trace if the task has one.
  @inline(never)
  private static func serveWithWork(
    _ number: UInt32, _ context: SystemCallContext, _ registers: borrowing UserContext
  ) -> Int64 {
    let work = SystemCallWork(rawValue: context.task.callWork.load(ordering: .relaxed))
    guard work.contains(.trace) else { return resultOfFilteredCall(number, context, registers) }
    return serveTraced(number, context, registers)
  }

  /// Apart, so that the trace's text takes its part of the kernel stack only when there is one.
  @inline(never)
  private static func serveTraced(
    _ number: UInt32, _ context: SystemCallContext, _ registers: borrowing UserContext
  ) -> Int64 {
    var trace = SystemCallTrace(number, registers)
    if SystemCallTrace.endsThread(number) {
      trace.finishWithoutReturn()
      context.task.trace(trace.text)
      return resultOfFilteredCall(number, context, registers)
    }
    let result = resultOfFilteredCall(number, context, registers)
    trace.finish(result)
    context.task.trace(trace.text)
    return result
  }

  private static func resultOfFilteredCall(
    _ number: UInt32, _ context: SystemCallContext, _ registers: borrowing UserContext
  ) -> Int64 {
    CallFiltering.result(instead: number, registers, context.task) ?? callAgain(number, context, registers)
  }

  /// What a call that does not exist here, or nowhere, gives.
  @inline(never)
  static func unimplemented(_ number: UInt32) -> Int64 {
    UnimplementedCalls.count(number)
    return Int64(Errno.ENOSYS.systemCallResult)
  }
}
