public import Foundations
public import Machine
import PageFrames
import Synchronization

/// The pages of files that are in memory, and the memory that can be had back from them.
///
/// There is one on a machine. It knows the files, the order in which their pages are evicted, and what else gives memory back.
///
/// Lock order: a file's state, then the lists, then Machine's allocators. The table of files and the list of shrinkers are
/// taken alone. None is held while a provider, a mapper or a shrinker is called.
public final class PageCache {
  let lists: SpinLock<ReclaimLists>
  let files = SpinLock(FileTable())
  let shrinkers = SpinLock(ShrinkerList())
  let waiting: PageWaiting
  let isReclaiming = Atomic<Bool>(false)
  let dirtyCount = Atomic<Int>(0)
  let writebackCount = Atomic<Int>(0)
  private let nextSerial = Atomic<UInt64>(1)
  let reclaimCounters = ReclaimCounters()
  /// Whether memory is short, so that nothing should be read before it is asked for.
  public let isMemoryLow = Atomic<Bool>(false)

  /// Creates a page cache for a machine with `frameCount` frames.
  ///
  /// - Throws: `ENOMEM`.
  public init(frameCount: Int, waiting: PageWaiting) throws(Errno) {
    lists = SpinLock(try ReclaimLists(frameCount: frameCount))
    self.waiting = waiting
  }

  /// Makes the file whose pages `provider` has.
  ///
  /// - Throws: `ENOMEM`, or `ENFILE` when there are four billion.
  public func makeFile(_ provider: PageProvider) throws(Errno) -> CachedFile {
    let number = try files.withLock { files throws(Errno) in try files.takeNumber() }
    let serial = nextSerial.wrappingAdd(1, ordering: .relaxed).newValue
    let file = CachedFile(number: number, serial: serial, provider, in: self)
    files.withLock { $0.set(file, number: number) }
    return file
  }

  /// Writes back every dirty page of every file: sync(2).
  ///
  /// - Throws: the first error; what can be written is written nevertheless.
  public func writeBackAll() throws(Errno) {
    var failure: Errno?
    var number: UInt32 = 1
    while number <= files.withLock({ $0.count }) {
      if let file = files.withLock({ $0[number] }) {
        do throws(Errno) { try file.writeBack() } catch { failure = failure ?? error }
      }
      number += 1
    }
    if let failure { throw failure }
  }

  /// Lets reclaim look at a page again that no mapping locks in memory any more. When memory gets scarce it does so anyway.
  public func setEvictable(_ frame: borrowing UserFrame) {
    let number = frame.number
    lists.withLock { $0.setEvictable(number, in: FrameTable.descriptors) }
  }
}
