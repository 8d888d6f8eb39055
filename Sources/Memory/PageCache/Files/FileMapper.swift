/// What a page's mappings tell about its use.
public enum MappedUse: Sendable {
  /// It was not used since this was last asked.
  case idle
  /// It was.
  case accessed
  /// Some mapping has it locked in memory.
  case locked
}

/// Which mappings of a page are to go.
public enum UnmapExtent: Sendable {
  /// Those of the file's own page.
  case filePages
  /// Those, and the private copies that were made of it: the page is not in the file any more.
  case filePagesAndCopies
}

/// Something that maps pages of files into programs: an area of an address space.
///
/// Rules for who maps a page, which make these calls and page faults safe side by side:
///
/// 1. The mapper is added to the file before its first entry is made, and removed after its last is gone.
/// 2. A fault takes the page by `CachedFile.page`, makes the entry while it still holds that reference, and then asks
///    `CachedFile.isCurrent`; if not, the page was truncated meanwhile, and the fault removes the entry and begins anew.
///    Truncation removes a page from the file before it unmaps it, so one of the two sees the other.
/// 3. A writable entry is made only by a write fault, and `CachedFile.markDirty` is called after the entry is made, with the
///    reference that the fault still holds. Writing back clears the mark, then calls `writeProtect`, then writes: what a program wrote
///    before is in what is written, and what it writes later faults and marks again.
/// 4. The three calls below come without any lock of the page cache, and may take the address space's; they must not call
///    back into the file's reading, writing back or truncation.
public protocol FileMapper: AnyObject {
  /// Removes the mappings of `pages` of `file`, and returns when no CPU can use them any more.
  func unmap(_ pages: Range<UInt64>, of file: CachedFile, _ extent: UnmapExtent)

  /// Tells how the mappings of a page were used, and forgets that they were.
  func takeUse(of page: UInt64, in file: CachedFile) -> MappedUse

  /// Makes the shared writable mappings of `pages` of `file` read-only, and returns when no CPU can write by them any more.
  func writeProtect(_ pages: Range<UInt64>, of file: CachedFile)

  /// Whether a program may write to the file by a mapping, or may make it so that it may.
  func hasWritableMapping(of file: CachedFile) -> Bool
}
