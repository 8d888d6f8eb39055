public import Foundations
import Machine

/// msync(2), mincore(2), and what `/proc` shows.
extension AddressSpace {
  /// msync(2).
  public func synchronize(
    _ address: UInt64, _ byteCount: UInt64, isSynchronous: Bool, invalidates: Bool
  ) throws(Errno) {
    let range = try AddressSpaceState.pages(address, byteCount, orThrow: .ENOMEM)
    try forEachArea(of: range) { area, part, object throws(Errno) in
      if invalidates && area.flags.contains(.locked) { throw .EBUSY }
      guard area.isShared, let object else { return }
      let first = area.page(at: part.lowerBound)
      try object.write(first..<first + (part.upperBound - part.lowerBound) >> 12, isSynchronous: isSynchronous)
    }
  }

  /// mincore(2): calls `body` with each page of the range, up to the first hole, and whether it is in memory.
  ///
  /// - Throws: `EINVAL`, `ENOMEM` at a hole.
  public func forEachPage(
    _ address: UInt64, _ byteCount: UInt64, _ body: (_ index: Int, _ isResident: Bool) -> Void
  ) throws(Errno) {
    let range = try AddressSpaceState.pages(address, byteCount, orThrow: .ENOMEM)
    var index = 0
    try forEachArea(of: range, skipsHoles: false) { area, part, object throws(Errno) in
      var page = part.lowerBound
      while page < part.upperBound {
        let isMapped = state.withLock { $0.table.entry(at: page) != nil }
        body(index, isMapped || object.map { $0.residentPage(area.page(at: page)) != nil } ?? false)
        index += 1
        page += AddressSpaceState.pageSize
      }
    }
  }

  /// The area that contains `address`, or else the next above it: one line of `/proc/pid/maps`.
  public func area(endingAfter address: UInt64) -> Area? {
    state.withLock { $0.areas.firstArea(endingAfter: address) }
  }

  /// The object behind `area`.
  public func object(of area: Area) -> MappedObject? {
    state.withLock { state in
      state.areas.area(at: area.start).map { $0 == area } ?? false ? state.object(of: area) : nil
    }
  }

  /// What the program has.
  public var usage: AddressSpaceUsage {
    state.withLock { state in
      var usage = state.usage
      usage.resident = state.table.residentPageCount
      usage.pageTables = state.table.tablePageCount
      return usage
    }
  }

  /// What the program may have.
  public var limits: AddressSpaceLimits {
    get { state.withLock { $0.limits } }
    set { state.withLock { $0.limits = newValue } }
  }
}
