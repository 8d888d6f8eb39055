import Foundations
import Machine
import PageCache
import PageFrames
import Synchronization
import Testing

/// An address space's area that maps a whole file shared, as the rules of `FileMapper` say.
final class FakeMapper: FileMapper {
  /// An entry of a page table.
  private final class Entry {
    let frame: UserFrame
    var isWritable = false
    var isAccessed = false

    init(_ frame: consuming UserFrame) {
      self.frame = frame
      FrameTable.descriptors[self.frame.number].mappings.wrappingAdd(1, ordering: .relaxed)
    }

    deinit { FrameTable.descriptors[frame.number].mappings.wrappingSubtract(1, ordering: .relaxed) }
  }

  private let file: CachedFile
  private var entries: [UInt64: Entry] = [:]
  var isLocked = false
  private(set) var unmapped: [(pages: Range<UInt64>, extent: UnmapExtent)] = []
  private(set) var protected: [Range<UInt64>] = []

  init(_ file: CachedFile) throws {
    self.file = file
    try file.add(self)
  }

  /// Unmaps everything and leaves the file.
  func end() {
    entries = [:]
    file.remove(self)
  }

  var mappedPages: [UInt64] { entries.keys.sorted() }

  func hasWritableMapping(of file: CachedFile) -> Bool { entries.values.contains { $0.isWritable } }

  func isWritable(_ page: UInt64) -> Bool { entries[page]?.isWritable ?? false }

  /// What a program's read of the page gives.
  func load(_ page: UInt64) throws -> UInt64? {
    let entry = try entry(page)
    entry.isAccessed = true
    return entry.frame.stamp
  }

  /// A program's write.
  func store(_ stamp: UInt64, _ page: UInt64) throws {
    let entry = try entry(page)
    entry.isAccessed = true
    if !entry.isWritable {
      entry.isWritable = true
      file.markDirty(page, entry.frame)
    }
    entry.frame.setStamp(stamp)
  }

  private func entry(_ page: UInt64) throws -> Entry {
    if let entry = entries[page] { return entry }
    let entry = Entry(try file.page(page))
    entries[page] = entry
    return entry
  }

  func unmap(_ pages: Range<UInt64>, of file: CachedFile, _ extent: UnmapExtent) {
    #expect(file === self.file)
    unmapped.append((pages, extent))
    entries = entries.filter { !pages.contains($0.key) }
  }

  func takeUse(of page: UInt64, in file: CachedFile) -> MappedUse {
    guard let entry = entries[page] else { return .idle }
    if isLocked { return .locked }
    defer { entry.isAccessed = false }
    return entry.isAccessed ? .accessed : .idle
  }

  func writeProtect(_ pages: Range<UInt64>, of file: CachedFile) {
    protected.append(pages)
    for (page, entry) in entries where pages.contains(page) { entry.isWritable = false }
  }
}
