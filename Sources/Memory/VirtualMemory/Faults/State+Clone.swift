import Foundations
import Machine

/// fork(2).
extension AddressSpaceState {
  /// Gives `child`, which is empty, the same areas and pages; private ones are copied when either writes to them.
  ///
  /// - Throws: `ENOMEM`; the child has part of it then and is to be dropped.
  mutating func clone(into child: inout AddressSpaceState, flush: inout TLBFlush) throws(Errno) {
    child.limits = limits
    child.heap = heap
    child.mappingBase = mappingBase
    try child.areas.reserve(areas.count)
    var address: UInt64 = 0
    while let area = areas.firstArea(endingAfter: address) {
      address = area.end
      if area.flags.contains(.dontFork) { continue }
      try clone(area, into: &child, flush: &flush)
    }
    child.notePeak()
  }

  private mutating func clone(
    _ area: Area, into child: inout AddressSpaceState, flush: inout TLBFlush
  ) throws(Errno) {
    var copy = area
    // Locks are not inherited.
    copy.flags.subtract([.locked, .lockedOnFault])
    if let object = object(of: area) {
      // The child was made known to every object before the lock was taken; one that came since means to begin again.
      guard child.has(object) else { throw .EAGAIN }
      copy.object = try child.number(of: object)
    }
    if copy.flags.contains(.accounted) { try CommitAccount.promise(copy.pageCount) }
    child.add(copy)
    if area.flags.contains(.wipeOnFork) { return }
    // A file's pages can be found again by faults; only what was written here is nowhere else.
    if area.isShared && !area.isAnonymous { return }
    try table.share(
      area.range, with: &child.table, area.isShared ? .writable : .copyOnWrite, flush: &flush)
  }
}
