import Foundations
import Machine

/// brk(2), and growing stacks.
extension AddressSpaceState {
  /// Moves the program break to `address`.
  ///
  /// - Returns: the pages that were added; the caller populates them if they are locked.
  /// - Throws: `ENOMEM` or `EAGAIN` when it cannot be moved there; it is where it was.
  mutating func setBreak(_ address: UInt64, flush: inout TLBFlush) throws(Errno) -> Range<UInt64> {
    guard heap.lowerBound >= Self.lowestAddress, address >= heap.lowerBound, address < UserSpace.end else {
      throw .ENOMEM
    }
    guard address - heap.lowerBound <= limits.data else { throw .ENOMEM }
    let mask = Self.pageSize - 1
    let (old, new) = ((heap.upperBound + mask) & ~mask, (address + mask) & ~mask)
    if new < old {
      try unmap(new, old - new, flush: &flush)
    } else if new > old {
      try growHeap(old..<new)
    }
    heap = heap.lowerBound..<address
    return min(old, new)..<new
  }

  private mutating func growHeap(_ added: Range<UInt64>) throws(Errno) {
    let pageCount = Int((added.upperBound - added.lowerBound) >> 12)
    // A page stays free behind it, so that running out of the heap is noticed.
    guard UserSpace.contains(added.lowerBound, byteCount: added.upperBound - added.lowerBound),
      isFree(added.lowerBound..<added.upperBound + Self.pageSize)
    else { throw .ENOMEM }
    try checkLimits(adding: pageCount, .data)
    var area = Area(added, [.read, .write], futureFlags.union(.heap))
    if area.flags.contains(.locked), !mayLock(adding: pageCount) { throw .EAGAIN }
    try reserve(1, limit: limits.areaCount + 1)
    try CommitAccount.promise(pageCount)
    area.flags.insert(.accounted)
    add(area)
    join(around: added)
  }

  /// Grows the stack whose area is the first above `address` so that it contains it, if there is one that may.
  ///
  /// - Returns: the grown area; nil when none may grow there.
  mutating func growStack(to address: UInt64) throws(Errno) -> Area? {
    guard let stack = areas.firstArea(endingAfter: address), stack.flags.contains(.growsDown),
      address >= Self.lowestAddress
    else { return nil }
    let start = address & ~(Self.pageSize - 1)
    guard UserSpace.contains(start, byteCount: stack.end - start), stack.end - start <= limits.stack else { return nil }
    if let below = areas.lastArea(startingBefore: stack.start), !below.flags.contains(.growsDown),
      !below.protection.isEmpty, start < below.end &+ Area.stackGuardGap
    {
      return nil
    }
    if let below = areas.lastArea(startingBefore: stack.start), start < below.end { return nil }
    let pageCount = Int((stack.start - start) >> 12)
    try checkLimits(adding: pageCount, .stack)
    if stack.flags.contains(.locked), !mayLock(adding: pageCount) { throw .ENOMEM }
    if stack.flags.contains(.accounted) { try CommitAccount.promise(pageCount) }
    return resize(stack, to: start..<stack.end)
  }
}
