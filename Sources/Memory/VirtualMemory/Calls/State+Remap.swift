import Foundations
import Machine

/// A call of mremap(2) whose arguments make sense, in whole pages.
struct RemapRequest {
  var address: UInt64
  var oldByteCount: UInt64
  var newByteCount: UInt64
  var flags: RemapFlags
  var target: UInt64

  /// The pages that are to be moved or resized.
  var old: Range<UInt64> { address..<address + oldByteCount }
  /// Whether a new place is asked for, whatever the sizes are.
  var isMove: Bool { !flags.isDisjoint(with: [.fixed, .keepOld]) }
}

/// mremap(2).
extension AddressSpaceState {
  /// Moves or resizes pages.
  ///
  /// - Returns: the new pages; the caller populates them if they are locked.
  /// - Throws: as mremap(2); nothing has changed but that what was at a fixed new place, or what a move was to cut off, may
  ///   be gone, as on Linux.
  mutating func remap(_ request: RemapRequest, flush: inout TLBFlush) throws(Errno) -> Range<UInt64> {
    // Linux keeps away from the limit, so that cutting areas in the middle of the call stays within it.
    if request.isMove { guard areas.count + 2 < limits.areaCount - 3 else { throw .ENOMEM } }
    if request.flags.contains(.fixed) && request.oldByteCount == request.newByteCount {
      return try moveAll(request, flush: &flush)
    }
    guard let area = areas.area(at: request.address) else { throw .EFAULT }
    if request.isMove { return try moveTo(request, area, flush: &flush) }
    if request.newByteCount == request.oldByteCount { return request.old }
    if request.newByteCount < request.oldByteCount {
      let new = request.address..<request.address + request.newByteCount
      try unmap(new.upperBound, request.oldByteCount - request.newByteCount, flush: &flush)
      return new
    }
    try check(request, area)
    if let grown = try grow(area, request) { return grown }
    guard request.flags.contains(.mayMove), let new = freePlace(request.newByteCount, near: 0) else { throw .ENOMEM }
    return try move(area, request, to: new, flush: &flush)
  }

  /// The call's arguments, if there is a case in which they make sense.
  ///
  /// - Throws: `EINVAL`.
  static func checkArguments(
    _ address: UInt64, _ oldByteCount: UInt64, _ newByteCount: UInt64, _ flags: RemapFlags, to target: UInt64
  ) throws(Errno) -> RemapRequest {
    let mask = pageSize - 1
    guard flags.isSubset(of: [.mayMove, .fixed, .keepOld]), address & mask == 0 else { throw .EINVAL }
    // Nobody has that much; so it may as well be as much as there is, which the end of a range can be computed of.
    let old = min(roundedUp(oldByteCount) ?? UserSpace.end, UserSpace.end)
    guard let new = roundedUp(newByteCount), new > 0, new <= UserSpace.end else { throw .EINVAL }
    guard address < UserSpace.end else { throw .EFAULT }
    let request = RemapRequest(
      address: address, oldByteCount: old, newByteCount: new, flags: flags, target: target)
    guard request.isMove else { return request }
    guard target <= UserSpace.end - new, target & mask == 0, flags.contains(.mayMove) else { throw .EINVAL }
    if flags.contains(.keepOld) && old != new { throw .EINVAL }
    if address < target + new && target < address + old { throw .EINVAL }
    return request
  }

  /// Whether the part of `area` that is meant may be moved or grow.
  private borrowing func check(_ request: RemapRequest, _ area: Area) throws(Errno) {
    if request.oldByteCount == 0 && !area.isShared { throw .EINVAL }
    // What a shrinking move cuts off first may be of other areas, or a hole.
    guard min(request.oldByteCount, request.newByteCount) <= area.end - request.address else { throw .EFAULT }
    let (old, new) = (Int(request.oldByteCount >> 12), Int(request.newByteCount >> 12))
    guard new > old else { return }
    if area.flags.contains(.locked), !mayLock(adding: new - old) { throw .EAGAIN }
    try checkLimits(adding: new - old, AddressSpaceUsage.kind(of: area))
  }

