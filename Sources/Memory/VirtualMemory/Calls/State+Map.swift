import Foundations
import Machine

/// mmap(2) and munmap(2).
extension AddressSpaceState {
  private static let lowLimit: UInt64 = 1 << 31

  /// Maps what `request` asks for, which `check` has let pass.
  ///
  /// - Parameter object: the number of the request's object, or -1.
  /// - Returns: the pages; the caller populates them if that was asked for.
  /// - Throws: as mmap(2); nothing has changed.
  mutating func map(_ request: MapRequest, _ object: Int32, flush: inout TLBFlush) throws(Errno) -> Range<UInt64> {
    let flags = request.flags
    let byteCount = (request.byteCount &+ Self.pageSize - 1) & ~(Self.pageSize - 1)
    guard byteCount >= request.byteCount, byteCount <= UserSpace.end else { throw .ENOMEM }
    guard request.offset >> 12 + byteCount >> 12 <= 1 << 51 else { throw .EOVERFLOW }
    let range = try place(request, byteCount)
    let pageCount = Int(byteCount >> 12)

    var areaFlags = futureFlags
    if flags.contains(.shared) { areaFlags.insert(.shared) }
    if flags.contains(.growsDown) { areaFlags.insert(.growsDown) }
    if flags.contains(.locked) { areaFlags.insert(.locked) }
    if flags.contains(.noReserve) && CommitAccount.policy != .never { areaFlags.insert(.noReserve) }
    if areaFlags.contains(.locked), !mayLock(adding: pageCount) { throw .EAGAIN }
    let isPrivateWritable = !flags.contains(.shared) && request.protection.contains(.write)
    let isAccounted = !areaFlags.contains(.noReserve) && isPrivateWritable
    if isAccounted { areaFlags.insert(.accounted) }

    let replaced = pagesInAreas(of: range)
    try checkLimits(adding: pageCount - replaced, isData: isPrivateWritable && !flags.contains(.growsDown))
    try reserve(areas.cutCount(range) + 1)
    if isAccounted { try CommitAccount.promise(pageCount) }
    do throws(Errno) {
      if replaced > 0 { try unmap(range, flush: &flush) }
    } catch {
      if isAccounted { CommitAccount.release(pageCount) }
      throw error
    }
    add(
      Area(
        range, request.protection, limit: request.limit, areaFlags, object: object,
        firstPage: object < 0 ? 0 : request.offset >> 12))
    join(around: range)
    return range
  }

  /// Refuses what mmap(2) refuses whatever is mapped.
  static func check(_ request: MapRequest) throws(Errno) {
    let flags = request.flags
    guard request.byteCount > 0, request.offset & (pageSize - 1) == 0,
      flags.contains(.shared) || flags.contains(.private)
    else { throw .EINVAL }
    if flags.isSuperset(of: [.shared, .private]), !flags.isSubset(of: .known) { throw .EOPNOTSUPP }
    // There is no pool of huge pages, so it is always empty; huge pages come by themselves where they fit.
    if flags.contains(.hugeTable) { throw .ENOMEM }
    if flags.contains(.growsDown) && (flags.contains(.shared) || request.object != nil) { throw .EINVAL }
    if flags.contains(.shared), !request.limit.isSuperset(of: request.protection) { throw .EACCES }
    if flags.isDisjoint(with: .anonymous) && request.object == nil { throw .EBADF }
  }

  /// Chooses the addresses.
  private borrowing func place(_ request: MapRequest, _ byteCount: UInt64) throws(Errno) -> Range<UInt64> {
    let (address, flags) = (request.address, request.flags)
    if !flags.isDisjoint(with: [.fixed, .fixedNoReplace]) {
      guard address & (Self.pageSize - 1) == 0 else { throw .EINVAL }
      guard UserSpace.contains(address, byteCount: byteCount) else { throw .ENOMEM }
      guard address >= Self.lowestAddress else { throw .EPERM }
      let range = address..<address + byteCount
      if flags.contains(.fixedNoReplace), areas.firstArea(in: range) != nil { throw .EEXIST }
      return range
    }
    let (rounded, overflowed) = address.addingReportingOverflow(Self.pageSize - 1)
    let hint = rounded & ~(Self.pageSize - 1)
    if !overflowed, hint >= Self.lowestAddress, UserSpace.contains(hint, byteCount: byteCount),
      !flags.contains(.low) || hint + byteCount <= Self.lowLimit, isFree(hint..<hint + byteCount)
    {
      return hint..<hint + byteCount
    }
    guard let start = freePlace(byteCount, below: flags.contains(.low) ? Self.lowLimit : mappingBase) else {
      throw .ENOMEM
    }
    return start..<start + byteCount
  }

  /// The highest free place for `byteCount` bytes: above the kernel's window if there is one, else below it.
  borrowing func freePlace(_ byteCount: UInt64, below top: UInt64) -> UInt64? {
    let window = UserSpace.kernelWindow
    return freePlace(byteCount, in: window.upperBound..<max(window.upperBound, top))
      ?? freePlace(byteCount, in: Self.lowestAddress..<min(window.lowerBound, top))
  }

  private borrowing func freePlace(_ byteCount: UInt64, in part: Range<UInt64>) -> UInt64? {
    // What could hold a huge page gets a place where it can.
    if byteCount >= UserPageTable.hugePageSize,
      let place = areas.highestGap(byteCount, alignment: UserPageTable.hugePageSize, in: part)
    {
      return place
    }
    return areas.highestGap(byteCount, in: part)
  }

  /// Whether no area is in `range` and no stack so near above that it needs the room.
  borrowing func isFree(_ range: Range<UInt64>) -> Bool {
    guard let next = areas.firstArea(endingAfter: range.lowerBound) else { return true }
    return next.floor >= range.upperBound
  }

  /// How many pages of `range` are in areas.
  borrowing func pagesInAreas(of range: Range<UInt64>) -> Int {
    var count = 0
    var address = range.lowerBound
    while let area = areas.firstArea(endingAfter: address), area.start < range.upperBound {
      count += Int((min(area.end, range.upperBound) - max(area.start, range.lowerBound)) >> 12)
      address = area.end
    }
    return count
  }

  /// Unmaps `range`. The nodes for cutting areas at its ends were reserved.
  ///
  /// - Throws: `ENOMEM` when a huge page cannot be split; nothing has changed.
  mutating func unmap(_ range: Range<UInt64>, flush: inout TLBFlush) throws(Errno) {
    try unmapPages(range, flush: &flush)
    cut(range)
    while let area = areas.firstArea(in: range) { take(area) }
  }

  /// munmap(2).
  mutating func unmap(_ address: UInt64, _ byteCount: UInt64, flush: inout TLBFlush) throws(Errno) {
    guard address & (Self.pageSize - 1) == 0, byteCount > 0, byteCount <= UserSpace.end,
      address <= UserSpace.end - byteCount
    else { throw .EINVAL }
    let range = try Self.pages(address, byteCount)
    guard areas.firstArea(in: range) != nil else { return }
    let cuts = areas.cutCount(range)
    if cuts == 2, areas.count >= limits.areaCount, let area = areas.area(at: range.lowerBound),
      area.end > range.upperBound
    {
      throw .ENOMEM
    }
    try reserveNodes(cuts)
    try unmap(range, flush: &flush)
  }
}
