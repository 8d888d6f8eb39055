public import Foundations
public import Machine
public import PageCache

/// A file's pages in the page cache, as something that can be mapped.
///
/// One for each open of the file will do; several may stand for the same file. File systems derive from it to keep their file
/// for as long as it is mapped.
open class MappedFile: MappedObject {
  /// The file.
  public let file: CachedFile

  /// Creates the mappable form of `file`.
  public init(_ file: CachedFile) {
    self.file = file
    super.init(cachedFile: file)
  }

  open override var pageCount: UInt64 { file.provider.pageCount }

  open override func page(_ index: UInt64) throws(Errno) -> UserFrame { try file.page(index) }

  open override func residentPage(_ index: UInt64) -> UserFrame? { file.residentPage(index) }

  open override func noteMapped(_ index: UInt64, _ frame: borrowing UserFrame, isWritable: Bool) -> Bool {
    isWritable ? file.markDirty(index, frame) : file.isCurrent(index, frame)
  }

  /// Writes what was changed among `pages`. Without waiting there is nothing to do: what is dirty is known to the file, and
  /// is written in time.
  open override func write(_ pages: Range<UInt64>, isSynchronous: Bool) throws(Errno) {
    if isSynchronous { try file.writeBack(pages) }
  }

  open override func prefetch(_ pages: Range<UInt64>) {
    var reader = ReadAhead()
    for page in pages.prefix(ReadAhead.maximum) where page < pageCount {
      do throws(Errno) { _ = try file.page(page, &reader) } catch { return }
    }
  }

  open override func attach(_ space: AddressSpace) throws(Errno) { try file.add(space) }

  open override func detach(_ space: AddressSpace) { file.remove(space) }

  open override func punchHole(_ pages: Range<UInt64>) throws(Errno) {
    // Only a file whose pages are nowhere else can forget them without its file system.
    guard !file.provider.isBacked else { throw .EOPNOTSUPP }
    try file.removePages(in: pages)
  }
}
