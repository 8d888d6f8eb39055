import Foundations
import Machine

/// fork(2).
extension AddressSpaceState {
  /// Gives `child`, which is empty and belongs to `space`, the same areas and pages; private ones are copied when either
  /// writes to them.
  ///
  /// - Throws: `ENOMEM`; the child has part of it then and is to be torn down.
  mutating func clone(
    into child: inout AddressSpaceState, of space: AddressSpace, flush: inout TLBFlush
  ) throws(Errno) {
    child.limits = limits
    child.heap = heap
    child.mappingBase = mappingBase
    do throws(Errno) { try child.areas.reserve(areas.count) } catch { throw shortage(error) }
    var address: UInt64 = 0
    while let area = areas.firstArea(endingAfter: address) {
      address = area.end
      if area.flags.contains(.dontFork) { continue }
      try clone(area, into: &child, of: space, flush: &flush)
    }
    // What differed in being locked only is alike in the child.
    if usage.locked > 0 { child.join(around: 0..<UserSpace.end) }
    child.notePeak()
  }

  private mutating func clone(
    _ area: Area, into child: inout AddressSpaceState, of space: AddressSpace, flush: inout TLBFlush
  ) throws(Errno) {
    var copy = area
    // Locks are not inherited.
    copy.flags.subtract([.locked, .lockedOnFault])
    if copy.flags.contains(.accounted) { try CommitAccount.promise(copy.pageCount) }
    do throws(Errno) {
      if let object = object(of: area) { copy.object = try child.objects.number(of: object, mappedBy: space) }
    } catch {
      if copy.flags.contains(.accounted) { CommitAccount.release(copy.pageCount) }
      throw shortage(error)
    }
    child.add(copy)
    if area.flags.contains(.wipeOnFork) { return }
    // An object's pages can be found again by faults; only what was written privately is nowhere else.
    if area.isShared { return }
    do throws(Errno) {
      try table.share(area.range, with: &child.table, .copyOnWrite, flush: &flush)
    } catch {
      throw shortage(error)
    }
  }
}
