import Foundations
import Machine
import PageCache
import Synchronization
import VFS
import Waiting

import struct LinuxABI.SealFlags

/// An ordinary file, whose pages are in the page cache and nowhere else.
final class RAMFile: RAMInode {
  private let provider: RAMPages
  /// Made with the first use, for many files stay empty.
  private let file = SpinLock<CachedFile?>(nil)

  /// What was forbidden for ever. Changes under `lock`.
  private let sealBits: Atomic<UInt32>

  init(
    _ owner: RAMFileSystem, _ number: UInt64, _ new: NewFile, linkCount: UInt32, seals: SealFlags = .F_SEAL_SEAL
  ) {
    provider = RAMPages(owner)
    sealBits = Atomic(UInt32(truncatingIfNeeded: seals.rawValue))
    super.init(owner, number, new, linkCount: linkCount)
  }

  deinit {
    let pages = file.withLock { $0.take() }
    provider.setPageCount(0)
    // Nobody has the file any more: nothing is mapped, read or written.
    if let pages { try? pages.close() }
    provider.recount(0)
  }

  override func pages() throws(Errno) -> CachedFile {
    if let pages = file.withLock({ $0 }) { return pages }
    let new = try owner.cache.makeFile(provider)
    let (pages, isNew) = file.withLock { file in
      if let old = file { return (old, false) }
      file = new
      return (new, true)
    }
    // Somebody was faster.
    if !isNew { try? new.close() }
    return pages
  }

  override func currentAttributes() throws(Errno) -> FileAttributes {
    var result = try super.currentAttributes()
    let pages = file.withLock { $0 }
    result.blockCount = UInt64(pages?.residentCount ?? 0) * 8
    return result
  }

  // MARK: Seals

  private var ownSeals: SealFlags { SealFlags(rawValue: UInt64(sealBits.load(ordering: .relaxed))) }

  override var seals: SealFlags? { ownSeals }

  /// Refuses what a seal forbids.
  ///
  /// - Throws: `EPERM`.
  private func checkSeals(_ forbidden: SealFlags) throws(Errno) {
    guard ownSeals.isDisjoint(with: forbidden) else { throw .EPERM }
  }

  private static var writing: SealFlags { [.F_SEAL_WRITE, .F_SEAL_FUTURE_WRITE] }

  override func addSeals(_ new: SealFlags) throws(Errno) {
    lock.lock()
    defer { lock.unlock() }
    try checkSeals(.F_SEAL_SEAL)
    if new.contains(.F_SEAL_WRITE), !ownSeals.contains(.F_SEAL_WRITE), let pages = file.withLock({ $0 }),
      pages.hasWritableMapping
    {
      throw .EBUSY
    }
    var added = new
    // What may be executed for ever is not to change either. Source: Linux mm/memfd.c, memfd_add_seals.
    if new.contains(.F_SEAL_EXEC), attributes.withLock({ $0.permissions & 0o111 != 0 }) {
      added.formUnion([.F_SEAL_SHRINK, .F_SEAL_GROW, .F_SEAL_WRITE, .F_SEAL_FUTURE_WRITE])
    }
    sealBits.bitwiseOr(UInt32(truncatingIfNeeded: added.rawValue), ordering: .relaxed)
  }

  override func apply(_ change: AttributeChange) throws(Errno) {
    if let permissions = change.permissions, ownSeals.contains(.F_SEAL_EXEC),
      (permissions ^ attributes.withLock { $0.permissions }) & 0o111 != 0
    {
      throw .EPERM
    }
    try super.apply(change)
  }

  // MARK: Size

  private static func pageCount(_ size: Int64) -> UInt64 { (UInt64(size) + 4095) >> 12 }

  override func setSize(_ size: Int64) throws(Errno) {
    let old = self.size
    if size == old {
      noteModified()
      return
    }
    try checkSeals(size < old ? .F_SEAL_SHRINK : .F_SEAL_GROW)
    // A page that a program has mapped behind the new end is not to come back, so the end moves first.
    provider.setPageCount(Self.pageCount(size))
    attributes.withLock { $0.size = size }
    if size < old, let pages = file.withLock({ $0 }) {
      try pages.truncate(to: UInt64(size))
      provider.recount(UInt64(pages.residentCount))
    }
    noteModified()
  }

