import Machine
import PageFrames
import Synchronization

/// What became of a page that reclaim wanted to evict.
enum EvictionOutcome {
  /// Its frame was freed.
  case freed
  /// It is in use, dirty or gone already.
  case kept
  /// It was dirty and could not be written.
  case failed
}

extension CachedFile {
  /// Evicts `frame` if it is page number `page`: unmaps it, writes it and what is dirty around it, and drops it.
  ///
  /// Nothing of the page is locked between the steps. Whoever takes the page in between has a reference, or has made it dirty,
  /// and the last step, under the file's lock, sees that and leaves the page alone.
  func evict(_ frame: FrameNumber, page: UInt64) -> EvictionOutcome {
    let frames = FrameTable.descriptors
    let isHere = state.withLock { state in state.pages.withElement(at: page) { $0.number == frame } ?? false }
    guard isHere, provider.isBacked else { return .kept }
    if frames[frame].mappings.load(ordering: .relaxed) > 0 {
      guard takeUse(of: page, frame) == .idle else { return .kept }
      forEachMapper { $0.unmap(page..<page + 1, of: self, .filePages) }
    }
    if frames[frame].flags.contains(.dirty) {
      // The pages behind it in the same request cost next to nothing more, and will be wanted clean soon.
      if case .failed(page + 1, _) = writeRun(from: page, in: page..<UInt64.max) { return .failed }
      cache.reclaimCounters.written.wrappingAdd(1, ordering: .relaxed)
    }
    return dropIfUnused(page, isEviction: true) ? .freed : .kept
  }

  /// Asks the mappers how the page is used, and puts it where that use says.
  private func takeUse(of page: UInt64, _ frame: FrameNumber) -> MappedUse {
    var use = MappedUse.idle
    forEachMapper { mapper in
      switch mapper.takeUse(of: page, in: self) {
      case .idle: break
      case .accessed: if use == .idle { use = .accessed }
      case .locked: use = .locked
      }
    }
    if use == .idle { return .idle }
    state.withLock { state in
      guard state.pages.withElement(at: page, { $0.number == frame }) ?? false else { return }
      cache.lists.withLock { lists in
        if use == .locked {
          lists.setUnevictable(frame, in: FrameTable.descriptors)
        } else {
          lists.keep(frame, in: FrameTable.descriptors)
        }
      }
    }
    return use
  }
}
