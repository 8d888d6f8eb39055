import Foundations
import Machine

/// mmap(2) and munmap(2).
///
/// What is checked in which order is Linux's, so that of two reasons the same one is given.
extension AddressSpaceState {
  /// Where `MAP_32BIT` puts things. Source: Linux, arch/x86/kernel/sys_x86_64.c.
  private static let lowPart: Range<UInt64> = 0x4000_0000..<0x8000_0000
  /// No file is longer, in pages. Source: Linux, MAX_LFS_FILESIZE.
  private static let largestFilePageCount: UInt64 = 1 << 51

  /// Maps what `request` asks for, which `checkArguments` has let pass.
  ///
  /// - Parameter object: the number of the request's object, or -1.
  /// - Returns: the pages; the caller populates them if that was asked for.
  /// - Throws: as mmap(2); nothing has changed.
  mutating func map(_ request: MapRequest, _ object: Int32, flush: inout TLBFlush) throws(Errno) -> Range<UInt64> {
    guard let byteCount = Self.roundedUp(request.byteCount), byteCount <= UserSpace.end else { throw .ENOMEM }
    guard areas.count <= limits.areaCount else { throw .ENOMEM }
    let range = try place(request, byteCount)
    let pageCount = Int(byteCount >> 12)
    var area = Area(
      range, request.protection.intersection(.all), limit: request.limit, futureFlags, object: object,
      firstPage: object < 0 ? 0 : request.offset >> 12)
    area.flags.formUnion(Self.areaFlags(request.flags))
    if request.flags.contains(.locked) { guard mayLockAtAll else { throw .EPERM } }
    if area.flags.contains(.locked), !mayLock(adding: pageCount) { throw .EAGAIN }
    try Self.checkSharing(request, pageCount)

    let replaced = pagesInAreas(of: range)
    try checkLimits(adding: pageCount, AddressSpaceUsage.kind(of: area), replacing: replaced)
    // Linux, too, lets mmap make one area more than the limit.
    try reserve(areas.cutCount(range) + 1, limit: limits.areaCount + 1)
    if area.isAccountable {
      try CommitAccount.promise(pageCount, replacing: replaced > 0 ? promisedPages(of: range) : 0)
      area.flags.insert(.accounted)
    } else if !area.flags.contains(.noReserve) {
      try request.newMemory?.promise()
    }
    do throws(Errno) {
      if replaced > 0 { try unmap(range, flush: &flush) }
    } catch {
      if area.flags.contains(.accounted) { CommitAccount.release(pageCount) }
      throw error
    }
    add(area)
    join(around: range)
    return range
  }

  /// Refuses what mmap(2) refuses before it looks for a place.
  static func checkArguments(_ request: MapRequest) throws(Errno) {
    guard request.offset & (pageSize - 1) == 0 else { throw .EINVAL }
    let isOfFile = request.flags.isDisjoint(with: .anonymous)
    if isOfFile && request.object == nil { throw .EBADF }
    // There is no pool of huge pages, so it is always empty; huge pages come by themselves where they fit.
    if request.flags.contains(.hugeTable) { throw isOfFile ? .EINVAL : .ENOMEM }
    guard request.byteCount > 0 else { throw .EINVAL }
  }

  /// Refuses combinations of protection, sharing and file that there cannot be.
  private static func checkSharing(_ request: MapRequest, _ pageCount: Int) throws(Errno) {
    let flags = request.flags
    guard let sharing = flags.sharing else { throw .EINVAL }
    if flags.contains(.anonymous) {
      if sharing == .sharedStrictly { throw .EINVAL }
      if flags.contains(.growsDown) && sharing != .private { throw .EINVAL }
      return
    }
    // The offset is below 2^52 pages and the count below 2^45.
    guard request.offset >> 12 + UInt64(pageCount) <= largestFilePageCount else { throw .EOVERFLOW }
    if sharing == .sharedStrictly && !flags.isSubset(of: .known) { throw .EOPNOTSUPP }
    if sharing != .private && request.protection.contains(.write) && !request.limit.contains(.write) { throw .EACCES }
    if !request.limit.contains(.read) { throw .EACCES }
    // A file system that is mounted without permission to execute.
    if request.protection.contains(.execute) && !request.limit.contains(.execute) { throw .EPERM }
    if flags.contains(.growsDown) { throw .EINVAL }
  }

