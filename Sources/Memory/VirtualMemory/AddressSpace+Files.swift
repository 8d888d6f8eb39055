import Foundations
import Machine
public import PageCache
import PageFrames

/// What the page cache and shared memory ask of an address space that maps their pages.
extension AddressSpace: FileMapper {
  /// Removes the mappings of `pages` of `file`.
  public func unmap(_ pages: Range<UInt64>, of file: CachedFile, _ extent: UnmapExtent) {
    forEachMapping(of: pages, withKey: UInt64(file.number), { $0.cachedFile === file }) { state, _, range, flush in
      // Pages of objects are never large, so nothing has to be split, which alone could fail.
      guard extent == .filePages else {
        try? state.table.unmap(range, flush: &flush)
        return
      }
      var rest = range
      while let (page, mapping) = state.nextPage(in: rest) {
        if FrameTable.descriptors[mapping.frame].isKind(.file) {
          try? state.table.unmap(page..<page + AddressSpaceState.pageSize, flush: &flush)
        }
        rest = page + AddressSpaceState.pageSize..<range.upperBound
      }
    }
  }

  /// Removes the mappings of `pages` of shared memory.
  func unmap(_ pages: Range<UInt64>, of memory: SharedMemory) {
    forEachMapping(of: pages, withKey: memory.key, { $0 === memory }) { state, _, range, flush in
      try? state.table.unmap(range, flush: &flush)
    }
  }

  /// Tells how the mappings of a page were used, and forgets that they were.
  public func takeUse(of page: UInt64, in file: CachedFile) -> MappedUse {
    var use = MappedUse.idle
    forEachMapping(of: page..<page + 1, withKey: UInt64(file.number), { $0.cachedFile === file }) {
      state, area, range, _ in
      if area.flags.contains(.locked) {
        use = .locked
      } else if state.table.takeAccessed(at: range.lowerBound), use == .idle {
        use = .accessed
      }
    }
    return use
  }

  /// Makes the shared writable mappings of `pages` of `file` read-only.
  public func writeProtect(_ pages: Range<UInt64>, of file: CachedFile) {
    forEachMapping(of: pages, withKey: UInt64(file.number), { $0.cachedFile === file }) { state, area, range, flush in
      guard area.isShared else { return }
      let access = AddressSpaceState.access(area.protection).subtracting(.write)
      try? state.table.protect(range, access, flush: &flush)
      // What was written until now is about to be written back; the mark must not say so again when the page is unmapped.
      var rest = range
      while let (page, _) = state.nextPage(in: rest) {
        _ = state.table.takeDirty(at: page, flush: &flush)
        rest = page + AddressSpaceState.pageSize..<range.upperBound
      }
    }
  }

  /// Whether a shared mapping of `file` is writable, or may become so.
  public func hasWritableMapping(of file: CachedFile) -> Bool {
    var result = false
    forEachMapping(of: 0..<UInt64.max, withKey: UInt64(file.number), { $0.cachedFile === file }) { _, area, _, _ in
      if area.isShared && area.limit.contains(.write) { result = true }
    }
    return result
  }

  /// Calls `body` under the lock with each area that maps any of `pages` of an object that is meant, and the addresses where.
  private func forEachMapping(
    of pages: Range<UInt64>, withKey key: UInt64, _ isMeant: (MappedObject) -> Bool,
    _ body: (inout AddressSpaceState, Area, Range<UInt64>, inout TLBFlush) -> Void
  ) {
    var flush = TLBFlush()
    state.withLock { state in
      var number = state.objects.first(withKey: key)
      while number >= 0 {
        if let object = state.objects[number], isMeant(object) {
          state.forEachMapping(of: pages, ofObject: number) { state, area, range in body(&state, area, range, &flush) }
        }
        number = state.objects.next(after: number)
      }
    }
    flush.finish()
  }
}

extension AddressSpaceState {
  fileprivate mutating func forEachMapping(
    of pages: Range<UInt64>, ofObject number: Int32, _ body: (inout AddressSpaceState, Area, Range<UInt64>) -> Void
  ) {
    let reach = objects.reach(of: number)
    var address = reach.lowerBound
    while let area = areas.firstArea(endingAfter: address), area.start < reach.upperBound {
      address = area.end
      guard area.object == number else { continue }
      let mapped = area.firstPage..<area.firstPage + UInt64(area.pageCount)
      let part = mapped.clamped(to: pages)
      guard !part.isEmpty else { continue }
      let start = area.start + (part.lowerBound - area.firstPage) << 12
      body(&self, area, start..<start + UInt64(part.count) << 12)
    }
  }

  /// The first page of `range` that is mapped. Costs little however large the range is.
  fileprivate borrowing func nextPage(in range: Range<UInt64>) -> (address: UInt64, page: PageMapping)? {
    var found: (UInt64, PageMapping)?
    // To throw is how a walk is ended.
    try? table.visit(range) { (address, page) throws(Errno) in
      found = (address, page)
      throw .EINTR
    }
    return found
  }
}
