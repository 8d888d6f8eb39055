import Foundations
import PageFrames

/// Translations that must leave all TLBs, and the memory that must not be used again before they have.
///
/// Changes to a `UserPageTable` collect here what they took away: pages, their frames, and tables that became empty. `finish`
/// tells the CPUs and then gives the memory up. One flush may serve several changes, and more than one page table; dropping
/// it finishes it. Source: Intel SDM vol. 3A, 4.10.4.
public struct TLBFlush: ~Copyable {
  private static let capacity = 8

  private var context: TranslationContext?
  /// The context's number, or 0.
  private var identifier: UInt64 = 0
  private var pages = PageRanges()
  /// Entries that were unmapped, until there are too many; then they go to a frame on `tables`.
  private var entries = InlineArray<8, UInt64>(repeating: 0)
  private var entryCount = 0
  /// Page tables that were taken out whole, with what is in them, and frames of unmapped entries.
  private var tables = FrameList()
  private var spill = FrameNumber.none

  /// Creates a flush of nothing.
  @inline(__always)
  public init() {
    context = nil
  }

  @inline(__always)
  deinit {
    // A deinitializer cannot change what it destroys.
    Self.invalidate(context, pages)
    Self.release(entries, count: entryCount, tables)
  }

  /// Drops the translations on every CPU that may have them, and then the frames and tables that nobody can reach any more.
  ///
  /// - Context: may be called with or without the lock of the address space.
  @inline(__always)
  public consuming func finish() {}

  /// Does what `finish` does, and goes on.
  mutating func complete() {
    Self.invalidate(context, pages)
    pages = PageRanges()
    Self.release(entries, count: entryCount, tables)
    entryCount = 0
    tables = FrameList()
    spill = .none
  }

  /// Makes what follows be about the page table of `newContext`.
  @inline(__always)
  mutating func begin(_ newContext: borrowing TranslationContext) {
    guard identifier != newContext.identifier else { return }
    if identifier != 0 { complete() }
    identifier = newContext.identifier
    context = newContext.share()
  }

  /// Adds the page at `address`, whose translation may be in TLBs.
  @inline(__always)
  mutating func add(page address: UInt64) { pages.add(page: address) }

  /// Adds every page of the table.
  mutating func addEverything() { pages.addEverything() }

  /// Takes over an entry that was unmapped, with its reference to the page.
  @inline(__always)
  mutating func take(_ entry: PageTableEntry) {
    if entryCount < Self.capacity {
      entries[entryCount] = entry.rawValue
      entryCount &+= 1
    } else {
      takeToSpill(entry)
    }
  }

  @inline(never)
  private mutating func takeToSpill(_ entry: PageTableEntry) {
    if spill == .none || TablePage(spill).count == TablePage.entryCount {
      guard let frame = FrameAllocator.allocate(.pageTable, .user) else {
        complete()
        return take(entry)
      }
      spill = frame
      TablePage(spill).count = 0
      tables.append(spill, in: FrameTable.descriptors)
    }
    let page = TablePage(spill)
    page[page.count] = entry
    page.count += 1
  }

  /// Takes over a table that was taken out, with every entry that it still has.
  mutating func take(_ table: TablePage) {
    tables.append(table.frame, in: FrameTable.descriptors)
    // Tables may be cached even where no page is.
    if pages.isEmpty { pages.addEverything() }
  }

  @inline(__always)
  private static func invalidate(_ context: borrowing TranslationContext?, _ pages: PageRanges) {
    guard !pages.isEmpty else { return }
    switch context {
    case .some(let context): TLBInvalidation.run(context, pages)
    case .none: break
    }
  }

  @inline(__always)
  private static func release(_ entries: InlineArray<8, UInt64>, count: Int, _ tables: FrameList) {
    for index in 0..<count { MappedPage.release(PageTableEntry(rawValue: entries[index])) }
    if tables.count > 0 { release(tables) }
  }

  @inline(never)
  private static func release(_ tables: FrameList) {
    var tables = tables
    while let table = tables.takeFirst(in: FrameTable.descriptors) {
      MappedPage.releaseTable(TablePage(table), level: 0)
    }
  }
}
