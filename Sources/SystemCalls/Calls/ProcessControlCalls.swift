import Foundations
import LinuxABI
import Machine
import Processes
import Security
import Synchronization
import VirtualMemory

/// prctl(2) and personality(2): what a program says about itself.
extension SystemCallContext {
  /// personality(2)
  func personality(_ new: PersonalityFlags) throws(Errno) -> Int {
    let old = task.settings.personality
    if new.rawValue != UInt64(UInt32.max) { task.settings.personality = new }
    return Int(old.rawValue)
  }

  /// prctl(2)
  func prctl(
    _ option: PrctlOption, _ argument2: UInt64, _ argument3: UInt64, _ argument4: UInt64, _ argument5: UInt64
  ) throws(Errno) -> Int {
    let rest = argument3 | argument4 | argument5
    switch option {
    case .PR_SET_NAME, .PR_GET_NAME: try exchangeName(option, argument2)
    case .PR_SET_PDEATHSIG, .PR_GET_PDEATHSIG: try exchangeDeathSignal(option, argument2)
    case .PR_SET_CHILD_SUBREAPER: task.process.tree.setSubreaper(task.process, argument2 != 0)
    case .PR_GET_CHILD_SUBREAPER: try UserPointer<Int32>(argument2).store(task.process.isSubreaper ? 1 : 0)
    case .PR_GET_TID_ADDRESS: try UserPointer<UInt64>(argument2).store(task.clearedAddress)
    case .PR_GET_DUMPABLE: return task.memory?.isDumpable.load(ordering: .relaxed) ?? false ? 1 : 0
    case .PR_SET_DUMPABLE:
      guard argument2 <= 1 else { throw .EINVAL }
      task.memory?.isDumpable.store(argument2 == 1, ordering: .relaxed)
    case .PR_SET_NO_NEW_PRIVS:
      guard argument2 == 1, rest == 0 else { throw .EINVAL }
      task.hasNoNewPrivileges.store(true, ordering: .relaxed)
    case .PR_GET_NO_NEW_PRIVS:
      guard argument2 | rest == 0 else { throw .EINVAL }
      return task.hasNoNewPrivileges.load(ordering: .relaxed) ? 1 : 0
    case .PR_SET_THP_DISABLE:
      guard rest == 0 else { throw .EINVAL }
      task.memory?.space.limits.refusesHugePages = argument2 != 0
    case .PR_GET_THP_DISABLE:
      guard argument2 | rest == 0 else { throw .EINVAL }
      return task.memory?.space.limits.refusesHugePages ?? false ? 1 : 0
    case .PR_SET_TIMERSLACK:
      // A negative number, too, stands for what it began with.
      task.settings.timerSlack = Int64(bitPattern: argument2) <= 0 ? 0 : argument2
    case .PR_GET_TIMERSLACK: return Int(clamping: task.settings.timerSlack)
    // Times are those of each switch, and the counter is always readable: what is set is what there is.
    case .PR_GET_TIMING: return 0
    case .PR_SET_TIMING: guard argument2 == 0 else { throw .EINVAL }
    case .PR_GET_SECCOMP: return seccompMode
    case .PR_SET_SECCOMP: try setSeccompMode(argument2, argument3)
    case .PR_GET_TSC: try UserPointer<Int32>(argument2).store(1)
    case .PR_SET_TSC: guard argument2 == 1 else { throw .EINVAL }
    case .PR_GET_KEEPCAPS, .PR_SET_KEEPCAPS, .PR_GET_SECUREBITS, .PR_SET_SECUREBITS, .PR_CAPBSET_READ, .PR_CAPBSET_DROP,
      .PR_CAP_AMBIENT:
      return try controlCapabilities(option, argument2, argument3, argument4 | argument5)
    default: throw .EINVAL
    }
    return 0
  }

  private func exchangeName(_ option: PrctlOption, _ address: UInt64) throws(Errno) {
    var bytes = InlineArray<16, UInt8>(repeating: 0)
    guard option == .PR_SET_NAME else {
      let name = task.name
      for index in 0..<name.count { bytes[index] = name.bytes[index] }
      return try UserMemory.copyOut(bytes.span, to: address)
    }
    // Read up to its end only: what follows may not be the program's.
    let text = UserPointer<UInt8>(address)
    for index in 0..<TaskName.limit {
      bytes[index] = try text.load(at: index)
      if bytes[index] == 0 { break }
    }
    task.name = TaskName(bytes.span)
  }

  private func exchangeDeathSignal(_ option: PrctlOption, _ argument: UInt64) throws(Errno) {
    guard option == .PR_SET_PDEATHSIG else {
      return try UserPointer<Int32>(argument).store(Int32(task.settings.parentDeathSignal?.rawValue ?? 0))
    }
    guard argument <= 64 else { throw .EINVAL }
    task.settings.parentDeathSignal = Signal(rawValue: UInt8(argument))
  }

  // MARK: Capabilities

  /// What PR_CAP_AMBIENT is asked. Source: linux/prctl.h.
  private enum AmbientOperation {
    static let isSet: UInt64 = 1
    static let raise: UInt64 = 2
    static let lower: UInt64 = 3
    static let clearAll: UInt64 = 4
  }

  private func controlCapabilities(
    _ option: PrctlOption, _ argument2: UInt64, _ argument3: UInt64, _ rest: UInt64
  ) throws(Errno) -> Int {
    var credentials = task.credentials
    switch option {
    case .PR_GET_KEEPCAPS: return credentials.secureBits.contains(.keepCapabilities) ? 1 : 0
    case .PR_GET_SECUREBITS: return Int(credentials.secureBits.rawValue)
    case .PR_CAPBSET_READ: return credentials.bounding.contains(try capability(argument2)) ? 1 : 0
    case .PR_SET_KEEPCAPS:
      guard argument2 <= 1 else { throw .EINVAL }
      try credentials.setKeepsCapabilities(argument2 == 1)
    case .PR_SET_SECUREBITS:
      guard let bits = UInt32(exactly: argument2) else { throw .EPERM }
      try credentials.setSecureBits(SecureBits(rawValue: bits))
    case .PR_CAPBSET_DROP:
      try credentials.require(.CAP_SETPCAP)
      try credentials.dropFromBounding(try capability(argument2))
    case .PR_CAP_AMBIENT:
      guard rest == 0 else { throw .EINVAL }
      if argument2 == AmbientOperation.clearAll {
        guard argument3 == 0 else { throw .EINVAL }
        credentials.clearAmbient()
        break
      }
      let capability = try capability(argument3)
      switch argument2 {
      case AmbientOperation.isSet: return credentials.ambient.contains(capability) ? 1 : 0
      case AmbientOperation.raise: try credentials.raiseAmbient(capability)
      case AmbientOperation.lower: credentials.lowerAmbient(capability)
      default: throw .EINVAL
      }
    default: throw .EINVAL
    }
    task.become(credentials)
    return 0
  }

  private func capability(_ number: UInt64) throws(Errno) -> Capability {
    guard number <= UInt64(UInt32.max), let capability = Capability(rawValue: Int64(number)) else { throw .EINVAL }
    return capability
  }
}