  /// Grows the end of `area`, which is also the end of what is to grow, if the addresses behind it are free.
  private mutating func grow(_ area: Area, _ request: RemapRequest) throws(Errno) -> Range<UInt64>? {
    let added = request.old.upperBound..<request.address + request.newByteCount
    guard request.old.upperBound == area.end, areas.firstArea(in: added) == nil,
      UserSpace.contains(area.start, byteCount: added.upperBound - area.start)
    else { return nil }
    if area.flags.contains(.accounted) { try CommitAccount.promise(Int((added.upperBound - added.lowerBound) >> 12)) }
    resize(area, to: area.start..<added.upperBound)
    join(around: added)
    return request.address..<added.upperBound
  }

  // MARK: Moving

  /// Moves all of a range that need not be one area, keeping the distances: `MREMAP_FIXED` without a new size.
  private mutating func moveAll(_ request: RemapRequest, flush: inout TLBFlush) throws(Errno) -> Range<UInt64> {
    let end = request.old.upperBound
    var position = request.address
    while position < end, let area = areas.firstArea(in: position..<end) {
      // A gap may follow an area, but there has to be one to begin with.
      if area.start > request.address && position == request.address { throw .EFAULT }
      let part = max(area.start, request.address)..<min(area.end, end)
      var step = request
      step.address = part.lowerBound
      step.oldByteCount = part.upperBound - part.lowerBound
      step.newByteCount = step.oldByteCount
      step.target = request.target + (part.lowerBound - request.address)
      _ = try moveTo(step, area, flush: &flush)
      position = part.upperBound
    }
    guard position > request.address else { throw .EFAULT }
    return request.target..<request.target + request.newByteCount
  }

  /// Moves part of `area` to a place that was asked for.
  private mutating func moveTo(
    _ request: RemapRequest, _ area: Area, flush: inout TLBFlush
  ) throws(Errno) -> Range<UInt64> {
    var request = request
    try check(request, area)
    if request.flags.contains(.fixed) { try unmap(request.target, request.newByteCount, flush: &flush) }
    if request.newByteCount < request.oldByteCount {
      try unmap(
        request.address + request.newByteCount, request.oldByteCount - request.newByteCount, flush: &flush)
      request.oldByteCount = request.newByteCount
    }
    // What was unmapped may have been part of it.
    guard let area = areas.area(at: request.address) else { throw .EFAULT }
    let new: Range<UInt64>
    if request.flags.contains(.fixed) {
      new = try fixedPlace(request.target, request.newByteCount)
    } else if let place = freePlace(request.newByteCount, near: request.target) {
      new = place
    } else {
      throw .ENOMEM
    }
    return try move(area, request, to: new, flush: &flush)
  }

  /// Moves part of `area` to `new`, where nothing is.
  private mutating func move(
    _ area: Area, _ request: RemapRequest, to new: Range<UInt64>, flush: inout TLBFlush
  ) throws(Errno) -> Range<UInt64> {
    let old = request.old
    let keepsOld = request.flags.contains(.keepOld) || old.isEmpty
    let pageCount = Int(request.newByteCount >> 12)
    if request.flags.contains(.keepOld) { try checkLimits(adding: pageCount, AddressSpaceUsage.kind(of: area)) }
    guard areas.count < limits.areaCount - 3 else { throw .ENOMEM }
    // The new area, and what is left of the old one on both sides of what was moved.
    try reserveNodes(3)
    var moved = area
    moved.start = new.lowerBound
    moved.end = new.upperBound
    if !area.isAnonymous { moved.firstPage = area.page(at: old.lowerBound) }
    if area.flags.contains(.accounted) {
      try CommitAccount.promise(pageCount, replacing: keepsOld ? 0 : Int(request.oldByteCount >> 12))
    }
    add(moved)
    do throws(Errno) {
      if !old.isEmpty { try table.move(old, to: new.lowerBound, flush: &flush) }
    } catch {
      take(moved)
      throw shortage(error)
    }
    if !keepsOld {
      // No page is left in it, so no large one can need splitting.
      cut(old)
      while let area = areas.firstArea(in: old) { take(area) }
    } else if area.flags.contains(.locked), !old.isEmpty {
      cut(old)
      updateAreas(in: old) { $0.flags.subtract([.locked, .lockedOnFault]) }
      join(around: old)
    }
    join(around: new)
    return new
  }
}
