import Foundations
import Machine

/// mprotect(2).
extension AddressSpaceState {
  /// Gives the pages of `range` the protection `protection`, which may have `.growsDown`.
  ///
  /// - Throws: as mprotect(2): `ENOMEM` at the first hole and `EACCES` at the first area that does not allow it, after what lies
  ///   before has been changed.
  mutating func protect(_ range: Range<UInt64>, _ wanted: Protection, flush: inout TLBFlush) throws(Errno) {
    let protection = wanted.intersection(.all)
    let range = try extended(range, wanted)
    try reserve(areas.cutCount(range), limit: limits.areaCount)
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

  /// `range`, from the start of the stack on if that is wanted.
  private borrowing func extended(_ range: Range<UInt64>, _ wanted: Protection) throws(Errno) -> Range<UInt64> {
    guard let first = areas.firstArea(in: range) else { throw .ENOMEM }
    if wanted.contains(.growsDown) {
      guard first.flags.contains(.growsDown) else { throw .EINVAL }
      return first.start..<range.upperBound
    }
    guard first.start <= range.lowerBound else { throw .ENOMEM }
    if wanted.contains(.growsUp) { throw .EINVAL }
    return range
  }

  private mutating func protect(
    _ part: Range<UInt64>, of area: Area, _ protection: Protection, flush: inout TLBFlush
  ) throws(Errno) {
    let pageCount = Int((part.upperBound - part.lowerBound) >> 12)
    var new = area
    new.protection = protection
    if protection.contains(.write) {
      let kind = AddressSpaceUsage.kind(of: new)
      if kind == .data && AddressSpaceUsage.kind(of: area) != .data {
        guard UInt64(usage.data + pageCount) <= limits.data >> 12 else { throw .ENOMEM }
      }
      // Private memory is promised when it becomes writable, and stays so: there may be something in it.
      if new.isAccountable && !area.flags.contains(.accounted) {
        try CommitAccount.promise(pageCount)
        new.flags.insert(.accounted)
      }
    }
    // What holds nothing of its own, and cannot come to, needs no promise.
    let mayBeEmpty = !protection.contains(.write) && area.flags.contains(.accounted) && area.isAnonymous
    if mayBeEmpty && !holdsPrivatePages(part) { new.flags.remove(.accounted) }
    do throws(Errno) {
      // Pages become writable by a fault, which copies those that are shared.
      try table.protect(part, Self.access(protection), writing: .neverAdded, flush: &flush)
    } catch {
      if new.flags.contains(.accounted) && !area.flags.contains(.accounted) { CommitAccount.release(pageCount) }
      throw shortage(error)
    }
    if area.flags.contains(.accounted) && !new.flags.contains(.accounted) { CommitAccount.release(pageCount) }
    cut(part)
    updateAreas(in: part) { area in
      area.protection = new.protection
      area.flags = new.flags
    }
  }

  /// Whether a page of `range`, which is private memory, is one that was written.
  private borrowing func holdsPrivatePages(_ range: Range<UInt64>) -> Bool {
    do throws(Errno) {
      try table.visit(range) { (address, _) throws(Errno) in
        if let frame = table.frame(at: address), !frame.isZeroFrame { throw .EEXIST }
      }
      return false
    } catch {
      return true
    }
  }
}
