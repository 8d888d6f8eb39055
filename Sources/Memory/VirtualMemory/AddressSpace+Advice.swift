public import Foundations
import Machine

/// The mlock(2) family and madvise(2).
extension AddressSpace {
  /// mlock2(2).
  public func lock(_ address: UInt64, _ byteCount: UInt64, onFault: Bool = false) throws(Errno) {
    guard state.withLock({ $0.mayLockAtAll }) else { throw .EPERM }
    let range = try Self.coveredPages(address, byteCount)
    try change { state, _ throws(Errno) in try state.lock(range, onFault ? [.locked, .lockedOnFault] : .locked) }
    switch populate(range) {
    case nil: return
    case .outOfMemory: throw .EAGAIN
    case .hole, .forbidden, .busError: throw .ENOMEM
    }
  }

  /// munlock(2).
  public func unlock(_ address: UInt64, _ byteCount: UInt64) throws(Errno) {
    let range = try Self.coveredPages(address, byteCount)
    try change { state, _ throws(Errno) in try state.unlock(range) }
  }

  /// mlockall(2).
  ///
  /// - Parameters:
  ///   - current: whether what is mapped is locked.
  ///   - future: whether what will be mapped is locked.
  ///   - onFault: whether pages are locked only when they are used.
  public func lockAll(current: Bool, future: Bool, onFault: Bool) throws(Errno) {
    guard current || future else { throw .EINVAL }
    let flags: AreaFlags = onFault ? [.locked, .lockedOnFault] : .locked
    try state.withLock { state throws(Errno) in
      try state.lockAll(current: current ? flags : nil, future: future ? flags : [])
    }
    if current { populateIfPossible(0..<UserSpace.end) }
  }

  /// munlockall(2).
  public func unlockAll() {
    // Only locking has limits.
    try? state.withLock { state throws(Errno) in try state.lockAll(current: [], future: []) }
  }

  /// madvise(2).
  public func advise(_ address: UInt64, _ byteCount: UInt64, _ advice: Advice) throws(Errno) {
    let range = try AddressSpaceState.pages(address, byteCount, orThrow: .EINVAL)
    guard !range.isEmpty else { return }
    switch advice {
    case .willNeed, .remove: try adviseObjects(range, advice)
    case .populateRead, .populateWrite:
      switch populate(range, advice == .populateWrite ? .write : .read) {
      case nil: return
      case .hole, .outOfMemory: throw .ENOMEM
      case .forbidden: throw .EINVAL
      case .busError: throw .EFAULT
      }
    default: try change { state, flush throws(Errno) in try state.advise(range, advice, flush: &flush) }
    }
  }

  private func adviseObjects(_ range: Range<UInt64>, _ advice: Advice) throws(Errno) {
    try forEachArea(of: range) { area, part, object throws(Errno) in
      let first = area.page(at: part.lowerBound)
      let pages = first..<first + (part.upperBound - part.lowerBound) >> 12
      guard advice == .remove else {
        object?.prefetch(pages)
        return
      }
      guard let object, !area.flags.contains(.locked) else { throw .EINVAL }
      guard area.isShared, area.limit.contains(.write) else { throw .EACCES }
      try object.punchHole(pages)
    }
  }
}
