public import Foundations
public import Machine
public import PageCache

/// What is behind an area that is not private memory: pages that several address spaces may have.
///
/// Called without any lock of an address space, so that an object may wait for a disk.
open class MappedObject {
  /// Creates an object without pages.
  public init() {}

  /// How many pages there are now. A program that uses an address behind them gets SIGBUS.
  open var pageCount: UInt64 { 0 }

  /// A reference to page `index`.
  ///
  /// - Throws: `ENOMEM`, `EIO`, `ENXIO` for a page behind the last.
  open func page(_ index: UInt64) throws(Errno) -> UserFrame { throw .ENXIO }

  /// Told after `frame`, which is what the object had for page `index`, was mapped, while it is still held.
  ///
  /// - Parameter isWritable: whether programs may now write to it.
  /// - Returns: whether the frame is still the page; if not, it is unmapped again.
  /// - Context: the lock of the address space is held.
  open func noteMapped(_ index: UInt64, _ frame: borrowing UserFrame, isWritable: Bool) -> Bool { true }

  /// A reference to page `index` if it is in memory.
  open func residentPage(_ index: UInt64) -> UserFrame? { nil }

  /// Writes what was changed among `pages`, and waits for it if `isSynchronous`. msync(2).
  open func write(_ pages: Range<UInt64>, isSynchronous: Bool) throws(Errno) {}

  /// Begins to read `pages`, which will be used soon.
  open func prefetch(_ pages: Range<UInt64>) {}

  /// Whether the object is `file`.
  open func isFile(_ file: CachedFile) -> Bool { false }

  /// Told before `space` maps any of the object.
  ///
  /// - Throws: `ENOMEM`, `ESTALE`; then nothing is mapped.
  open func attach(_ space: AddressSpace) throws(Errno) {}

  /// Told after `space` has unmapped all of the object. Once for each `attach`.
  open func detach(_ space: AddressSpace) {}

  /// Frees `pages`, which then read as zeros.
  ///
  /// - Throws: `EOPNOTSUPP` when the object cannot have holes.
  open func punchHole(_ pages: Range<UInt64>) throws(Errno) { throw .EOPNOTSUPP }
}

/// Memory that is shared but belongs to no file: `MAP_SHARED | MAP_ANONYMOUS`.
public final class SharedMemory: MappedObject {
  private let pages = SpinLock(PageIndex<UserFrame>())
  private let count: UInt64

  /// Creates `pageCount` pages of zeros, which take memory when they are first used.
  public init(pageCount: UInt64) { count = pageCount }

  /// How many pages there are.
  public override var pageCount: UInt64 { count }

  /// A reference to page `index`, which is made if it does not exist.
  ///
  /// - Throws: `ENOMEM`; `ENXIO` behind the last page.
  public override func page(_ index: UInt64) throws(Errno) -> UserFrame {
    guard index < count else { throw .ENXIO }
    if let frame = residentPage(index) { return frame }
    var new: UserFrame? = try UserFrame.allocate(isZeroed: true)
    return try pages.withLock { pages throws(Errno) in
      // Another CPU may have been faster; then what is there counts.
      if let frame = pages.withElement(at: index, { $0.share() }) { return frame }
      guard let frame = new.take() else { throw .ENOMEM }
      let share = frame.share()
      try pages.insert(frame, at: index)
      return share
    }
  }

  /// A reference to page `index` if it exists.
  public override func residentPage(_ index: UInt64) -> UserFrame? {
    pages.withLock { pages in pages.withElement(at: index) { $0.share() } }
  }

  /// Frees `range`.
  public override func punchHole(_ range: Range<UInt64>) throws(Errno) {
    pages.withLock { pages in
      var next = pages.next(from: range.lowerBound)
      while let page = next, page < range.upperBound {
        _ = pages.remove(at: page)
        next = pages.next(from: page)
      }
    }
  }
}
