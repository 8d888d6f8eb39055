import Foundations
import Machine

/// mprotect(2).
extension AddressSpaceState {
  /// Gives the pages of `range` the protection `protection`.
  ///
  /// - Throws: as mprotect(2): `ENOMEM` at the first hole and `EACCES` at the first area that does not allow it, after what lies before
  ///   has been changed.
  mutating func protect(_ range: Range<UInt64>, _ protection: Protection, flush: inout TLBFlush) throws(Errno) {
    guard !range.isEmpty else { return }
    try reserve(areas.cutCount(range))
    var address = range.lowerBound
    defer { join(around: range) }
    while address < range.upperBound {
      guard let area = areas.area(at: address) else { throw .ENOMEM }
      let part = address..<min(area.end, range.upperBound)
      guard area.limit.isSuperset(of: protection) else { throw .EACCES }
      if area.protection != protection { try protect(part, of: area, protection, flush: &flush) }
      address = area.end
    }
  }

  private mutating func protect(
    _ part: Range<UInt64>, of area: Area, _ protection: Protection, flush: inout TLBFlush
  ) throws(Errno) {
    let pageCount = Int((part.upperBound - part.lowerBound) >> 12)
    // Private memory is promised when it becomes writable.
    let isPromised =
      !area.isShared && protection.contains(.write) && area.flags.isDisjoint(with: [.accounted, .noReserve])
    if isPromised {
      try checkLimits(adding: 0, isData: true)
      try CommitAccount.promise(pageCount)
    }
    do throws(Errno) {
      // Pages become writable by a fault, which copies those that are shared.
      try table.protect(part, Self.access(protection), writing: .neverAdded, flush: &flush)
    } catch {
      if isPromised { CommitAccount.release(pageCount) }
      throw shortage(error)
    }
    cut(part)
    updateAreas(in: part) { area in
      area.protection = protection
      if isPromised { area.flags.insert(.accounted) }
    }
  }
}
