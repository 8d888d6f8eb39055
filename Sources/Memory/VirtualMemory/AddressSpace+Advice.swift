public import Foundations
import Machine

/// The mlock(2) family and madvise(2).
extension AddressSpace {
  /// mlock2(2).
  ///
  /// - Parameter isKilled: asked after every few pages whether the caller is on its way out: then it ends with `EINTR`.
  public func lock(
    _ address: UInt64, _ byteCount: UInt64, onFault: Bool = false, unless isKilled: () -> Bool = { false }
  ) throws(Errno) {
    guard state.withLock({ $0.mayLockAtAll }) else { throw .EPERM }
    let range = try Self.coveredPages(address, byteCount)
    try change { state, _ throws(Errno) in try state.lock(range, onFault ? [.locked, .lockedOnFault] : .locked) }
    switch populate(range, unless: isKilled) {
    case nil: return
    case .outOfMemory: throw .EAGAIN
    case .killed: throw .EINTR
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
  ///   - isKilled: asked after every few pages whether the caller is on its way out.
  public func lockAll(
    current: Bool, future: Bool, onFault: Bool, unless isKilled: () -> Bool = { false }
  ) throws(Errno) {
    guard current || future else { throw .EINVAL }
    let flags: AreaFlags = onFault ? [.locked, .lockedOnFault] : .locked
    try state.withLock { state throws(Errno) in
      try state.lockAll(current: current ? flags : nil, future: future ? flags : [])
    }
    if current { populateIfPossible(0..<UserSpace.end, unless: isKilled) }
  }

  /// munlockall(2).
  public func unlockAll() {
    // Only locking has limits.
    try? state.withLock { state throws(Errno) in try state.lockAll(current: [], future: []) }
  }

  /// madvise(2).
  ///
  /// - Parameter isKilled: asked after every few pages that are populated whether the caller is on its way out: then it ends with
  ///   `EINTR`.
  public func advise(
    _ address: UInt64, _ byteCount: UInt64, _ advice: Advice, unless isKilled: () -> Bool = { false }
  ) throws(Errno) {
    let range = try AddressSpaceState.pages(address, byteCount, orThrow: .EINVAL)
    guard !range.isEmpty else { return }
    switch advice {
    case .willNeed, .remove: try adviseObjects(range, advice)
    case .populateRead, .populateWrite:
      switch populate(range, advice == .populateWrite ? .write : .read, unless: isKilled) {
      case nil: return
      case .killed: throw .EINTR
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
