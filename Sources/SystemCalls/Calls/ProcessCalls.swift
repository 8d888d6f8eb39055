import Foundations
import LinuxABI
import Machine
import Processes
import Scheduler
import Security
import VirtualMemory

/// Limits, usage and what else a process is asked about itself.
extension SystemCallContext {
  /// getrlimit(2)
  func getrlimit(_ resource: ResourceLimit, _ limit: UserPointer<Rlimit>) throws(Errno) {
    try limit.store(Rlimit(task.process.limits[resource]))
  }

  /// setrlimit(2)
  func setrlimit(_ resource: ResourceLimit, _ limit: UserPointer<Rlimit>) throws(Errno) {
    try setLimit(of: task.process, resource, try limit.load())
  }

  /// prlimit(2)
  func prlimit64(
    _ number: Int32, _ resource: ResourceLimit, _ newLimit: UserPointer<Rlimit>, _ oldLimit: UserPointer<Rlimit>
  ) throws(Errno) {
    var target = task.process
    if number != 0, number != task.processIdentifier {
      guard let found = task.process.tree.task(number) else { throw .ESRCH }
      try checkSameUser(as: found)
      target = found.process
    }
    let new = newLimit.isNull ? nil : try newLimit.load()
    let old = target.limits[resource]
    if let new { try setLimit(of: target, resource, new) }
    if !oldLimit.isNull { try oldLimit.store(Rlimit(old)) }
  }

  private func checkSameUser(as other: Task) throws(Errno) {
    let (own, theirs) = (task.credentials, other.credentialsForOthers)
    let isSame =
      own.users.real == theirs.users.effective && own.users.real == theirs.users.saved
      && own.users.real == theirs.users.real && own.groups.real == theirs.groups.effective
      && own.groups.real == theirs.groups.saved && own.groups.real == theirs.groups.real
    if !isSame { try own.require(.CAP_SYS_RESOURCE) }
  }

  private func setLimit(of process: Process, _ resource: ResourceLimit, _ limit: Rlimit) throws(Errno) {
    guard limit.current <= limit.maximum else { throw .EINVAL }
    if resource == .RLIMIT_NOFILE, limit.maximum > 1_048_576 { throw .EPERM }
    if limit.maximum > process.limits[resource].maximum { try task.credentials.require(.CAP_SYS_RESOURCE) }
    try process.setLimit(resource, ResourceLimits.Limit(limit.current, maximum: limit.maximum))
    let memory = process === task.process ? task.memory : process.leader?.resourcesForOthers.memory
    guard let space = memory?.space else { return }
    switch resource {
    case .RLIMIT_AS: space.limits.total = limit.current
    case .RLIMIT_DATA: space.limits.data = limit.current
    case .RLIMIT_STACK: space.limits.stack = limit.current
    case .RLIMIT_MEMLOCK: space.limits.locked = limit.current
    default: break
    }
  }

  /// getrusage(2)
  func getrusage(_ subject: UsageSubject, _ usage: UserPointer<Rusage>) throws(Errno) {
    switch subject {
    case .RUSAGE_SELF: try usage.store(Rusage(task.process.usage))
    case .RUSAGE_CHILDREN: try usage.store(Rusage(task.process.childrenUsage))
    case .RUSAGE_THREAD: try usage.store(Rusage(task.usage))
    }
  }

  /// arch_prctl(2)
  func archPrctl(_ option: ArchPrctlOption, _ argument: UInt64) throws(Errno) -> Int {
    guard let thread = Thread.running else { throw .EINVAL }
    var bases = thread.programSegmentBases
    switch option {
    case .ARCH_SET_FS, .ARCH_SET_GS:
      guard UserSpace.contains(argument) else { throw .EPERM }
      if option == .ARCH_SET_FS { bases.fs = argument } else { bases.gs = argument }
      thread.programSegmentBases = bases
    case .ARCH_GET_FS: try UserPointer<UInt64>(argument).store(bases.fs)
    case .ARCH_GET_GS: try UserPointer<UInt64>(argument).store(bases.gs)
    case .ARCH_GET_CPUID: return 1
    default: throw .EINVAL
    }
    return 0
  }
}
