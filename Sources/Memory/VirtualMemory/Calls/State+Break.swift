import Foundations
import Machine

/// brk(2), and growing stacks.
extension AddressSpaceState {
  /// Moves the program break to `address`.
  ///
  /// - Returns: where the break is now: as before when it cannot be moved there.
  mutating func setBreak(_ address: UInt64, flush: inout TLBFlush) -> UInt64 {
    guard address >= heap.lowerBound, address < UserSpace.end else { return heap.upperBound }
    let mask = Self.pageSize - 1
    let (old, new) = ((heap.upperBound + mask) & ~mask, (address + mask) & ~mask)
    do throws(Errno) {
      if new < old {
        try unmap(new, old - new, flush: &flush)
      } else if new > old {
        try growHeap(old..<new)
      }
      heap = heap.lowerBound..<address
    } catch {
      // brk(2) has no error but the old break.
    }
    return heap.upperBound
  }

  private mutating func growHeap(_ added: Range<UInt64>) throws(Errno) {
    let pageCount = Int((added.upperBound - added.lowerBound) >> 12)
    guard UserSpace.contains(added.lowerBound, byteCount: added.upperBound - added.lowerBound), isFree(added) else {
      throw .ENOMEM
    }
    guard added.upperBound - heap.lowerBound <= limits.data else { throw .ENOMEM }
    try checkLimits(adding: pageCount, isData: true)
    var flags = futureFlags.union([.heap, .accounted])
    if flags.contains(.locked), !mayLock(adding: pageCount) { throw .EAGAIN }
    flags.remove(.lockedOnFault)
    try reserve(1)
    try CommitAccount.promise(pageCount)
    add(Area(added, [.read, .write], flags))
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
    try checkLimits(adding: pageCount, isData: false)
    if stack.flags.contains(.locked), !mayLock(adding: pageCount) { throw .ENOMEM }
    if stack.flags.contains(.accounted) { try CommitAccount.promise(pageCount) }
    return resize(stack, to: start..<stack.end)
  }
}
