public import Foundations
public import Machine
import Synchronization

/// Where a file's pages come from and go to: a file system's file, a block device, or nothing.
///
/// The page cache calls it without any lock of its own, from whoever needs the page: a program's read, a page fault, or
/// reclaim in the middle of somebody else's allocation. So `write` must do with little memory, and must not take a lock under
/// which the file system allocates for programs.
open class PageProvider {
  /// Creates a provider.
  public init() {}

  /// How many pages the file has now. Pages behind are not read, created or mapped.
  ///
  /// A file shrinks by first lowering this and then `CachedFile.truncate`.
  open var pageCount: UInt64 { 0 }

  /// Whether pages can be written somewhere and read again. If not, they stay in memory until they are truncated.
  open var isBacked: Bool { true }

  /// Fills `frame` with page number `page`, all of it: what is behind the end of the file with zeros.
  ///
  /// - Throws: why it could not be read.
  open func read(page: UInt64, into frame: borrowing UserFrame) throws(Errno) { throw .EIO }

  /// Writes page number `page`, as much of it as is before the end of the file.
  ///
  /// The page may change while it is written; it is then written again.
  /// - Throws: why it could not be written; the page stays dirty.
  open func write(page: UInt64, from frame: borrowing UserFrame) throws(Errno) { throw .EIO }

  /// Fills `frames` with the pages from `first` on, in one request if the device can.
  ///
  /// - Returns: how many pages were read, at least one.
  /// - Throws: why the first could not be read.
  open func read(from first: UInt64, into frames: Span<UserFrame>) throws(Errno) -> Int {
    for index in frames.indices {
      do throws(Errno) {
        try read(page: first + UInt64(index), into: frames[index])
      } catch {
        if index == 0 { throw error }
        return index
      }
    }
    return frames.count
  }

  /// Writes `frames` to the pages from `first` on, in one request if the device can.
  ///
  /// - Returns: how many pages were written, at least one.
  /// - Throws: why the first could not be written.
  open func write(from first: UInt64, _ frames: Span<UserFrame>) throws(Errno) -> Int {
    for index in frames.indices {
      do throws(Errno) {
        try write(page: first + UInt64(index), from: frames[index])
      } catch {
        if index == 0 { throw error }
        return index
      }
    }
    return frames.count
  }
}

/// The provider of a file that is nowhere but in memory: shared memory, and files of a memory file system.
public final class MemoryProvider: PageProvider {
  private let size: Atomic<UInt64>

  /// Creates the provider of a file of `pageCount` pages of zeros.
  public init(pageCount: UInt64) { size = Atomic(pageCount) }

  public override var pageCount: UInt64 { size.load(ordering: .acquiring) }

  public override var isBacked: Bool { false }

  /// Makes the file longer, or shorter: then `CachedFile.truncate` must follow.
  public func setPageCount(_ count: UInt64) { size.store(count, ordering: .releasing) }

  public override func read(page: UInt64, into frame: borrowing UserFrame) throws(Errno) { frame.clear() }
}
