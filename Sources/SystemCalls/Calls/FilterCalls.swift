import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Synchronization

/// seccomp(2).
extension SystemCallContext {
  // The modes of prctl(2), PR_SET_SECCOMP and PR_GET_SECCOMP. Source: linux/seccomp.h.
  private static let strictMode: UInt64 = 1
  private static let filterMode: UInt64 = 2

  /// seccomp(2)
  func seccomp(_ operation: SeccompOperation, _ flags: SeccompFlags, _ argument: UInt64) throws(Errno) -> Int {
    switch operation {
    case .SECCOMP_SET_MODE_STRICT:
      guard flags.isEmpty, argument == 0 else { throw .EINVAL }
      try setStrictMode()
      return 0
    case .SECCOMP_SET_MODE_FILTER: return try addFilter(at: argument, flags)
    case .SECCOMP_GET_ACTION_AVAIL:
      guard flags.isEmpty else { throw .EINVAL }
      guard let action = FilterAction(rawValue: try UserPointer<UInt32>(argument).load()), action != .notify else {
        throw .EOPNOTSUPP
      }
      return 0
    // Nobody can be asked.
    case .SECCOMP_GET_NOTIF_SIZES: throw .EINVAL
    }
  }

  /// What prctl(2) does with these.
  func setSeccompMode(_ mode: UInt64, _ argument: UInt64) throws(Errno) {
    switch mode {
    case Self.strictMode: try setStrictMode()
    case Self.filterMode: _ = try addFilter(at: argument, [])
    default: throw .EINVAL
    }
  }

  /// The mode, as prctl(2) tells it. In strict mode nobody comes to ask.
  var seccompMode: Int {
    SystemCallWork(rawValue: task.callWork.load(ordering: .relaxed)).contains(.filter) ? Int(Self.filterMode) : 0
  }

  private func setStrictMode() throws(Errno) {
    guard seccompMode == 0 else { throw .EINVAL }
    task.callWork.bitwiseOr(SystemCallWork.strict.rawValue, ordering: .relaxed)
  }

  /// - Returns: 0, or with SECCOMP_FILTER_FLAG_TSYNC the number of a task that is in the way.
  private func addFilter(at address: UInt64, _ flags: SeccompFlags) throws(Errno) -> Int {
    // Those that decide elsewhere are not there.
    guard flags.isDisjoint(with: [.SECCOMP_FILTER_FLAG_NEW_LISTENER, .SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV]) else {
      throw .EINVAL
    }
    let former = task.callFilter
    let filter = try loadFilter(address, besides: former)
    guard task.hasNoNewPrivileges.load(ordering: .relaxed) || task.credentials.has(.CAP_SYS_ADMIN) else {
      throw .EACCES
    }
    let isForAll = flags.contains(.SECCOMP_FILTER_FLAG_TSYNC)
    do throws(Process.FilterConflict) {
      try task.process.filterCalls(
        of: task, by: filter, besides: former, isForAll ? .process : .task, work: SystemCallWork.filter.rawValue)
    } catch {
      if flags.contains(.SECCOMP_FILTER_FLAG_TSYNC_ESRCH) { throw .ESRCH }
      return Int(error.number)
    }
    return 0
  }

  private func loadFilter(_ address: UInt64, besides former: CallFilter?) throws(Errno) -> CallFilter {
    try withProgram(at: address) { program throws(Errno) in try CallFilter(program, besides: former) }
  }

  /// Reads a `struct sock_fprog` and what it points to, and runs `body` with its instructions.
  ///
  /// - Throws: `EFAULT`, `ENOMEM`; `EINVAL` for none or too many instructions; what `body` throws.
  func withProgram<Result>(
    at address: UInt64, _ body: (Span<RawFilterInstruction>) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    let count = Int(try UserPointer<UInt16>(address).load())
    let (place, overflows) = address.addingReportingOverflow(8)
    guard !overflows else { throw .EFAULT }
    let program = UserPointer<UInt64>(try UserPointer<UInt64>(place).load())
    guard (1...CallFilter.instructionLimit).contains(count) else { throw .EINVAL }
    var instructions = GrowableArray<RawFilterInstruction>()
    try instructions.reserveCapacity(count)
    for index in 0..<count {
      let word = try program.load(at: index)
      try instructions.append(
        RawFilterInstruction(
          code: UInt16(truncatingIfNeeded: word), yes: UInt8(truncatingIfNeeded: word >> 16),
          no: UInt8(truncatingIfNeeded: word >> 24), constant: UInt32(truncatingIfNeeded: word >> 32)))
    }
    return try body(instructions.span)
  }
}
