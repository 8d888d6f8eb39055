public import Foundations
public import Machine
import PageFrames
import Synchronization

extension CachedFile {
  /// Notes that `frame`, the page's, was changed, so that it will be written. Called after the change, or after the writable
  /// entry is made; that `frame` is held until then keeps the page from being evicted in between.
  ///
  /// - Returns: false when the frame is not the page's any more, because the page was truncated: the change is of no
  ///   consequence.
  @discardableResult
  public func markDirty(_ page: UInt64, _ frame: borrowing UserFrame) -> Bool {
    let number = frame.number
    return state.withLock { state in
      guard state.pages.withElement(at: page, { $0.number == number }) ?? false else { return false }
      setDirty(page, number, &state)
      return true
    }
  }

  /// Replaces a whole page by what `fill` puts into it, without reading it first, and marks it dirty.
  ///
  /// - Parameter fill: writes all of the frame. When it throws, a page that was not in memory is as if never touched; one
  ///   that was keeps what has been written to it.
  /// - Throws: what `fill` throws, and as `page(_:_:)`.
  public func replacePage(
    _ page: UInt64, by fill: (borrowing UserFrame) throws(Errno) -> Void
  ) throws(Errno) {
    while true {
      switch lookUp(page) {
      case .ready(let frame):
        FrameTable.descriptors[frame.number].markReferenced()
        defer { markDirty(page, frame) }
        return try fill(frame)
      case .busy: try cache.waiting.wait(for: page, of: self, .killable)
      case .absent:
        guard page < provider.pageCount else { throw .ENXIO }
        var batch = FrameBatch()
        guard let frame = try FrameAllocator.retrying({ () throws(Errno) in try begin(page) }) else { continue }
        batch.append(frame)
        do throws(Errno) {
          try fill(batch.span[0])
        } catch {
          finish(batch, from: page, readCount: 0, .dirty)
          throw error
        }
        return finish(batch, from: page, readCount: 1, .dirty)
      }
    }
  }

  /// Writes back what is dirty in `range`, and waits for what is being written: fsync(2), msync(2) with MS_SYNC.
  ///
  /// Ends however quickly programs change pages: a page is written once, unless somebody else's write of it fails meanwhile.
  /// - Throws: why the first page that could not be written could not; the others are written, and those that failed stay
  ///   dirty. What nobody could write is never forgotten, so a later call throws again.
  public func writeBack(_ range: Range<UInt64> = 0..<UInt64.max) throws(Errno) {
    guard provider.isBacked else { return }
    for _ in 0..<Self.writeAttempts {
      let failedBefore = state.withLock { $0.failedWriteCount }
      try writeDirty(in: range)
      var position = range.lowerBound
      while let page = nextPage(.writeback, from: position, in: range) {
        try waitForWriting(of: page)
        position = page + 1
      }
      // What others wrote meanwhile, and could not, is dirty again.
      if state.withLock({ $0.failedWriteCount }) == failedBefore { return }
    }
    throw .EIO
  }

  /// How often `writeBack` begins anew because somebody else's writes fail.
  private static let writeAttempts = 16

