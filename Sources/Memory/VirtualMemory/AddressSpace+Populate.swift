import Foundations
import Machine

/// Making pages present before they are used.
extension AddressSpace {
  /// The frame at `address` if the access of `kind` needs no fault.
  func presentFrame(at address: UInt64, _ kind: PageFaultAccess.Kind) -> UserFrame? {
    state.withLock { state in
      let wanted: PageAccess = kind == .write ? .write : .read
      guard let mapping = state.table.entry(at: address), mapping.access.contains(wanted) else { return nil }
      return state.table.frame(at: address)
    }
  }

  /// Uses every page of `range` that is not in memory, as its area allows.
  ///
  /// - Parameter kind: what is to be possible without a fault; nil for what the area is for.
  /// - Returns: why it ended early, or nil.
  func populate(_ range: Range<UInt64>, _ kind: PageFaultAccess.Kind? = nil) -> Errno? {
    var page = range.lowerBound
    while page < range.upperBound {
      let (area, present) = state.withLock { state in (state.areas.area(at: page), state.table.entry(at: page)) }
      guard let area else { return .ENOMEM }
      let wanted = kind ?? (area.protection.contains(.write) && !area.isShared ? .write : .read)
      if kind == nil && area.protection.isEmpty {
        page = area.end
        continue
      }
      if present == nil || wanted == .write && !(present?.access.contains(.write) ?? false) {
        switch resolveFault(page, wanted) {
        case .resolved: break
        case .outOfMemory: return .ENOMEM
        case .badAddress, .badAccess, .busError: return .EFAULT
        }
      }
      page += AddressSpaceState.pageSize
    }
    return nil
  }

  func isLockedNow(_ address: UInt64) -> Bool {
    state.withLock { state in
      state.areas.area(at: address).map { $0.flags.contains(.locked) && !$0.flags.contains(.lockedOnFault) } ?? false
    }
  }
}
