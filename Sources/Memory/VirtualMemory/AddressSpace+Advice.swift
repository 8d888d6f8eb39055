public import Foundations
import Machine

/// The mlock(2) family and madvise(2).
extension AddressSpace {
  /// mlock2(2).
  public func lock(_ address: UInt64, _ byteCount: UInt64, onFault: Bool = false) throws(Errno) {
    let range = try Self.coveredPages(address, byteCount)
    try change { state, _ throws(Errno) in try state.lock(range, onFault ? [.locked, .lockedOnFault] : .locked) }
    if !onFault, let error = populate(range) { throw error == .EFAULT ? .ENOMEM : error }
  }

  /// munlock(2).
  public func unlock(_ address: UInt64, _ byteCount: UInt64) throws(Errno) {
    let range = try Self.coveredPages(address, byteCount)
    try change { state, _ throws(Errno) in try state.lock(range, []) }
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
    guard current, !onFault else { return }
    var address: UInt64 = 0
    while let area = state.withLock({ $0.areas.firstArea(endingAfter: address) }) {
      _ = populate(area.range)
      address = area.end
    }
  }

  /// munlockall(2).
  public func unlockAll() {
    do throws(Errno) {
      try state.withLock { state throws(Errno) in try state.lockAll(current: [], future: []) }
    } catch {
      // Only locking has limits.
    }
  }

  /// madvise(2).
  public func advise(_ address: UInt64, _ byteCount: UInt64, _ advice: Advice) throws(Errno) {
    let range: Range<UInt64>
    do throws(Errno) { range = try AddressSpaceState.pages(address, byteCount) } catch { throw .EINVAL }
    guard !range.isEmpty else { return }
    switch advice {
    case .willNeed, .remove: try adviseObjects(range, advice)
    case .populateRead, .populateWrite:
      if let error = populate(range, advice == .populateWrite ? .write : .read) { throw error }
    default:
      try change { state, flush throws(Errno) in try state.advise(range, advice, flush: &flush) }
    }
  }

  private func adviseObjects(_ range: Range<UInt64>, _ advice: Advice) throws(Errno) {
    try forEachArea(of: range) { area, part, object throws(Errno) in
      guard let object else {
        if advice == .remove { throw .EINVAL }
        return
      }
      let pages =
        area.page(at: part.lowerBound)..<area.page(at: part.lowerBound) + (part.upperBound - part.lowerBound) >> 12
      if advice == .willNeed { return object.prefetch(pages) }
      guard !area.flags.contains(.locked) else { throw .EINVAL }
      guard area.isShared, area.protection.contains(.write) else { throw .EACCES }
      try object.punchHole(pages)
    }
  }
}