  /// Writes each page in `range` that is dirty.
  private func writeDirty(in range: Range<UInt64>) throws(Errno) {
    var failure: Errno?
    var position = range.lowerBound
    while let page = nextPage(.dirty, from: position, in: range) {
      switch writeRun(from: page, in: range) {
      case .busy: try waitForWriting(of: page)
      case .done(let next): position = next
      case .failed(let next, let error):
        position = next
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  /// The next page with a tag from `position` on that is in `range`.
  private func nextPage(_ tag: PageTag, from position: UInt64, in range: Range<UInt64>) -> UInt64? {
    let page = state.withLock { $0.pages.next(from: position, tagged: tag) }
    guard let page, page < range.upperBound else { return nil }
    return page
  }

  private func waitForWriting(of page: UInt64) throws(Errno) {
    while state.withLock({ $0.pages.has(.writeback, at: page) }) {
      try cache.waiting.wait(for: page, of: self, .uninterruptible)
    }
  }

  /// What became of an attempt to write a run of pages.
  enum RunOutcome {
    /// Somebody else is writing the first, and nothing was done.
    case busy
    /// All before `next` is written.
    case done(next: UInt64)
    /// All before `next` is written but the page before it, which is dirty again, as are those behind.
    case failed(next: UInt64, Errno)
  }

  /// Writes the page `first`, if it is dirty, and the dirty pages that follow it without a gap.
  func writeRun(from first: UInt64, in range: Range<UInt64>) -> RunOutcome {
    var batch = FrameBatch()
    guard beginWriting(from: first, in: range, &batch) else { return .busy }
    guard batch.count > 0 else { return .done(next: first + 1) }
    let end = first + UInt64(batch.count)
    forEachMapper { $0.writeProtect(first..<end, of: self) }
    var writtenCount = 0
    var failure: Errno?
    while writtenCount < batch.count && failure == nil {
      do throws(Errno) {
        let rest = batch.span.extracting(writtenCount..<batch.count)
        let count = try provider.write(from: first + UInt64(writtenCount), rest)
        if count <= 0 { failure = .EIO }
        writtenCount += max(0, min(count, rest.count))
      } catch {
        failure = error
      }
    }
    endWriting(batch, from: first, writtenCount: writtenCount)
    guard let failure else { return .done(next: end) }
    return .failed(next: first + UInt64(writtenCount) + 1, failure)
  }

  /// Marks a run of dirty pages as being written, and takes references to them.
  ///
  /// - Returns: false when somebody else is writing the first.
  private func beginWriting(from first: UInt64, in range: Range<UInt64>, _ batch: inout FrameBatch) -> Bool {
    state.withLock { state in
      if state.pages.has(.writeback, at: first) { return false }
      while !batch.isFull {
        let page = first + UInt64(batch.count)
        guard page < range.upperBound, state.pages.has(.dirty, at: page), !state.pages.has(.writeback, at: page),
          let frame = state.pages.withElement(at: page, { $0.share() })
        else { break }
        clearDirty(page, frame.number, &state)
        state.pages.set(.writeback, at: page)
        FrameTable.descriptors[frame.number].insert(.writeback)
        cache.writebackCount.wrappingAdd(1, ordering: .relaxed)
        batch.append(frame)
      }
      return true
    }
  }

  private func endWriting(_ batch: borrowing FrameBatch, from first: UInt64, writtenCount: Int) {
    state.withLock { state in
      if writtenCount < batch.count { state.failedWriteCount &+= 1 }
      for index in 0..<batch.count {
        let page = first + UInt64(index)
        let number = batch.span[index].number
        FrameTable.descriptors[number].remove(.writeback)
        cache.writebackCount.wrappingSubtract(1, ordering: .relaxed)
        // Truncation waits for pages that are being written, so the page is still there.
        state.pages.clear(.writeback, at: page)
        if index >= writtenCount { setDirty(page, number, &state) }
      }
    }
    for index in 0..<batch.count { cache.waiting.wake(for: first + UInt64(index), of: self) }
  }

  func setDirty(_ page: UInt64, _ number: FrameNumber, _ state: inout CachedFileState) {
    guard provider.isBacked, state.pages.set(.dirty, at: page) else { return }
    FrameTable.descriptors[number].insert(.dirty)
    cache.dirtyCount.wrappingAdd(1, ordering: .relaxed)
  }

  func clearDirty(_ page: UInt64, _ number: FrameNumber, _ state: inout CachedFileState) {
    guard state.pages.clear(.dirty, at: page) else { return }
    FrameTable.descriptors[number].remove(.dirty)
    cache.dirtyCount.wrappingSubtract(1, ordering: .relaxed)
  }
}
