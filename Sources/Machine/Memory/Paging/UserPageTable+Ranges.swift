import Foundations
import PageFrames

/// Changes to all pages of a range. Ends of the range that cut a large page split it first.
extension UserPageTable {
  /// What `protect` does about writing.
  public enum WritePermission: Sendable {
    /// Pages may be written if the access says so.
    case asTold
    /// Pages that may not be written now stay so: what is shared until it is written must go on faulting.
    case neverAdded
  }

  /// Unmaps every page of `range`; the frames' references are dropped when `flush` is finished.
  ///
  /// A mark that a page was written goes to the frame's descriptor if the frame is a file's.
  ///
  /// - Throws: `ENOMEM` when a large page cannot be split, before anything has changed; `EINVAL`.
  public mutating func unmap(_ range: Range<UInt64>, flush: inout TLBFlush) throws(Errno) {
    try Self.check(range)
    try splitEdges(of: range, flush: &flush)
    flush.begin(context)
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      if group.isWholeTable {
        unmapTable(group, flush: &flush)
      } else {
        unmapEntries(group, flush: &flush)
      }
    }
  }

  /// Takes a table of ordinary pages out with all of its entries, which need not be looked at until they are released.
  private mutating func unmapTable(_ group: LeafCursor.Group, flush: inout TLBFlush) {
    _ = group.directory.exchange(group.directoryIndex, .empty)
    group.directory.count -= 1
    residentPageCount -= group.table.count
    tablePageCount -= 1
    flush.addEverything()
    flush.take(group.table)
    if group.directory.count == 0 { releaseEmptyTables(at: group.address, flush: &flush) }
  }

  private mutating func unmapEntries(_ group: LeafCursor.Group, flush: inout TLBFlush) {
    var count = 0
    for index in group.entries where !group.table[index].isEmpty {
      let entry = group.table.exchange(index, .empty)
      // Even one that is held: it may have been accessible until a flush that is not finished yet.
      flush.add(page: group.address(of: index))
      flush.take(entry)
      count &+= 1
    }
    guard count > 0 else { return }
    group.table.count -= count
    residentPageCount -= group.level == 0 ? count : HugeFrame.frameCount
    if group.table.count == 0 { releaseEmptyTables(at: group.address, flush: &flush) }
  }

  /// Gives every page of `range` the permissions `access`. No permission at all keeps the pages, inaccessible.
  ///
  /// Permissions that are taken away are gone when `flush` is finished. Given ones take effect at the latest when the program
  /// has faulted; the fault finds the page as it should be.
  ///
  /// - Throws: `ENOMEM` when a large page cannot be split, before anything has changed; `EINVAL`.
  public mutating func protect(
    _ range: Range<UInt64>, _ access: PageAccess, writing: WritePermission = .asTold, flush: inout TLBFlush
  ) throws(Errno) {
    try Self.check(range)
    try splitEdges(of: range, flush: &flush)
    flush.begin(context)
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      for index in group.entries { Self.protect(group, index, access, writing, flush: &flush) }
    }
  }

  @inline(__always)
  private static func protect(
    _ group: LeafCursor.Group, _ index: Int, _ access: PageAccess, _ writing: WritePermission, flush: inout TLBFlush
  ) {
    while true {
      let old = group.table[index]
      if old.isEmpty { return }
      let isKeptReadOnly = writing == .neverAdded && !old.isWritable
      let new = old.with(isKeptReadOnly ? access.subtracting(.write) : access)
      if new == old { return }
      // The CPU may set a mark in between; then once more.
      guard group.table.replace(index, old, by: new) else { continue }
      if old.allowsMore(than: new) { flush.add(page: group.address(of: index)) }
      return
    }
  }

  /// Calls `body` for each page of `range`, in order of addresses: the address of the page, which for a large page may lie before the
  /// range, and the page.
  ///
  /// - Throws: `EINVAL` for a bad range, and what `body` throws, which ends the walk.
  public borrowing func visit(
    _ range: Range<UInt64>, _ body: (_ address: UInt64, _ page: PageMapping) throws(Errno) -> Void
  ) throws(Errno) {
    try Self.check(range)
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      for index in group.entries {
        let entry = group.table[index]
        if !entry.isEmpty { try body(group.address(of: index), entry.mapping(frameOffset: 0)) }
      }
    }
  }

  /// The first page that `range` touches, and its address, which for a large page may lie before the range; nil when there is
  /// none. Costs little however large the range is.
  public borrowing func firstPage(in range: Range<UInt64>) -> (address: UInt64, page: PageMapping)? {
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      for index in group.entries {
        let entry = group.table[index]
        if !entry.isEmpty { return (group.address(of: index), entry.mapping(frameOffset: 0)) }
      }
    }
    return nil
  }

  /// Whether no page of `range` is mapped.
  public borrowing func isEmpty(_ range: Range<UInt64>) -> Bool { firstPage(in: range) == nil }
}
