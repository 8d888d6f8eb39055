import Foundations
import Machine
public import PageCache
import PageFrames

/// What the page cache asks of an address space that maps its files.
extension AddressSpace: FileMapper {
  /// Removes the mappings of `pages` of `file`.
  public func unmap(_ pages: Range<UInt64>, of file: CachedFile, _ extent: UnmapExtent) {
    forEachMapping(of: pages, of: file) { state, area, range, flush in
      var page = range.lowerBound
      while page < range.upperBound {
        if let mapping = state.table.entry(at: page),
          extent == .filePagesAndCopies || FrameTable.descriptors[mapping.frame].isKind(.file)
        {
          // Pages of files are never large, so nothing has to be split.
          do throws(Errno) { try state.table.unmap(page..<page + 4096, flush: &flush) } catch { return }
        }
        page += 4096
      }
    }
  }

  /// Tells how the mappings of a page were used, and forgets that they were.
  public func takeUse(of page: UInt64, in file: CachedFile) -> MappedUse {
    var use = MappedUse.idle
    forEachMapping(of: page..<page + 1, of: file) { state, area, range, _ in
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
    forEachMapping(of: pages, of: file) { state, area, range, flush in
      guard area.isShared else { return }
      let access = AddressSpaceState.access(area.protection).subtracting(.write)
      do throws(Errno) { try state.table.protect(range, access, flush: &flush) } catch { return }
      // What was written until now is about to be written back; the mark must not say so again when the page is unmapped.
      var page = range.lowerBound
      while page < range.upperBound {
        _ = state.table.takeDirty(at: page, flush: &flush)
        page += 4096
      }
    }
  }

  /// Calls `body` under the lock with each area that maps any of `pages`, and the addresses where.
  private func forEachMapping(
    of pages: Range<UInt64>, of file: CachedFile,
    _ body: (inout AddressSpaceState, Area, Range<UInt64>, inout TLBFlush) -> Void
  ) {
    var flush = TLBFlush()
    withState { state in
      var address: UInt64 = 0
      while let area = state.areas.firstArea(endingAfter: address) {
        address = area.end
        guard let object = state.object(of: area), object.isFile(file) else { continue }
        let mapped = area.firstPage..<area.firstPage + UInt64(area.pageCount)
        let part = mapped.clamped(to: pages)
        guard !part.isEmpty else { continue }
        let start = area.start + (part.lowerBound - area.firstPage) << 12
        body(&state, area, start..<start + UInt64(part.count) << 12, &flush)
      }
    }
    flush.finish()
  }
}
