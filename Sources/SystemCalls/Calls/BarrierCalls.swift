import Foundations
import LinuxABI
import Machine
import Processes
import Synchronization

/// membarrier(2).
extension SystemCallContext {
  /// What a program may ask for, each a bit. Source: membarrier(2), MEMBARRIER_CMD_QUERY.
  private static var barrierCommands: UInt32 { 0x27f }

  /// membarrier(2)
  func membarrier(_ command: MembarrierCommand, _ flags: MembarrierFlags, _ processor: Int32) throws(Errno) -> Int {
    guard flags.isEmpty, let memory = task.memory else { throw .EINVAL }
    switch command {
    case .MEMBARRIER_CMD_QUERY: return Int(Self.barrierCommands)
    case .MEMBARRIER_CMD_GLOBAL, .MEMBARRIER_CMD_GLOBAL_EXPEDITED: Self.orderEverywhere()
    case .MEMBARRIER_CMD_PRIVATE_EXPEDITED:
      try Self.checkRegistered(.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, memory)
      Self.orderEverywhere()
    case .MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
      // A CPU that returns from an interrupt begins to fetch anew. Source: Intel SDM vol. 3A, 8.3: IRET.
      try Self.checkRegistered(.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, memory)
      Self.orderEverywhere()
    case .MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, .MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED,
      .MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
      memory.barrierRegistrations.bitwiseOr(UInt32(command.rawValue), ordering: .relaxed)
    case .MEMBARRIER_CMD_GET_REGISTRATIONS: return Int(memory.barrierRegistrations.load(ordering: .relaxed))
    case .MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, .MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ: throw .EINVAL
    }
    return 0
  }

  private static func checkRegistered(_ command: MembarrierCommand, _ memory: ProgramMemory) throws(Errno) {
    let registered = memory.barrierRegistrations.load(ordering: .relaxed)
    guard registered & UInt32(command.rawValue) != 0 else { throw .EPERM }
  }

  /// Makes every CPU that runs anything else have made what it did before seen by all, and see what all have done.
  private static func orderEverywhere() {
    // An interrupt does, and the answer to it.
    let here: UInt64 = 1 << UInt64(Processor.current)
    ProcessorMessages.call(ProcessorCall(), on: Processor.online & ~here)
  }
}
