public import Foundations
import Machine
import PageFrames

extension CachedFile {
  /// Removes what is behind `byteCount` bytes: whole pages go, dirty or not, also from the programs that have them mapped and
  /// from private copies; the rest of the last page becomes zeros.
  ///
  /// The provider's `pageCount` has been lowered before, so that no page comes back. The last page's rest is cleared in memory
  /// only if the page is there, and is marked dirty; if it is not, the provider reads zeros for what is behind the end.
  /// - Throws: nothing, where waiting without patience does not.
  public func truncate(to byteCount: UInt64) throws(Errno) {
    let rest = Int(byteCount % UInt64(UserFrame.byteCount))
    let lastPage = byteCount / UInt64(UserFrame.byteCount)
    try removePages(in: lastPage + (rest > 0 ? 1 : 0)..<UInt64.max)
    guard rest > 0 else { return }
    while true {
      switch lookUp(lastPage) {
      case .absent: return
      case .busy: try cache.waiting.wait(for: lastPage, of: self, .uninterruptible)
      case .ready(let frame):
        frame.zeroFill(rest..<UserFrame.byteCount)
        markDirty(lastPage, frame)
        return
      }
    }
  }

  /// Removes the pages in `range`, dirty or not, also from the programs that have them mapped: truncation, and holes punched
  /// into a file.
  ///
  /// Pages that are being written are waited for: the file system may give their blocks to another file right after this.
  /// - Throws: nothing, where waiting without patience does not.
  public func removePages(in range: Range<UInt64>) throws(Errno) {
    var position = range.lowerBound
    while true {
      var batch = FrameBatch()
      let busy = removeBatch(in: range, from: &position, into: &batch)
      if batch.count == 0 && busy == nil { break }
      if let busy { try cache.waiting.wait(for: busy, of: self, .uninterruptible) }
    }
    // After they have left the file: a fault that had one in its hands before sees that by `isCurrent`, one after finds none.
    forEachMapper { $0.unmap(range, of: self, .filePagesAndCopies) }
  }

  /// Removes up to a batch of pages.
  ///
  /// - Returns: a page that is being written, where this stopped.
  private func removeBatch(
    in range: Range<UInt64>, from position: inout UInt64, into batch: inout FrameBatch
  ) -> UInt64? {
    state.withLock { state in
      while !batch.isFull {
        guard let page = state.pages.next(from: position), page < range.upperBound else { return nil }
        position = page
        if state.pages.has(.writeback, at: page) { return page }
        guard let frame = take(page, &state, isEviction: false) else { return nil }
        batch.append(frame)
      }
      return nil
    }
  }

  /// Takes a page out of the index and off its list.
  func take(_ page: UInt64, _ state: inout CachedFileState, isEviction: Bool) -> UserFrame? {
    if let number = state.pages.withElement(at: page, { $0.number }) {
      clearDirty(page, number, &state)
      let identity = identity(of: page)
      cache.lists.withLock { lists in
        if isEviction {
          lists.evict(number, identity: identity, in: FrameTable.descriptors)
        } else {
          lists.remove(number, in: FrameTable.descriptors)
        }
      }
      FrameTable.descriptors[number].remove(.upToDate)
    }
    return state.pages.remove(at: page)
  }

  /// Drops the pages in `range` that are clean and in nobody's hands: posix_fadvise(2) with POSIX_FADV_DONTNEED.
  ///
  /// - Returns: how many pages were dropped.
  @discardableResult
  public func dropUnused(in range: Range<UInt64> = 0..<UInt64.max) -> Int {
    guard provider.isBacked else { return 0 }
    var dropped = 0
    var next = state.withLock { $0.pages.next(from: range.lowerBound) }
    while let page = next, page < range.upperBound {
      if dropIfUnused(page, isEviction: false) { dropped += 1 }
      next = page < UInt64.max ? state.withLock { $0.pages.next(from: page + 1) } : nil
    }
    return dropped
  }

  /// Drops a page that is clean and that nothing but the index has a reference to.
  func dropIfUnused(_ page: UInt64, isEviction: Bool) -> Bool {
    // The frame itself is freed behind the lock.
    let frame: UserFrame? = state.withLock { state in
      let isUnused = state.pages.withElement(at: page) { frame in
        let flags = FrameTable.descriptors[frame.number].flags
        return flags.contains(.upToDate) && flags.isDisjoint(with: [.dirty, .writeback]) && !frame.isShared
      }
      return isUnused == true ? take(page, &state, isEviction: isEviction) : nil
    }
    return frame != nil
  }

  /// Takes the pages in `range` out of memory, written if they were dirty and unmapped if they were mapped, so that the next
  /// read is from the provider: for direct I/O, and when something else wrote to the device.
  ///
  /// - Throws: why a page could not be written; `EBUSY` when somebody holds one.
  public func invalidate(_ range: Range<UInt64> = 0..<UInt64.max) throws(Errno) {
    guard provider.isBacked else { return }
    try writeBack(range)
    forEachMapper { $0.unmap(range, of: self, .filePages) }
    dropUnused(in: range)
    if let left = nextResident(from: range.lowerBound), left < range.upperBound { throw .EBUSY }
  }

  /// Writes back what is dirty and lets go of the file: its pages leave memory and its number may be given to another. A file
  /// without backing loses its pages. Nobody maps the file any more.
  ///
  /// - Throws: why a page could not be written, `EBUSY` when somebody holds one; the file is then as before. What shall not be
  ///   written is truncated first.
  public func close() throws(Errno) {
    guard !(state.withLock { $0.isClosed }) else { return }
    if provider.isBacked { try invalidate() } else { try removePages(in: 0..<UInt64.max) }
    let isEmpty = state.withLock { state in
      if state.pages.isEmpty { state.isClosed = true }
      return state.isClosed
    }
    guard isEmpty else { throw .EBUSY }
    cache.files.withLock { $0.remove(number: number) }
  }
}
