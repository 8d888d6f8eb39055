import Foundations
import Machine

/// The flags of mremap(2), by their numbers in Linux's ABI.
public struct RemapFlags: OptionSet, Sendable {
  /// The bits, as in `<sys/mman.h>`.
  public let rawValue: UInt32
  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// `MREMAP_MAYMOVE`.
  public static let mayMove = RemapFlags(rawValue: 1)
  /// `MREMAP_FIXED`.
  public static let fixed = RemapFlags(rawValue: 2)
  /// `MREMAP_DONTUNMAP`.
  public static let keepOld = RemapFlags(rawValue: 4)
}

/// mremap(2).
extension AddressSpaceState {
  /// Moves or resizes the pages of `old`.
  ///
  /// - Returns: the new pages; the caller populates them if they are locked.
  /// - Throws: as mremap(2); nothing has changed but that what was at a fixed new place may be gone, as on Linux.
  mutating func remap(
    _ address: UInt64, _ oldByteCount: UInt64, _ newByteCount: UInt64, _ flags: RemapFlags, to fixed: UInt64,
    flush: inout TLBFlush
  ) throws(Errno) -> Range<UInt64> {
    guard flags.isSubset(of: [.mayMove, .fixed, .keepOld]), address & (Self.pageSize - 1) == 0 else { throw .EINVAL }
    if !flags.isDisjoint(with: [.fixed, .keepOld]) && !flags.contains(.mayMove) { throw .EINVAL }
    let mask = Self.pageSize - 1
    guard oldByteCount <= UserSpace.end, newByteCount <= UserSpace.end else { throw .EINVAL }
    let (oldSize, newSize) = ((oldByteCount + mask) & ~mask, (newByteCount + mask) & ~mask)
    guard newSize > 0 else { throw .EINVAL }
    if flags.contains(.keepOld) && oldSize != newSize { throw .EINVAL }
    guard let area = areas.area(at: address) else { throw .EFAULT }
    if oldSize == 0 && !area.isShared { throw .EINVAL }
    if flags.contains(.fixed) {
      guard fixed & mask == 0, UserSpace.contains(fixed, byteCount: newSize), fixed >= Self.lowestAddress else {
        throw .EINVAL
      }
      guard fixed + newSize <= address || address + oldSize <= fixed else { throw .EINVAL }
    }
    guard address + oldSize <= area.end else { throw .EFAULT }
    let old = address..<address + oldSize

    if !flags.contains(.fixed) && !flags.contains(.keepOld) && oldSize > 0 {
      if newSize <= oldSize {
        if newSize < oldSize { try unmap(address + newSize, oldSize - newSize, flush: &flush) }
        return address..<address + newSize
      }
      if let grown = try grow(area, old, to: newSize) { return grown }
    }
    guard flags.contains(.mayMove) else { throw .ENOMEM }
    return try move(area, old, newSize, flags, to: fixed, flush: &flush)
  }

  /// Grows the end of `area`, which is also the end of `old`, if the addresses behind it are free.
  private mutating func grow(_ area: Area, _ old: Range<UInt64>, to newSize: UInt64) throws(Errno) -> Range<UInt64>? {
    let added = old.upperBound..<old.lowerBound + newSize
    guard old.upperBound == area.end, UserSpace.contains(area.start, byteCount: added.upperBound - area.start),
      isFree(added)
    else { return nil }
    let pageCount = Int((added.upperBound - added.lowerBound) >> 12)
    try checkGrowth(of: area, by: pageCount)
    if area.flags.contains(.accounted) { try CommitAccount.promise(pageCount) }
    resize(area, to: area.start..<added.upperBound)
    join(around: added)
    return old.lowerBound..<added.upperBound
  }

  private borrowing func checkGrowth(of area: Area, by pageCount: Int) throws(Errno) {
    if area.flags.contains(.locked), !mayLock(adding: pageCount) { throw .EAGAIN }
    try checkLimits(adding: pageCount, isData: !area.isShared && area.protection.contains(.write))
  }

  private mutating func move(
    _ area: Area, _ old: Range<UInt64>, _ newSize: UInt64, _ flags: RemapFlags, to fixed: UInt64, flush: inout TLBFlush
  ) throws(Errno) -> Range<UInt64> {
    let oldSize = old.upperBound - old.lowerBound
    let keepsOld = flags.contains(.keepOld) || oldSize == 0
    let addedCount = Int(newSize >> 12) - (keepsOld ? 0 : Int(min(oldSize, newSize) >> 12))
    try checkGrowth(of: area, by: addedCount)
    let start: UInt64
    if flags.contains(.fixed) {
      start = fixed
    } else if let place = freePlace(newSize, below: mappingBase) {
      start = place
    } else {
      throw .ENOMEM
    }
    let new = start..<start + newSize
    // Cutting at both ends of both ranges, the new area, and what is left where the old one was kept.
    try reserve(areas.cutCount(new) + areas.cutCount(old) + 2)
    if areas.firstArea(in: new) != nil { try unmap(new, flush: &flush) }
    var moved = area.part(old.isEmpty ? old.lowerBound..<old.lowerBound + Self.pageSize : old)
    let firstPage = area.isAnonymous ? 0 : area.page(at: old.lowerBound)
    moved.start = new.lowerBound
    moved.end = new.upperBound
    moved.firstPage = firstPage
    if moved.flags.contains(.accounted) { try CommitAccount.promise(Int(newSize >> 12)) }
    add(moved)
    do throws(Errno) {
      let pages = old.lowerBound..<old.lowerBound + min(oldSize, newSize)
      if !pages.isEmpty { try table.move(pages, to: new.lowerBound, flush: &flush) }
      if !keepsOld { try unmap(old, flush: &flush) }
    } catch {
      // Only unmapping a huge page in part can fail once pages have moved; they go back.
      let pages = new.lowerBound..<new.lowerBound + min(oldSize, newSize)
      if !pages.isEmpty { try? table.move(pages, to: old.lowerBound, flush: &flush) }
      take(moved)
      throw shortage(error)
    }
    if flags.contains(.keepOld), area.flags.contains(.locked) {
      cut(old)
      updateAreas(in: old) { $0.flags.subtract([.locked, .lockedOnFault]) }
    }
    join(around: new)
    return new
  }
}
