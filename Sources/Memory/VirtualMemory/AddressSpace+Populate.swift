import Foundations
import Machine

/// Why not every page of a range could be made present.
enum PopulateFailure {
  /// No area is there.
  case hole
  /// The area does not allow the access.
  case forbidden
  /// There is no page behind the area, or it cannot be read.
  case busError
  /// There is no memory, whatever was tried to get some.
  case outOfMemory
  /// The caller is on its way out.
  case killed
}

/// Making pages present before they are used.
extension AddressSpace {
  /// Pages that are looked at under the lock before it is let go of for a moment.
  private static let batch = 64

  private enum Progress {
    /// All is present up to the page that is next.
    case present
    /// The next page has to be had by a fault of this kind.
    case needsFault(PageFaultAccess.Kind)
    /// Where there is no area, or one that forbids it: nothing up to `end` can be had.
    case failed(PopulateFailure, end: UInt64)
  }

  /// Makes every page of `range` present: of private memory that may be written so that it can be, of other memory so that
  /// it can be read, unless `kind` says what for. Areas that are locked on fault are left out if it does not.
  ///
  /// - Parameter isKilled: asked after every few pages whether the caller is on its way out.
  /// - Returns: why it ended early, or nil.
  func populate(
    _ range: Range<UInt64>, _ kind: PageFaultAccess.Kind? = nil, unless isKilled: () -> Bool
  ) -> PopulateFailure? {
    var page = range.lowerBound
    return populate(&page, to: range.upperBound, kind, isKilled)?.failure
  }

  /// Makes every page of `range` present that can be, `unless` the caller is on its way out.
  func populateIfPossible(_ range: Range<UInt64>, unless isKilled: () -> Bool) {
    var page = range.lowerBound
    while let (failure, end) = populate(&page, to: range.upperBound, nil, isKilled) {
      if failure == .outOfMemory || failure == .killed { return }
      page = end
    }
  }

  /// - Returns: why it ended early, and where it is worth going on; nil when all is present.
  private func populate(
    _ page: inout UInt64, to end: UInt64, _ kind: PageFaultAccess.Kind?, _ isKilled: () -> Bool
  ) -> (failure: PopulateFailure, end: UInt64)? {
    while page < end {
      if isKilled() { return (.killed, end) }
      switch skipPresent(from: &page, to: end, kind) {
      case .present: break
      case .failed(let failure, let failureEnd): return (failure, failureEnd)
      case .needsFault(let access):
        switch resolveFault(page, access) {
        case .resolved: page += AddressSpaceState.pageSize
        case .outOfMemory: return (.outOfMemory, end)
        case .busError: return (.busError, state.withLock { $0.areas.area(at: page)?.end } ?? end)
        // It was there a moment ago; the next look finds out what has become of it.
        case .badAddress, .badAccess: break
        }
      }
    }
    return nil
  }

  /// Goes past pages that are present, and makes those present that need nothing but memory.
  private func skipPresent(from page: inout UInt64, to end: UInt64, _ kind: PageFaultAccess.Kind?) -> Progress {
    var flush = TLBFlush()
    return state.withLock { state in
      var left = Self.batch
      while page < end, left > 0 {
        guard let area = state.areas.find(page) else {
          return .failed(.hole, end: state.areas.firstArea(in: page..<end)?.start ?? end)
        }
        if kind == nil && area.flags.contains(.lockedOnFault) {
          page = area.end
          continue
        }
        let access = kind ?? (area.protection.contains(.write) && !area.isShared ? .write : .read)
        // Memory that may only be written can be read on x86, but nobody may ask for it.
        let isAllowed = kind == .read ? area.protection.contains(.read) : AddressSpaceState.allows(area, access)
        guard isAllowed else { return .failed(.forbidden, end: area.end) }
        if let mapping = state.table.entry(at: page), mapping.access.contains(access == .write ? .write : .read) {
          page = page & ~(mapping.byteCount - 1) + mapping.byteCount
        } else {
          guard case .nothing(.resolved) = state.resolve(page, access, hugePages: Self.hugePages, flush: &flush) else {
            return .needsFault(access)
          }
          page += AddressSpaceState.pageSize
        }
        left -= 1
      }
      return .present
    }
  }

  func isLockedNow(_ address: UInt64) -> Bool {
    state.withLock { state in
      state.areas.area(at: address).map { $0.flags.contains(.locked) && !$0.flags.contains(.lockedOnFault) } ?? false
    }
  }

  /// The frame at `address` if the access of `kind` needs no fault.
  func presentFrame(at address: UInt64, _ kind: PageFaultAccess.Kind) -> UserFrame? {
    state.withLock { state in
      let wanted: PageAccess = kind == .write ? .write : .read
      guard let mapping = state.table.entry(at: address), mapping.access.contains(wanted) else { return nil }
      return state.table.frame(at: address)
    }
  }
}
