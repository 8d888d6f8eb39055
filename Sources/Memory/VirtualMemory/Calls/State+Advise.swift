import Foundations
import Machine

/// The advice of madvise(2), by its numbers in Linux's ABI.
public enum Advice: Int32, Sendable {
  /// `MADV_NORMAL`.
  case normal = 0
  /// `MADV_RANDOM`.
  case random = 1
  /// `MADV_SEQUENTIAL`.
  case sequential = 2
  /// `MADV_WILLNEED`.
  case willNeed = 3
  /// `MADV_DONTNEED`.
  case dontNeed = 4
  /// `MADV_FREE`.
  case free = 8
  /// `MADV_REMOVE`.
  case remove = 9
  /// `MADV_DONTFORK`.
  case dontFork = 10
  /// `MADV_DOFORK`.
  case doFork = 11
  /// `MADV_HUGEPAGE`.
  case hugePage = 14
  /// `MADV_NOHUGEPAGE`.
  case noHugePage = 15
  /// `MADV_DONTDUMP`.
  case dontDump = 16
  /// `MADV_DODUMP`.
  case doDump = 17
  /// `MADV_WIPEONFORK`.
  case wipeOnFork = 18
  /// `MADV_KEEPONFORK`.
  case keepOnFork = 19
  /// `MADV_COLD`.
  case cold = 20
  /// `MADV_PAGEOUT`.
  case pageOut = 21
  /// `MADV_POPULATE_READ`.
  case populateRead = 22
  /// `MADV_POPULATE_WRITE`.
  case populateWrite = 23
  /// `MADV_DONTNEED_LOCKED`.
  case dontNeedLocked = 24

  /// Whether it is kept in the areas' flags, so that areas may have to be cut.
  var changesAreas: Bool {
    switch self {
    case .normal, .random, .sequential, .dontFork, .doFork, .hugePage, .noHugePage, .dontDump, .doDump, .wipeOnFork,
      .keepOnFork:
      true
    case .willNeed, .dontNeed, .free, .remove, .cold, .pageOut, .populateRead, .populateWrite, .dontNeedLocked: false
    }
  }
}

/// madvise(2), but for what populates pages or reaches into objects, which is done without the lock.
extension AddressSpaceState {
  /// Follows `advice` for the areas in `range`.
  ///
  /// - Throws: as madvise(2); `ENOMEM` for a hole after all that could be done was done.
  mutating func advise(_ range: Range<UInt64>, _ advice: Advice, flush: inout TLBFlush) throws(Errno) {
    try reserve(advice.changesAreas ? areas.cutCount(range) : 0, limit: limits.areaCount)
    var hasHole = false
    var address = range.lowerBound
    defer { join(around: range) }
    while address < range.upperBound {
      guard let area = areas.firstArea(endingAfter: address), area.start < range.upperBound else {
        hasHole = true
        break
      }
      if area.start > address { hasHole = true }
      let part = max(area.start, address)..<min(area.end, range.upperBound)
      try advise(part, of: area, advice, flush: &flush)
      address = part.upperBound
    }
    if hasHole { throw .ENOMEM }
  }

  private mutating func advise(
    _ part: Range<UInt64>, of area: Area, _ advice: Advice, flush: inout TLBFlush
  ) throws(Errno) {
    switch advice {
    case .normal: change(part, insert: [], remove: [.sequential, .random])
    case .random: change(part, insert: .random, remove: .sequential)
    case .sequential: change(part, insert: .sequential, remove: .random)
    case .dontFork: change(part, insert: .dontFork, remove: [])
    case .doFork: change(part, insert: [], remove: .dontFork)
    case .hugePage: change(part, insert: .huge, remove: .noHuge)
    case .noHugePage: change(part, insert: .noHuge, remove: .huge)
    case .dontDump: change(part, insert: .dontDump, remove: [])
    case .doDump: change(part, insert: [], remove: .dontDump)
    case .keepOnFork: change(part, insert: [], remove: .wipeOnFork)
    case .wipeOnFork:
      guard area.isAnonymous else { throw .EINVAL }
      change(part, insert: .wipeOnFork, remove: [])
    case .dontNeed:
      guard !area.flags.contains(.locked) else { throw .EINVAL }
      try unmapPages(part, flush: &flush)
    case .dontNeedLocked: try unmapPages(part, flush: &flush)
    case .free:
      // The pages may be taken at any time; taking them now is one of the times.
      guard area.isAnonymous, !area.flags.contains(.locked) else { throw .EINVAL }
      try unmapPages(part, flush: &flush)
    case .cold, .pageOut:
      guard !area.flags.contains(.locked) else { throw .EINVAL }
      forgetUse(of: part)
    case .willNeed, .remove, .populateRead, .populateWrite: break
    }
  }

  /// Makes the pages of `range` look unused, so that reclaim takes them first.
  private borrowing func forgetUse(of range: Range<UInt64>) {
    // Walks what is mapped, so an empty range costs nothing, however large.
    try? table.visit(range) { (address, page) throws(Errno) in
      if page.isAccessed { _ = table.takeAccessed(at: address) }
    }
  }

  private mutating func change(_ part: Range<UInt64>, insert: AreaFlags, remove: AreaFlags) {
    cut(part)
    updateAreas(in: part) { area in
      area.flags.subtract(remove)
      area.flags.formUnion(insert)
    }
  }
}
