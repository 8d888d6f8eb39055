import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Signals
import Synchronization

/// What seccomp(2) does with a call before it is served.
enum CallFiltering {
  /// AUDIT_ARCH_X86_64. Source: linux/audit.h.
  private static let architecture: UInt32 = 0xc000_003e

  /// Asks the caller's filters about a call.
  ///
  /// - Returns: what the call gives instead of being served; nil if it is served.
  static func result(instead number: UInt32, _ registers: borrowing UserContext, _ task: Task) -> Int64? {
    let work = SystemCallWork(rawValue: task.callWork.load(ordering: .relaxed))
    if work.contains(.strict) { return resultOfStrictMode(number, task) }
    guard work.contains(.filter), let filter = task.callFilter else { return nil }
    let decision = filter.decide(record(number, registers))
    switch FilterAction(decision: decision) {
    case .allow, .log: return nil
    case .error: return -Int64(min(decision & 0xffff, 4_095))
    // Nobody traces, and nobody is asked.
    case .trace, .notify: return Int64(Errno.ENOSYS.systemCallResult)
    case .trap:
      task.force(
        .filtered(
          callNumber: Int32(bitPattern: number), address: registers.registers.rip,
          data: Int32(bitPattern: decision & 0xffff)))
      // Whoever handles the signal finds the registers as they were.
      return Int64(bitPattern: UInt64(number))
    case .killProcess:
      task.exitProcess(ExitStatus(signal: .SIGSYS, isDumped: false))
      return Int64(Errno.ENOSYS.systemCallResult)
    case .killThread:
      task.end(by: .SIGSYS)
      return Int64(Errno.ENOSYS.systemCallResult)
    }
  }

  /// Only what needs no new rights: read, write, exit, and the return from a signal. Source: seccomp(2).
  private static func resultOfStrictMode(_ number: UInt32, _ task: Task) -> Int64? {
    guard let exact = UInt16(exactly: number) else { return killed(task) }
    switch SystemCallNumber(rawValue: exact) {
    case .read, .write, .exit, .rt_sigreturn: return nil
    default: return killed(task)
    }
  }

  private static func killed(_ task: Task) -> Int64 {
    task.end(by: .SIGKILL)
    return Int64(Errno.ENOSYS.systemCallResult)
  }

  /// `struct seccomp_data`, in words. Source: seccomp(2).
  private static func record(_ number: UInt32, _ registers: borrowing UserContext) -> InlineArray<16, UInt32> {
    var words = InlineArray<16, UInt32>(repeating: 0)
    (words[0], words[1]) = (number, architecture)
    put(registers.registers.rip, at: 2, &words)
    put(registers.argument0, at: 4, &words)
    put(registers.argument1, at: 6, &words)
    put(registers.argument2, at: 8, &words)
    put(registers.argument3, at: 10, &words)
    put(registers.argument4, at: 12, &words)
    put(registers.argument5, at: 14, &words)
    return words
  }

  private static func put(_ value: UInt64, at index: Int, _ words: inout InlineArray<16, UInt32>) {
    words[index] = UInt32(truncatingIfNeeded: value)
    words[index + 1] = UInt32(truncatingIfNeeded: value >> 32)
  }
}
