import Foundations
import PageFrames

/// What fork(2) and mremap(2) do with the pages of a range.
extension UserPageTable {
  /// What becomes of pages that may be written when a child gets them too.
  public enum Sharing: Sendable {
    /// Neither may write any more: the first to try gets a copy.
    case copyOnWrite
    /// Both go on writing to the same frames.
    case writable
  }

  /// Maps every page of `range` in `child` too, at the same address.
  ///
  /// - Throws: `ENOMEM` when a table cannot be had. Then part of the pages is shared, and as unwritable as they would be; to
  ///   drop `child` sets everything right. `EEXIST` when `child` has a page there, `EINVAL`.
  public mutating func share(
    _ range: Range<UInt64>, with child: inout UserPageTable, _ sharing: Sharing, flush: inout TLBFlush
  ) throws(Errno) {
    try Self.check(range)
    try splitEdges(of: range, flush: &flush)
    flush.begin(context)
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      try share(group, with: &child, sharing, flush: &flush)
    }
  }

  private mutating func share(
    _ group: LeafCursor.Group, with child: inout UserPageTable, _ sharing: Sharing, flush: inout TLBFlush
  ) throws(Errno) {
    var target: TablePage?
    var count = 0
    defer {
      if let target { target.count += count }
      child.residentPageCount += group.level == 0 ? count : count * HugeFrame.frameCount
    }
    for index in group.entries where !group.table[index].isEmpty {
      let table: TablePage
      if let target {
        table = target
      } else {
        table = try child.makeTable(for: group.address, level: group.level)
        target = table
      }
      guard table[index].isEmpty else { throw .EEXIST }
      let entry: PageTableEntry
      switch sharing {
      case .writable: entry = group.table[index]
      case .copyOnWrite:
        let old = group.table.clear(index, bits: PageTableEntry.writableBit)
        if old.isWritable { flush.add(page: group.address(of: index)) }
        entry = PageTableEntry(rawValue: old.rawValue & ~PageTableEntry.writableBit)
      }
      MappedPage.share(entry)
      table[index] = entry.inherited(keepsDirty: sharing == .copyOnWrite)
      count += 1
    }
  }

  // MARK: Moving

  /// Moves every page of `range` to the range of the same length that begins at `target`, where no page may be.
  ///
  /// The old translations are gone when it returns. Large pages, and whole tables, move as they are when both addresses have
  /// the same offset in 2 MiB; otherwise large pages are split.
  ///
  /// - Throws: `ENOMEM` when a table cannot be had and `EEXIST` when a page is mapped at the target; no page has moved.
  ///   `EINVAL` also when the ranges overlap.
  public mutating func move(_ range: Range<UInt64>, to target: UInt64, flush: inout TLBFlush) throws(Errno) {
    let byteCount = range.upperBound - range.lowerBound
    try Self.check(range)
    guard target & (Self.pageSize - 1) == 0, UserSpace.contains(target, byteCount: byteCount) else { throw .EINVAL }
    let targetRange = target..<target + byteCount
    guard !targetRange.overlaps(range) else { throw .EINVAL }
    guard isEmpty(targetRange) else { throw .EEXIST }

    let move = Move(offset: target &- range.lowerBound)
    try splitEdges(of: range, flush: &flush)
    if !move.keepsTables { try splitAll(range, flush: &flush) }
    flush.begin(context)
    try makeTables(for: range, move, flush: &flush)
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      if move.isWhole(group) { moveTable(group, move, flush: &flush) } else { moveEntries(group, move, flush: &flush) }
    }
    // A later unmapping at the target frees the frames and knows nothing of these translations.
    flush.complete()
  }

  private struct Move {
    /// From the old address to the new one, by wrapping addition.
    let offset: UInt64
    /// Whether tables and large pages can move as they are.
    var keepsTables: Bool { offset & (UserPageTable.hugePageSize - 1) == 0 }
    func isWhole(_ group: LeafCursor.Group) -> Bool { group.level == 1 || keepsTables && group.isWholeTable }
  }

  private mutating func splitAll(_ range: Range<UInt64>, flush: inout TLBFlush) throws(Errno) {
    var cursor = LeafCursor(self, range)
    while let group = cursor.next() {
      if group.level == 1 { try split(at: group.address, flush: &flush) }
    }
  }

  /// Makes every table that the pages of `range` need where they go.
  private mutating func makeTables(
    for range: Range<UInt64>, _ move: Move, flush: inout TLBFlush
  ) throws(Errno) {
    do throws(Errno) {
      var cursor = LeafCursor(self, range)
      while let group = cursor.next() {
        if move.isWhole(group) {
          _ = try makeTable(for: group.address &+ move.offset, level: 1)
        } else {
          try makeLowestTables(for: group, move)
        }
      }
    } catch {
      releaseEmptyTables(in: range.lowerBound &+ move.offset..<range.upperBound &+ move.offset, flush: &flush)
      throw error
    }
  }

  private mutating func makeLowestTables(for group: LeafCursor.Group, _ move: Move) throws(Errno) {
    var made: UInt64?
    for index in group.entries where !group.table[index].isEmpty {
      let target = group.address(of: index) &+ move.offset
      if let made, (made ^ target) < Self.hugePageSize { continue }
      _ = try makeTable(for: target, level: 0)
      made = target & ~(Self.hugePageSize - 1)
    }
  }

  private mutating func releaseEmptyTables(in range: Range<UInt64>, flush: inout TLBFlush) {
    var address = range.lowerBound
    while address < range.upperBound {
      releaseEmptyTables(at: address, flush: &flush)
      address = (address | (Self.hugePageSize - 1)) &+ 1
    }
  }

  private mutating func moveTable(_ group: LeafCursor.Group, _ move: Move, flush: inout TLBFlush) {
    let target = group.address &+ move.offset
    // `makeTables` has made it.
    guard let table = try? makeTable(for: target, level: 1) else { return }
    let entry = group.directory.exchange(group.directoryIndex, .empty)
    table[TablePage.index(of: target, level: 1)] = entry
    table.count += 1
    group.directory.count -= 1
    if group.level == 1 { flush.add(page: group.address) } else { flush.addEverything() }
    if group.directory.count == 0 { releaseEmptyTables(at: group.address, flush: &flush) }
  }

  private mutating func moveEntries(_ group: LeafCursor.Group, _ move: Move, flush: inout TLBFlush) {
    for index in group.entries where !group.table[index].isEmpty {
      let address = group.address(of: index)
      let target = address &+ move.offset
      guard let table = try? makeTable(for: target, level: 0) else { return }
      let entry = group.table.exchange(index, .empty)
      table[TablePage.index(of: target, level: 0)] = entry
      table.count += 1
      group.table.count -= 1
      flush.add(page: address)
    }
    if group.table.count == 0 { releaseEmptyTables(at: group.address, flush: &flush) }
  }
}
