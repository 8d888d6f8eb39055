import Foundations
import PageFrames

/// Finding, making and freeing the tables themselves.
extension UserPageTable {
  /// The shift of the tables of level 1, which lead to the lowest tables or to large pages; in those above every entry that is
  /// not empty leads to a table.
  private static var directoryShift: UInt64 { TablePage.shift(level: 1) }

  /// The table of level 1 for `address`, or nil where there is none.
  @inline(__always)
  borrowing func directory(for address: UInt64) -> TablePage? {
    var table = TablePage(context.root)
    var shift = rootShift
    repeat {
      let entry = table[TablePage.index(of: address, shift: shift)]
      if entry.isEmpty { return nil }
      table = TablePage(behind: entry)
      shift &-= 9
    } while shift > Self.directoryShift
    return table
  }

  /// The entry of the page that holds `address` and the level of its table, or nil when no page is mapped there.
  @inline(__always)
  borrowing func leaf(at address: UInt64) -> (table: TablePage, index: Int, level: Int)? {
    guard UserSpace.contains(address), let directory = directory(for: address) else { return nil }
    let index = TablePage.index(of: address, level: 1)
    let entry = directory[index]
    if entry.isHuge { return (directory, index, 1) }
    guard !entry.isEmpty else { return nil }
    let table = TablePage(behind: entry)
    let lowest = TablePage.index(of: address, level: 0)
    return table[lowest].isEmpty ? nil : (table, lowest, 0)
  }

  /// The table of `level`, 0 or 1, for `address`, made with all above it where there is none.
  ///
  /// - Throws: `ENOMEM`; no table is left behind. `EEXIST` when a large page takes the table's place.
  /// - Precondition: `address` belongs to programs.
  @inline(__always)
  mutating func makeTable(for address: UInt64, level: Int) throws(Errno) -> TablePage {
    guard let directory = directory(for: address) else { return try makeTables(for: address, to: level) }
    guard level == 0 else { return directory }
    let entry = directory[TablePage.index(of: address, level: 1)]
    if entry.isEmpty { return try makeTables(for: address, to: level) }
    guard !entry.isHuge else { throw .EEXIST }
    return TablePage(behind: entry)
  }

  @inline(never)
  private mutating func makeTables(for address: UInt64, to level: Int) throws(Errno) -> TablePage {
    var table = TablePage(context.root)
    for upper in stride(from: mode.rootLevel, to: level, by: -1) {
      let index = TablePage.index(of: address, level: upper)
      if table[index].isEmpty {
        let next: FrameNumber
        do throws(Errno) {
          next = try PageTableFrames.takeZeroed()
        } catch {
          // What was made for this call is empty and was never used by a CPU but to find nothing.
          var flush = TLBFlush()
          releaseEmptyTables(at: address, flush: &flush)
          throw error
        }
        table[index] = PageTableEntry(table: next)
        table.count += 1
        tablePageCount += 1
      }
      table = TablePage(behind: table[index])
    }
    return table
  }

  /// Takes the tables for `address` that have no entry out, from the lowest up.
  @inline(never)
  mutating func releaseEmptyTables(at address: UInt64, flush: inout TLBFlush) {
    var path = InlineArray<5, FrameNumber>(repeating: .none)
    var level = mode.rootLevel
    path[level] = context.root
    while level > 0 {
      let entry = TablePage(path[level])[TablePage.index(of: address, level: level)]
      guard !entry.isEmpty, !entry.isHuge else { break }
      level -= 1
      path[level] = TablePage(behind: entry).frame
    }
    while level < mode.rootLevel, TablePage(path[level]).count == 0 {
      let parent = TablePage(path[level + 1])
      _ = parent.exchange(TablePage.index(of: address, level: level + 1), .empty)
      parent.count -= 1
      tablePageCount -= 1
      flush.begin(context)
      flush.take(TablePage(path[level]))
      level += 1
    }
  }

  // MARK: Splitting large pages

  /// Splits the large pages that the ends of `range` cut, so that what follows is about whole pages and cannot fail.
  ///
  /// - Throws: `ENOMEM`; no mapping has changed.
  @inline(__always)
  mutating func splitEdges(of range: Range<UInt64>, flush: inout TLBFlush) throws(Errno) {
    guard !range.isEmpty else { return }
    let mask = Self.hugePageSize - 1
    let cutsLower = range.lowerBound & mask != 0
    // Where both ends are in one large page it is split once.
    let isInOne = cutsLower && (range.lowerBound ^ (range.upperBound &- 1)) <= mask
    if cutsLower, isHuge(at: range.lowerBound) { try split(at: range.lowerBound, flush: &flush) }
    if range.upperBound & mask != 0, !isInOne, isHuge(at: range.upperBound) {
      try split(at: range.upperBound, flush: &flush)
    }
  }

  @inline(__always)
  private borrowing func isHuge(at address: UInt64) -> Bool {
    guard UserSpace.contains(address), let directory = directory(for: address) else { return false }
    return directory[TablePage.index(of: address, level: 1)].isHuge
  }

  /// Makes 512 ordinary pages of the large page that holds `address`, if one does.
  ///
  /// - Throws: `ENOMEM`; nothing has changed.
  mutating func split(at address: UInt64, flush: inout TLBFlush) throws(Errno) {
    guard let (directory, index, level) = leaf(at: address), level == 1 else { return }
    let table = TablePage(try PageTableFrames.takeZeroed())
    // In between nothing is mapped and no TLB has anything: some CPUs take a machine check when they find an instruction in
    // pages of two sizes (CVE-2018-12207). A program that comes along meanwhile faults and finds the page when it tries again.
    let huge = directory.exchange(index, .empty)
    if huge.isPresent {
      flush.begin(context)
      flush.add(page: address & ~(Self.hugePageSize - 1))
      flush.complete()
    }
    for small in 0..<TablePage.entryCount { table[small] = huge.smallPage(small) }
    table.count = TablePage.entryCount
    tablePageCount += 1
    directory[index] = PageTableEntry(table: table.frame)
  }
}
