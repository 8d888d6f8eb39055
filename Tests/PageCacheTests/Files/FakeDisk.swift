import Foundations
import Machine
import PageCache
import PageFrames

extension UserFrame {
  /// A number at the page's begin and end, which stands for its content.
  var stamp: UInt64? {
    borrowing get {
      var bytes = InlineArray<8, UInt8>(repeating: 0)
      var stamps: [UInt64] = []
      for offset in [0, 4088] {
        var span = bytes.mutableSpan
        read(at: offset, into: &span)
        stamps.append((0..<8).reduce(0) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) })
      }
      return stamps[0] == stamps[1] ? stamps[0] : nil
    }
  }

  borrowing func setStamp(_ stamp: UInt64) {
    var bytes = InlineArray<8, UInt8>(repeating: 0)
    for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: stamp >> UInt64(8 * index)) }
    write(at: 0, from: bytes.span)
    write(at: 4088, from: bytes.span)
  }
}

extension CachedFile {
  /// Reads a page and tells its content.
  func stamp(of page: UInt64, _ reader: inout ReadAhead) throws -> UInt64? { try self.page(page, &reader).stamp }

  /// Reads a page and tells its content.
  func stamp(of page: UInt64) throws -> UInt64? { try self.page(page).stamp }

  /// Whether a page is in memory and has been read.
  func hasPage(_ page: UInt64) -> Bool { residentPage(page) != nil }
}

/// A provider that keeps a number for each page, fails where it is told to, and lets a test act in the middle of a request.
final class FakeDisk: PageProvider {
  var stamps: [UInt64: UInt64] = [:]
  var size: UInt64
  var badReads: Set<UInt64> = []
  var badWrites: Set<UInt64> = []
  /// Requests are cut off after this many pages.
  var longestRequest = Int.max
  var reads: [Range<UInt64>] = []
  var writes: [Range<UInt64>] = []
  var duringRead: (UInt64) -> Void = { _ in }
  var duringWrite: (UInt64) -> Void = { _ in }

  init(pageCount: UInt64) { size = pageCount }

  override var pageCount: UInt64 { size }

  override func read(page: UInt64, into frame: borrowing UserFrame) throws(Errno) {
    duringRead(page)
    if badReads.contains(page) { throw .EIO }
    frame.clear()
    frame.setStamp(stamps[page] ?? 0)
  }

  override func write(page: UInt64, from frame: borrowing UserFrame) throws(Errno) {
    if badWrites.contains(page) { throw .ENOSPC }
    guard let stamp = frame.stamp else { throw .EBADMSG }
    stamps[page] = stamp
    duringWrite(page)
  }

  override func read(from first: UInt64, into frames: Span<UserFrame>) throws(Errno) -> Int {
    reads.append(first..<first + UInt64(frames.count))
    return try super.read(from: first, into: frames.extracting(first: longestRequest))
  }

  override func write(from first: UInt64, _ frames: Span<UserFrame>) throws(Errno) -> Int {
    writes.append(first..<first + UInt64(frames.count))
    return try super.write(from: first, frames.extracting(first: longestRequest))
  }
}

/// Waiting that lets the test do what another thread would.
final class ScriptedWaiting: PageWaiting {
  /// Called when a page is waited for; returns false when nobody will finish it.
  var whenWaiting: (UInt64) -> Bool = { _ in false }
  var woken: [UInt64] = []
  var waited: [UInt64] = []

  override func wait(for page: UInt64, of file: CachedFile, _ patience: Patience) throws(Errno) {
    waited.append(page)
    if !whenWaiting(page) { throw .EDEADLK }
  }

  /// What `waitForVictim` answers.
  var canWaitForVictim = false

  override func waitForVictim() -> Bool { canWaitForVictim }

  override func wake(for page: UInt64, of file: CachedFile) { woken.append(page) }
}

/// A page cache over the simulated memory, and a check that it gives all of it back.
struct CacheWorld {
  let waiting = ScriptedWaiting()
  let cache: PageCache

  /// Runs `body` with a new page cache, alone with the simulated memory. Every file must be closed at the end.
  static func run(_ body: (CacheWorld) throws -> Void) throws {
    try SimulatedMemory.exclusive {
      let freeBefore = SimulatedMemory.freeCount
      let world = try CacheWorld(cache: nil)
      try body(world)
      guard SimulatedMemory.freeCount == freeBefore else {
        throw LeakedFrames(count: freeBefore - SimulatedMemory.freeCount)
      }
      let statistics = world.cache.statistics
      guard statistics.isEmpty else { throw LeftBehind(statistics: statistics) }
    }
  }

  private init(cache: Never?) throws {
    self.cache = try PageCache(frameCount: SimulatedMemory.frameCount, waiting: waiting)
  }

  func file(_ disk: PageProvider) throws -> CachedFile { try cache.makeFile(disk) }
}

struct LeakedFrames: Error { let count: Int }
struct LeftBehind: Error { let statistics: PageCacheStatistics }

extension PageCacheStatistics {
  var isEmpty: Bool {
    inactiveCount + activeCount + swapBackedCount + unevictableCount == 0 && dirtyCount == 0 && writebackCount == 0
  }
}
