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
        guard let frame = try begin(page) else { continue }
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
  /// A page is written at most once, so this ends however quickly programs change pages.
  /// - Throws: why the first page that could not be written could not; the others are written, and those that failed stay
  ///   dirty. What nobody could write is never forgotten, so a later call throws again.
  public func writeBack(_ range: Range<UInt64> = 0..<UInt64.max) throws(Errno) {
    guard provider.isBacked else { return }
    let failedBefore = state.withLock { $0.failedWriteCount }
    var failure: Errno?
    var position = range.lowerBound
    while let page = nextPage(.dirty, from: position, in: range) {
      do throws(Errno) {
        if let end = try writeRun(from: page, in: range) {
          position = end
        } else {
          try waitForWriting(of: page)
        }
      } catch {
        failure = failure ?? error
        position = page + 1
      }
    }
    position = range.lowerBound
    while let page = nextPage(.writeback, from: position, in: range) {
      try waitForWriting(of: page)
      position = page + 1
    }
    if let failure { throw failure }
    if state.withLock({ $0.failedWriteCount }) != failedBefore { throw .EIO }
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

  /// Writes the dirty page `first` and the dirty pages that follow it without a gap.
  ///
  /// - Returns: where to go on, behind what was written, or behind `first` when it is not dirty any more; nil when somebody
  ///   else is writing `first`, and nothing was done.
  /// - Throws: why `first` could not be written; it is dirty again.
  func writeRun(from first: UInt64, in range: Range<UInt64>) throws(Errno) -> UInt64? {
    var batch = FrameBatch()
    let isBusy = state.withLock { state in
      if state.pages.has(.writeback, at: first) { return true }
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
      return false
    }
    if isBusy { return nil }
    guard batch.count > 0 else { return first + 1 }
    let end = first + UInt64(batch.count)
    forEachMapper { $0.writeProtect(first..<end, of: self) }
    var writtenCount = 0
    var failure: Errno?
    do throws(Errno) {
      writtenCount = try provider.write(from: first, batch.span)
      if writtenCount <= 0 { failure = .EIO }
    } catch {
      failure = error
    }
    endWriting(batch, from: first, writtenCount: max(0, writtenCount), hasFailed: failure != nil)
    if let failure { throw failure }
    return first + UInt64(min(writtenCount, batch.count))
  }

  private func endWriting(_ batch: borrowing FrameBatch, from first: UInt64, writtenCount: Int, hasFailed: Bool) {
    state.withLock { state in
      if hasFailed { state.failedWriteCount &+= 1 }
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
