public import Foundations
public import Machine
public import PageCache
import Synchronization

/// What is behind an area that is not private memory: pages that several address spaces may have.
///
/// Except where it says otherwise, called without any lock of an address space, so that an object may wait for a disk.
open class MappedObject {
  private static let nextSerial = Atomic<UInt64>(1)

  /// The file whose pages the object has, if they are the page cache's.
  public let cachedFile: CachedFile?
  /// By what an address space looks the object up: the same for all that stand for the same file.
  let key: UInt64

  /// Creates an object without pages.
  public init(cachedFile: CachedFile? = nil) {
    self.cachedFile = cachedFile
    if let cachedFile {
      key = UInt64(cachedFile.number)
    } else {
      key = Self.nextSerial.wrappingAdd(1, ordering: .relaxed).newValue
    }
  }

  /// A number that is the same for all that stand for the same memory, and never another's.
  final var identity: UInt64 {
    guard let cachedFile else { return key << 1 }
    return cachedFile.serial << 1 | 1
  }

  /// What an area that begins with page `index` is called in /proc/pid/maps, where it is no file; nil for nothing.
  open func areaName(at index: UInt64) -> StaticString? { nil }

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
  ///
  /// - Context: the lock of an address space may be held.
  open func residentPage(_ index: UInt64) -> UserFrame? { nil }

  /// Writes what was changed among `pages`, and waits for it if `isSynchronous`. msync(2).
  open func write(_ pages: Range<UInt64>, isSynchronous: Bool) throws(Errno) {}

  /// Begins to read `pages`, which will be used soon.
  open func prefetch(_ pages: Range<UInt64>) {}

  /// Told before `space` maps any of the object.
  ///
  /// - Throws: `ENOMEM`, `ESTALE`; then nothing is mapped.
  /// - Context: the lock of the address space is held.
  open func attach(_ space: AddressSpace) throws(Errno) {}

  /// Told after `space` has unmapped all of the object. Once for each `attach`.
  ///
  /// - Context: the lock of the address space is held.
  open func detach(_ space: AddressSpace) {}

  /// Frees `pages`, which then read as zeros, and takes them from every program.
  ///
  /// - Throws: `EOPNOTSUPP` when the object cannot have holes.
  open func punchHole(_ pages: Range<UInt64>) throws(Errno) { throw .EOPNOTSUPP }
}
