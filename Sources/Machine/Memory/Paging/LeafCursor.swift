import PageFrames

/// Walks the pages of a range in a page table: first to last, one lowest table at a time.
///
/// It keeps no table but the root, so the table may change between two steps.
struct LeafCursor {
  /// The entries of one table that belong to a range.
  struct Group {
    /// The address that the first entry translates.
    let address: UInt64
    let table: TablePage
    /// 0 for a table of ordinary pages; 1 for one large page, the only entry of the group.
    let level: Int
    let entries: Range<Int>
    /// The table that `table` is an entry of, for groups of level 0.
    let directory: TablePage
    let directoryIndex: Int

    /// Whether the group is a whole table of ordinary pages.
    var isWholeTable: Bool { level == 0 && entries.count == TablePage.entryCount }

    /// The address of entry number `index` of the table.
    @inline(__always)
    func address(of index: Int) -> UInt64 {
      address &+ UInt64(truncatingIfNeeded: index &- entries.lowerBound) &* UserPageTable.pageSize
    }
  }

  private let root: FrameNumber
  private let rootShift: UInt64
  private var address: UInt64
  private let end: UInt64

  /// Begins a walk of every page that `range` touches in the programs' part of the address space.
  init(_ table: borrowing UserPageTable, _ range: Range<UInt64>) {
    let mask = UserPageTable.pageSize - 1
    root = table.context.root
    rootShift = table.rootShift
    address = range.lowerBound & ~mask
    end = (min(range.upperBound, UserSpace.end) + mask) & ~mask
  }

  /// The next table that the range reaches into, with at least one entry looked at; nil after the last.
  mutating func next() -> Group? {
    while address < end {
      // The window's tables are the kernel's.
      if UserSpace.kernelWindow.contains(address) {
        address = UserSpace.kernelWindow.upperBound
        continue
      }
      if let group = descend() { return group }
    }
    return nil
  }

  /// The group at `address`, or nil when nothing is mapped there; goes past it in either case.
  @inline(__always)
  private mutating func descend() -> Group? {
    let start = address
    var table = TablePage(root)
    var shift = rootShift
    var index = TablePage.index(of: start, shift: shift)
    var entry = table[index]
    while shift > TablePage.shift(level: 1) && !entry.isEmpty {
      table = TablePage(behind: entry)
      shift &-= 9
      index = TablePage.index(of: start, shift: shift)
      entry = table[index]
    }
    // User space ends below 2^56, so this cannot overflow.
    let coverage: UInt64 = 1 &<< shift
    let next = (start & ~(coverage &- 1)) &+ coverage
    address = next
    if entry.isEmpty { return nil }
    if entry.isHuge {
      return Group(
        address: next &- coverage, table: table, level: 1, entries: index..<index + 1, directory: table,
        directoryIndex: index)
    }
    let first = TablePage.index(of: start, level: 0)
    let count = Int(truncatingIfNeeded: (min(end, next) &- start) / UserPageTable.pageSize)
    return Group(
      address: start, table: TablePage(behind: entry), level: 0, entries: first..<first + count, directory: table,
      directoryIndex: index)
  }
}
