import Foundations
import PageFrames

/// A program's page table: which frame each page of it is, and what the program may do there.
///
/// Only `UserFrame`s can be mapped, which are untyped memory, and only in `UserSpace`: no call, whatever its arguments, lets a
/// program reach a kernel object or replaces a mapping of the kernel. An entry holds a reference to its frame. The kernel's own
/// entries are part of every table.
///
/// Everything that takes permissions or frames away takes a `TLBFlush` that collects what TLBs may still have; finish it
/// before anybody relies on the change. Pages are 4 KiB or 2 MiB; a change to part of a large one splits it. Tables exist only
/// while they have entries. Every address is a multiple of the page size, or the call throws `EINVAL`.
///
/// - Context: the caller holds the lock of the address space; the CPU marks entries as accessed and dirty at any time.
///
/// Source: Intel SDM vol. 3A, 4.5.
public struct UserPageTable: ~Copyable {
  /// Bytes of an ordinary page.
  public static let pageSize: UInt64 = 4096
  /// Bytes of a large page.
  public static let hugePageSize: UInt64 = 2 << 20

  let context: TranslationContext
  let mode: PagingMode
  /// What shifts an address so that the number of the root's entry is lowest.
  let rootShift: UInt64
  /// How many frames of 4 KiB are mapped, whether accessible or not; a large page counts 512.
  public internal(set) var residentPageCount = 0
  /// How many frames the tables themselves take.
  public internal(set) var tablePageCount: Int

  /// Creates a table in which no page of the program is mapped.
  ///
  /// - Throws: `ENOMEM`.
  public init() throws(Errno) {
    let mode = PagingMode.current
    let root = TablePage(try PageTableFrames.takeZeroed())
    var low: TablePage?
    do throws(Errno) {
      if mode == .fiveLevel { low = TablePage(try PageTableFrames.takeZeroed()) }
      context = try TranslationContext(root: root.frame)
    } catch {
      if let low { PageTableFrames.release(low.frame) }
      PageTableFrames.release(root.frame)
      throw error
    }
    self.mode = mode
    rootShift = TablePage.shift(level: mode.rootLevel)
    KernelRoot.copyEntries(to: root, low: low)
    // These two are never empty, so one entry more than the program's own keeps them from being freed.
    root.count = 1
    if let low {
      low.count = 1
      root[0] = PageTableEntry(table: low.frame)
    }
    tablePageCount = low == nil ? 1 : 2
  }

  deinit {
    CurrentAddressSpace.leaveEverywhere(context)
    releaseEntries()
  }

  /// Frees everything below the root, which goes with the last reference to the context.
  private func releaseEntries() {
    let root = TablePage(context.root)
    guard mode == .fiveLevel else { return Self.releaseEntries(of: root, level: 3) }
    let low = TablePage(behind: root[0])
    Self.releaseEntries(of: low, level: 3)
    PageTableFrames.release(low.frame)
    root[0] = .empty
    Self.releaseEntries(of: root, level: 4)
  }

  /// Frees what a table has below it that shares its slots with the kernel.
  private static func releaseEntries(of table: TablePage, level: Int) {
    // One was counted that is not there.
    var left = table.count - 1
    var slot = 0
    while left > 0 {
      let isKernel = level == 3 && KernelRoot.windowSlots.contains(slot)
      let entry = isKernel ? .empty : table[slot]
      slot += 1
      guard !entry.isEmpty else { continue }
      left -= 1
      MappedPage.releaseTable(TablePage(behind: entry), level: level - 1)
    }
  }

  // MARK: Single pages

  /// Maps `frame` at `address`.
  ///
  /// The page counts as accessed, and as dirty if it may be written.
  ///
  /// - Throws: `ENOMEM` when there is no memory for a table, `EEXIST` when a page is there, `EINVAL` when no program's page
  ///   can be; the frame's reference is dropped.
  @inline(__always)
  public mutating func map(_ frame: consuming UserFrame, at address: UInt64, _ access: PageAccess) throws(Errno) {
    try Self.check(address, pageSize: Self.pageSize)
    let table = try makeTable(for: address, level: 0)
    let index = TablePage.index(of: address, level: 0)
    guard table[index].isEmpty else { throw .EEXIST }
    MappedPage.countMapping(of: frame.number)
    table[index] = PageTableEntry(page: frame.relinquish(), access, isHuge: false)
    table.count &+= 1
    residentPageCount &+= 1
  }