  private static func areaFlags(_ flags: MapFlags) -> AreaFlags {
    var areaFlags: AreaFlags = []
    if flags.contains(.shared) { areaFlags.insert(.shared) }
    if flags.contains(.growsDown) { areaFlags.insert(.growsDown) }
    if flags.contains(.locked) { areaFlags.insert(.locked) }
    if flags.contains(.noReserve) && CommitAccount.policy != .never { areaFlags.insert(.noReserve) }
    return areaFlags
  }

  // MARK: Places

  /// Chooses the addresses.
  private borrowing func place(_ request: MapRequest, _ byteCount: UInt64) throws(Errno) -> Range<UInt64> {
    let flags = request.flags
    if !flags.isDisjoint(with: [.fixed, .fixedNoReplace]) {
      let range = try fixedPlace(request.address, byteCount)
      if flags.contains(.fixedNoReplace), areas.firstArea(in: range) != nil { throw .EEXIST }
      return range
    }
    let part = flags.contains(.low) ? Self.lowPart : nil
    guard let range = freePlace(byteCount, near: request.address, in: part) else { throw .ENOMEM }
    return range
  }

  /// The `byteCount` bytes at `address`, if a program can have them.
  ///
  /// - Throws: `ENOMEM` outside of what a program can have, `EINVAL` if they do not begin a page, `EPERM` too low.
  borrowing func fixedPlace(_ address: UInt64, _ byteCount: UInt64) throws(Errno) -> Range<UInt64> {
    guard UserSpace.contains(address, byteCount: byteCount) else { throw .ENOMEM }
    guard address & (Self.pageSize - 1) == 0 else { throw .EINVAL }
    guard address >= Self.lowestAddress else { throw .EPERM }
    return address..<address + byteCount
  }

  /// Free addresses for `byteCount` bytes: those at `hint`, unless it is 0, if they are free; else the highest in `part`, or where
  /// mappings usually go.
  borrowing func freePlace(
    _ byteCount: UInt64, near hint: UInt64, in part: Range<UInt64>? = nil
  ) -> Range<UInt64>? {
    let hinted = hint & ~(Self.pageSize - 1)
    if hinted > 0 {
      let start = max(hinted, Self.lowestAddress)
      if UserSpace.contains(start, byteCount: byteCount), part.map({ start + byteCount <= $0.upperBound }) ?? true,
        isFree(start..<start + byteCount)
      {
        return start..<start + byteCount
      }
    }
    let start = part.map { highestGap(byteCount, in: $0) } ?? highestGap(byteCount)
    return start.map { $0..<$0 + byteCount }
  }

  /// The highest free place below `mappingBase`: above the kernel's window if there is one, else below it.
  private borrowing func highestGap(_ byteCount: UInt64) -> UInt64? {
    let window = UserSpace.kernelWindow
    return highestGap(byteCount, in: window.upperBound..<max(window.upperBound, mappingBase))
      ?? highestGap(byteCount, in: Self.lowestAddress..<min(window.lowerBound, mappingBase))
  }

  private borrowing func highestGap(_ byteCount: UInt64, in part: Range<UInt64>) -> UInt64? {
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

  // MARK: Unmapping

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
      address <= UserSpace.end - byteCount, let rounded = Self.roundedUp(byteCount)
    else { throw .EINVAL }
    let range = address..<address + rounded
    guard areas.firstArea(in: range) != nil else { return }
    try reserveForUnmapping(range)
    try unmap(range, flush: &flush)
  }

  /// Makes room for cutting areas at the ends of `range`, which is about to be unmapped.
  ///
  /// - Throws: `ENOMEM` when a hole in the middle of an area would make one too many, or without memory.
  mutating func reserveForUnmapping(_ range: Range<UInt64>) throws(Errno) {
    if let area = areas.area(at: range.lowerBound), area.start < range.lowerBound, area.end > range.upperBound {
      guard areas.count < limits.areaCount else { throw .ENOMEM }
    }
    try reserveNodes(areas.cutCount(range))
  }
}
