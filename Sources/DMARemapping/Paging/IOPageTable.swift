import Foundations
import Machine

/// The page table of a domain, in which every address means itself.
///
/// A page may be mapped several times, and stays mapped until that many times were taken back. A table without entries is let go of, when the unit has forgotten it; so there are never more tables than mapped pages, times the
/// levels. The lock is held for one table of pages at a time.
final class IOPageTable {
  /// How much a unit must forget.
  enum Extent {
    /// Entries that named pages.
    case pages
    /// Entries that named tables too.
    case tables
  }

  private struct State: ~Copyable {
    let root: IOTable
    /// Tables that the unit may still use, as it has not confirmed anything else.
    var lost: IOTable?
  }

  let format: IOPageTableFormat
  /// Where the unit finds the topmost table.
  let address: UInt64
  private let state: SpinLock<State>

  /// Makes a table that maps nothing.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: any without locks, not in contained work.
  init(_ format: IOPageTableFormat) throws(Errno) {
    let root = try IOTable(level: format.levelCount, isCoherent: format.isCoherent)
    self.format = format
    address = root.address
    state = SpinLock(State(root: root, lost: nil))
  }

  deinit { Self.drop(state.withLock { $0.lost.take() }) }

  /// Maps `pages`, page numbers.
  ///
  /// - Throws: `EINVAL` for pages out of reach, `ENOMEM`; nothing of `pages` is mapped then, and nothing was used by then that the unit
  ///   would have to forget.
  func map(_ pages: Range<UInt64>) throws(Errno) {
    guard pages.upperBound <= format.pageLimit else { throw .EINVAL }
    var page = pages.lowerBound
    var spare: IOTable?
    while page < pages.upperBound {
      let missing = state.withLock { state in
        Self.fill(state.root, &page, pages.upperBound, &spare, format)
      }
      guard let missing else { continue }
      do throws(Errno) { spare = try IOTable(level: missing, isCoherent: format.isCoherent) } catch {
        clear(pages.lowerBound..<page)
        throw error
      }
    }
  }

  /// Maps pages from `page` on as far as one table of pages goes.
  ///
  /// - Returns: the level of a table that is missing for that, and that was not given as `spare`.
  private static func fill(
    _ root: IOTable, _ page: inout UInt64, _ end: UInt64, _ spare: inout IOTable?, _ format: IOPageTableFormat
  ) -> Int? {
    var table = root
    while table.level > 1 {
      let index = table.index(of: page)
      if let child = table.child(index) {
        table = child
        continue
      }
      guard let new = spare.take(), new.level == table.level - 1 else { return table.level - 1 }
      table.set(format.tableEntry(new.address, level: new.level), at: index, child: new)
      table.publish(at: index, count: 1)
      table = new
    }
    let first = table.index(of: page)
    var index = first
    while index < IOTable.entryCount, page < end {
      table.addMapping(format.pageEntry(page << 12), at: index)
      index += 1
      page += 1
    }
    table.publish(at: first, count: index - first)
    return nil
  }

  /// Takes pages back that were mapped a moment ago, of which nobody was told.
  private func clear(_ pages: Range<UInt64>) { _ = unmap(pages) { _, _ in true } }

  /// Unmaps `pages`, and has `forget` make the unit forget them.
  ///
  /// - Returns: whether `forget` always said that it has.
  func unmap(_ pages: Range<UInt64>, _ forget: (Range<UInt64>, Extent) -> Bool) -> Bool {
    let end = min(pages.upperBound, format.pageLimit)
    var page = pages.lowerBound
    var isForgotten = true
    var isPending = false
    while page < end {
      let start = page
      let unlinked = state.withLock { state -> IOTable? in
        guard let unlinked = Self.empty(state.root, &page, end, &isPending) else { return nil }
        // With the lock held: what is mapped there next uses a new table, and the unit must not find it missing in the old one.
        if forget(start..<page, .tables) { return unlinked }
        isForgotten = false
        Self.append(unlinked, to: &state.lost)
        return nil
      }
      Self.drop(unlinked)
    }
    if isPending, !forget(pages.lowerBound..<end, .pages) { isForgotten = false }
    return isForgotten
  }

  /// Clears entries from `page` on as far as one table of pages goes, and unlinks the tables that have none left.
  ///
  /// - Parameter isPending: set when entries were cleared in a table that stays.
  /// - Returns: the list of the unlinked.
  private static func empty(
    _ root: IOTable, _ page: inout UInt64, _ end: UInt64, _ isPending: inout Bool
  ) -> IOTable? {
    var path = InlineArray<6, IOTable?>(repeating: nil)
    var table = root
    let start = page
    while table.level > 1 {
      path[table.level - 1] = table
      guard let child = table.child(table.index(of: page)) else {
        // Nothing is mapped up to the end of what the missing table would say.
        let span: UInt64 = 1 << UInt64(9 * (table.level - 1))
        page = min(end, (page | (span - 1)) + 1)
        return nil
      }
      table = child
    }
    let first = table.index(of: page)
    var index = first
    var isChanged = false
    while index < IOTable.entryCount, page < end {
      if table.removeMapping(at: index) { isChanged = true }
      index += 1
      page += 1
    }
    table.publish(at: first, count: index - first)
    var unlinked: IOTable?
    while table.used == 0, table.level < root.level, let parent = path[table.level] {
      let index = parent.index(of: start)
      parent.set(0, at: index)
      parent.publish(at: index, count: 1)
      table.next = unlinked
      unlinked = table
      table = parent
    }
    if unlinked == nil, isChanged { isPending = true }
    return unlinked
  }

  private static func append(_ list: IOTable, to lost: inout IOTable?) {
    var last = list
    while let next = last.next { last = next }
    last.next = lost
    lost = list
  }

  /// Lets go of a list one by one, not each from inside of the one before.
  private static func drop(_ list: consuming IOTable?) {
    var rest = list
    while let table = rest {
      rest = table.next
      table.next = nil
    }
  }
}