  /// Maps the 512 frames of `frames` as one page at `address`, a multiple of 2 MiB.
  ///
  /// - Throws: as `map` does; `EEXIST` when any page is mapped in the 2 MiB.
  public mutating func mapHuge(
    _ frames: consuming HugeFrame, at address: UInt64, _ access: PageAccess
  ) throws(Errno) {
    try Self.check(address, pageSize: Self.hugePageSize)
    let table = try makeTable(for: address, level: 1)
    let index = TablePage.index(of: address, level: 1)
    guard table[index].isEmpty else { throw .EEXIST }
    let first = frames.relinquish()
    for offset in 0..<HugeFrame.frameCount { MappedPage.countMapping(of: first + offset) }
    table[index] = PageTableEntry(page: first, access, isHuge: true)
    table.count &+= 1
    residentPageCount &+= HugeFrame.frameCount
  }

  /// The page that holds `address`, or nil when none is mapped there.
  @inline(__always)
  public borrowing func entry(at address: UInt64) -> PageMapping? {
    guard let (table, index, level) = leaf(at: address) else { return nil }
    let offset = level == 0 ? 0 : TablePage.index(of: address, level: 0)
    return table[index].mapping(frameOffset: offset)
  }

  /// A reference to the frame that holds `address`, or nil when none is mapped there.
  @inline(__always)
  public borrowing func frame(at address: UInt64) -> UserFrame? {
    guard let mapping = entry(at: address) else { return nil }
    UserFrame.addReference(to: mapping.frame)
    return UserFrame(adopting: mapping.frame)
  }

  /// Maps `frame` at `address` in place of the page that is there, if there is one.
  ///
  /// - Throws: `ENOMEM` or `EINVAL` as `map` does; then nothing has changed but that `frame`'s reference is dropped.
  @inline(__always)
  public mutating func replace(
    at address: UInt64, with frame: consuming UserFrame, _ access: PageAccess, flush: inout TLBFlush
  ) throws(Errno) {
    try Self.check(address, pageSize: Self.pageSize)
    guard let (table, index, level) = leaf(at: address), level == 0 else {
      return try replaceUncommon(at: address, with: frame, access, flush: &flush)
    }
    flush.begin(context)
    MappedPage.countMapping(of: frame.number)
    let old = table.exchange(index, PageTableEntry(page: frame.relinquish(), access, isHuge: false))
    flush.add(page: address)
    flush.take(old)
  }

  @inline(never)
  private mutating func replaceUncommon(
    at address: UInt64, with frame: consuming UserFrame, _ access: PageAccess, flush: inout TLBFlush
  ) throws(Errno) {
    try unmap(address..<address + Self.pageSize, flush: &flush)
    // Where part of a large page was, its split has left the table; so only where nothing was can this fail.
    try map(frame, at: address, access)
  }

  /// Clears the mark that the page at `address` was used and returns whether it was set; false where no page is.
  ///
  /// TLBs are not told: a page that is used all the time may look unused once, which only costs a fault later.
  public borrowing func takeAccessed(at address: UInt64) -> Bool {
    guard let (table, index, _) = leaf(at: address), table[index].isAccessed else { return false }
    return table.clear(index, bits: PageTableEntry.accessedBit).isAccessed
  }

  /// Clears the mark that the page at `address` was written and returns whether it was set; false where no page is.
  ///
  /// Writes after `flush` is finished set it again.
  public borrowing func takeDirty(at address: UInt64, flush: inout TLBFlush) -> Bool {
    guard let (table, index, level) = leaf(at: address), table[index].isDirty else { return false }
    flush.begin(context)
    let wasDirty = table.clear(index, bits: PageTableEntry.dirtyBit).isDirty
    flush.add(page: address & ~(TablePage.coverage(level: level) - 1))
    return wasDirty
  }

  // MARK: Checks

  @inline(__always)
  static func check(_ address: UInt64, pageSize: UInt64) throws(Errno) {
    guard address & (pageSize - 1) == 0, UserSpace.contains(address, byteCount: pageSize) else { throw .EINVAL }
  }

  /// A range may span the window, in which no page of a program can be.
  @inline(__always)
  static func check(_ range: Range<UInt64>) throws(Errno) {
    guard (range.lowerBound | range.upperBound) & (pageSize - 1) == 0, range.upperBound <= UserSpace.end else {
      throw .EINVAL
    }
  }
}
