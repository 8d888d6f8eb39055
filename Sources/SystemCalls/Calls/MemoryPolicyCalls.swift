import Foundations
import LinuxABI
import Machine
import Processes
import Security
import VirtualMemory

/// Where memory comes from, on a machine whose memory is one node: policies are checked and kept, and all of them mean node 0.
///
/// Source: set_mempolicy(2), get_mempolicy(2), mbind(2); Linux Documentation/admin-guide/mm/numa_memory_policy.rst.
extension SystemCallContext {
  /// More nodes than a mask may have bits for.
  private static let nodeLimit: UInt64 = 4_096 * 8

  /// set_mempolicy(2)
  func setMempolicy(_ mode: MemoryPolicyMode, _ nodes: UserPointer<UInt64>, _ limit: UInt64) throws(Errno) {
    task.settings.memoryPolicy = try policy(mode, nodes, limit)
  }

  /// mbind(2). What is the same for all memory need not be remembered for a part of it.
  func mbind(
    _ address: UInt64, _ byteCount: UInt64, _ mode: MemoryPolicyMode, _ nodes: UserPointer<UInt64>, _ limit: UInt64,
    _ flags: MemoryBindFlags
  ) throws(Errno) {
    if flags.contains(.MPOL_MF_MOVE_ALL) { try task.credentials.require(.CAP_SYS_NICE) }
    let (padded, isTooLong) = byteCount.addingReportingOverflow(4_095)
    let (end, isBehind) = address.addingReportingOverflow(padded & ~4_095)
    guard address & 4_095 == 0, !isTooLong, !isBehind else { throw .EINVAL }
    _ = try policy(mode, nodes, limit)
    var place = address
    while place < end {
      guard let area = task.memory?.space.area(endingAfter: place), area.start <= place else { throw .EFAULT }
      place = area.end
    }
  }

  /// get_mempolicy(2)
  func getMempolicy(
    _ mode: UserPointer<Int32>, _ nodes: UserPointer<UInt64>, _ limit: UInt64, _ address: UInt64,
    _ flags: MemoryPolicyFlags
  ) throws(Errno) {
    guard nodes.isNull || limit >= 1 else { throw .EINVAL }
    var (found, hasNode) = (task.settings.memoryPolicy.mode, task.settings.memoryPolicy.hasNode)
    if flags.contains(.MPOL_F_MEMS_ALLOWED) {
      guard flags == .MPOL_F_MEMS_ALLOWED else { throw .EINVAL }
      (found, hasNode) = (0, true)
    } else if flags.contains(.MPOL_F_ADDR) {
      guard let area = task.memory?.space.area(endingAfter: address), area.start <= address else { throw .EFAULT }
      // The node of the page.
      if flags.contains(.MPOL_F_NODE) { found = 0 }
    } else {
      guard address == 0 else { throw .EINVAL }
      if flags.contains(.MPOL_F_NODE) {
        // The node of the next page, which only interleaving has an opinion on.
        guard found & 0xff == UInt32(MemoryPolicy.MPOL_INTERLEAVE.rawValue) else { throw .EINVAL }
        found = 0
      }
    }
    if !mode.isNull { try mode.store(Int32(bitPattern: found)) }
    if !nodes.isNull { try store(hasNode ? 1 : 0, in: nodes, limit) }
  }

  /// What a program asks for, if there can be such a policy.
  ///
  /// - Throws: `EINVAL`, `EFAULT`.
  private func policy(
    _ mode: MemoryPolicyMode, _ nodes: UserPointer<UInt64>, _ limit: UInt64
  ) throws(Errno) -> TaskSettings.MemoryPolicy {
    guard mode.unknownBits == 0, let kind = mode.memoryPolicy,
      !mode.isSuperset(of: [.MPOL_F_STATIC_NODES, .MPOL_F_RELATIVE_NODES])
    else { throw .EINVAL }
    let wanted = try load(nodes, limit)
    let hasFlags = !mode.isDisjoint(with: [.MPOL_F_STATIC_NODES, .MPOL_F_RELATIVE_NODES])
    if mode.contains(.MPOL_F_NUMA_BALANCING), kind != .MPOL_BIND { throw .EINVAL }
    switch kind {
    case .MPOL_DEFAULT:
      guard wanted == .none else { throw .EINVAL }
    case .MPOL_LOCAL:
      guard wanted == .none, !hasFlags else { throw .EINVAL }
    case .MPOL_PREFERRED:
      // Without nodes it means the nearest.
      guard wanted != .others, wanted == .ours || !hasFlags else { throw .EINVAL }
    case .MPOL_BIND, .MPOL_INTERLEAVE, .MPOL_PREFERRED_MANY:
      guard wanted == .ours else { throw .EINVAL }
    case .MPOL_WEIGHTED_INTERLEAVE: throw .EINVAL
    }
    return TaskSettings.MemoryPolicy(mode: UInt32(truncatingIfNeeded: mode.rawValue), hasNode: wanted == .ours)
  }

  /// Which nodes a mask has.
  private enum Nodes {
    case none
    /// That which there is, perhaps with others.
    case ours
    case others
  }

  private func load(_ nodes: UserPointer<UInt64>, _ limit: UInt64) throws(Errno) -> Nodes {
    // As on Linux, the number is one more than the bits.
    guard !nodes.isNull, limit > 1 else { return .none }
    guard limit - 1 <= Self.nodeLimit else { throw .EINVAL }
    var (hasOurs, hasOthers) = (false, false)
    for index in 0..<Int((limit + 62) / 64) {
      var word = try nodes.load(at: index)
      let bits = limit - 1 - UInt64(index) * 64
      if bits < 64 { word &= (1 << bits) - 1 }
      if index == 0, word & 1 != 0 { hasOurs = true }
      if word & (index == 0 ? ~1 : .max) != 0 { hasOthers = true }
    }
    return hasOurs ? .ours : hasOthers ? .others : .none
  }

  private func store(_ word: UInt64, in nodes: UserPointer<UInt64>, _ limit: UInt64) throws(Errno) {
    guard limit - 1 <= Self.nodeLimit else { throw .EINVAL }
    for index in 0..<Int((limit + 62) / 64) { try nodes.store(index == 0 ? word : 0, at: index) }
  }

  // MARK: Other processes

  /// process_madvise(2)
  func processMadvise(
    _ descriptor: Int32, _ vectors: UserPointer<Iovec>, _ count: UInt64, _ advice: MemoryAdvice, _ flags: UInt32
  ) throws(Errno) -> Int {
    guard flags == 0, count <= UInt64(IOBuffer.segmentLimit) else { throw .EINVAL }
    let other = try taskOfHandle(descriptor)
    let known: Advice
    switch advice {
    case .MADV_COLD: known = .cold
    case .MADV_PAGEOUT: known = .pageOut
    case .MADV_WILLNEED: known = .willNeed
    default: throw .EINVAL
    }
    try other.checkControl(by: task)
    try task.credentials.require(.CAP_SYS_NICE)
    guard let space = other.resourcesForOthers.memory?.space else { throw .ESRCH }
    var total: UInt64 = 0
    for index in 0..<Int(count) {
      do throws(Errno) {
        let vector = try vectors.load(at: index)
        try space.advise(vector.address, vector.count, known)
        total &+= vector.count
      } catch {
        if total == 0 { throw error }
        break
      }
    }
    return Int(truncatingIfNeeded: total & UInt64(Int64.max))
  }
}