  override func prepareToWrite(_ range: Range<Int64>) throws(Errno) {
    if sealBits.load(ordering: .relaxed) & ~UInt32(SealFlags.F_SEAL_SEAL.rawValue) != 0 {
      try checkSeals(Self.writing)
      if range.upperBound > size { try checkSeals(.F_SEAL_GROW) }
    }
    let end = Self.pageCount(range.upperBound)
    if end > provider.pageCount { provider.setPageCount(end) }
    // A page that is written whole does not come from the provider, which counts the others.
    guard range.count == 4096 else { return }
    let pages = try pages()
    guard !pages.isResident(UInt64(range.lowerBound >> 12)) else { return }
    provider.giveBackMissing(UInt64(pages.residentCount))
    try provider.take(1)
  }

  override func punchHole(_ range: Range<Int64>) throws(Errno) {
    try checkSeals(Self.writing)
    guard let pages = file.withLock({ $0 }) else { return }
    let end = min(range.upperBound, max(size, range.lowerBound))
    let (firstWhole, endWhole) = (Self.pageCount(range.lowerBound), UInt64(range.upperBound >> 12))
    if firstWhole < endWhole {
      try pages.removePages(in: firstWhole..<endWhole)
      provider.recount(UInt64(pages.residentCount))
    }
    clear(range.lowerBound..<min(end, Int64(clamping: firstWhole << 12)), pages)
    let tail = Int64(clamping: endWhole << 12)
    if endWhole >= firstWhole { clear(max(tail, range.lowerBound)..<max(end, tail, range.lowerBound), pages) }
  }

  /// Clears a part of one page, if the page is there.
  private func clear(_ range: Range<Int64>, _ pages: CachedFile) {
    guard !range.isEmpty, let frame = pages.residentPage(UInt64(range.lowerBound >> 12)) else { return }
    let start = Int(range.lowerBound & 4095)
    frame.zeroFill(start..<min(4096, start + range.count))
  }

  override func reserve(_ range: Range<Int64>, unless isKilled: () -> Bool) throws(Errno) {
    guard !range.isEmpty else { return }
    if range.upperBound > size { try checkSeals(.F_SEAL_GROW) }
    let wanted = UInt64(range.lowerBound >> 12)..<Self.pageCount(range.upperBound)
    // Without a limit that may be more than there are numbers for: what is taken and what is there are not counted at once.
    let (room, isUnlimited) = owner.freePages.addingReportingOverflow(UInt64(try pages().residentCount))
    guard isUnlimited || UInt64(wanted.count) <= room else { throw .ENOSPC }
    let oldCount = provider.pageCount
    if wanted.upperBound > oldCount { provider.setPageCount(wanted.upperBound) }
    let pages = try pages()
    var page = wanted.lowerBound
    do throws(Errno) {
      while page < wanted.upperBound {
        if page & 63 == 0, isKilled() { throw .EINTR }
        _ = try pages.page(page)
        page += 1
      }
    } catch {
      provider.setPageCount(oldCount)
      try pages.removePages(in: max(oldCount, wanted.lowerBound)..<UInt64.max)
      provider.recount(UInt64(pages.residentCount))
      throw error == .ENOMEM ? .ENOSPC : error
    }
  }
}

/// Where the pages of a file come from: nowhere, so they are zeros, and counted.
final class RAMPages: PageProvider {
  private let owner: RAMFileSystem
  private let count = Atomic<UInt64>(0)
  /// Pages that were taken from the file system. Set right when pages go.
  private let taken = Atomic<UInt64>(0)

  init(_ owner: RAMFileSystem) { self.owner = owner }

  override var pageCount: UInt64 { count.load(ordering: .acquiring) }

  override var isBacked: Bool { false }

  func setPageCount(_ new: UInt64) { count.store(new, ordering: .releasing) }

  override func read(page: UInt64, into frame: borrowing UserFrame) throws(Errno) {
    try take(1)
    frame.clear()
  }

  func take(_ pages: UInt64) throws(Errno) {
    try owner.takePages(pages)
    taken.wrappingAdd(pages, ordering: .relaxed)
  }

  /// Gives back what was taken for pages that could not be filled then.
  func giveBackMissing(_ residentCount: UInt64) {
    if taken.load(ordering: .relaxed) > residentCount { recount(residentCount) }
  }

  /// Notes that there are `residentCount` pages now, and gives back what was taken for others.
  func recount(_ residentCount: UInt64) {
    let old = taken.exchange(residentCount, ordering: .relaxed)
    owner.givePages(old &- residentCount)
  }
}
