import Foundations
import Machine

/// The mlock(2) family.
extension AddressSpaceState {
  /// Locks the pages of `range`; the caller populates what is locked at once.
  ///
  /// - Parameter flags: `.locked`, with `.lockedOnFault` or without.
  /// - Throws: `ENOMEM` for a hole or beyond the limit, `EPERM` when nothing may be locked. What lies before a hole is changed,
  ///   as on Linux.
  mutating func lock(_ range: Range<UInt64>, _ flags: AreaFlags) throws(Errno) {
    guard mayLockAtAll else { throw .EPERM }
    let pageCount = (range.upperBound - range.lowerBound) >> 12
    guard limits.ignoresLockLimit || pageCount <= limits.locked >> 12,
      mayLock(adding: Int(pageCount)) || mayLock(adding: Int(pageCount) - lockedPages(of: range))
    else { throw .ENOMEM }
    try setLocked(range, flags)
  }

  /// Unlocks the pages of `range`.
  ///
  /// - Throws: `ENOMEM` for a hole; what lies before it is unlocked.
  mutating func unlock(_ range: Range<UInt64>) throws(Errno) {
    try setLocked(range, [])
  }

  private mutating func setLocked(_ range: Range<UInt64>, _ flags: AreaFlags) throws(Errno) {
    guard !range.isEmpty else { return }
    try reserve(areas.cutCount(range), limit: limits.areaCount)
    defer { join(around: range) }
    var address = range.lowerBound
    while address < range.upperBound {
      guard let area = areas.area(at: address) else { throw .ENOMEM }
      let part = address..<min(area.end, range.upperBound)
      if area.flags.intersection([.locked, .lockedOnFault]) != flags {
        cut(part)
        updateAreas(in: part) { area in
          area.flags.subtract([.locked, .lockedOnFault])
          area.flags.formUnion(flags)
        }
      }
      address = part.upperBound
    }
  }

  /// mlockall(2) and munlockall(2).
  ///
  /// - Parameters:
  ///   - current: what areas that exist become; nil leaves them.
  ///   - future: what areas that come become.
  /// - Throws: `ENOMEM` beyond the limit, `EPERM` when nothing may be locked; nothing has changed.
  mutating func lockAll(current: AreaFlags?, future: AreaFlags) throws(Errno) {
    if current.map({ !$0.isEmpty }) ?? false || !future.isEmpty {
      guard mayLockAtAll else { throw .EPERM }
      if current != nil {
        guard limits.ignoresLockLimit || UInt64(usage.total) <= limits.locked >> 12 else { throw .ENOMEM }
      }
    }
    futureFlags.subtract([.locked, .lockedOnFault])
    futureFlags.formUnion(future)
    guard let current else { return }
    updateAreas(in: 0..<UserSpace.end) { area in
      area.flags.subtract([.locked, .lockedOnFault])
      area.flags.formUnion(current)
    }
    join(around: 0..<UserSpace.end)
  }
}
