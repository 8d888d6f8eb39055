public import Foundations
import Machine

/// mmap(2), munmap(2), mprotect(2), mremap(2) and brk(2).
extension AddressSpace {
  /// mmap(2).
  ///
  /// - Returns: the address of the first page.
  public func map(_ request: MapRequest) throws(Errno) -> UInt64 {
    try AddressSpaceState.check(request)
    var request = request
    if request.flags.isSuperset(of: [.shared, .anonymous]) && request.object == nil {
      request.object = try sharedMemory(for: request)
      request.offset = 0
    }
    let range = try change { state, flush throws(Errno) in
      var number: Int32 = -1
      if let object = request.object {
        do throws(Errno) {
          number = try state.objects.number(of: object, mappedBy: self)
        } catch {
          throw state.shortage(error)
        }
      }
      return try state.map(request, number, flush: &flush)
    }
    let isLocked = isLockedNow(range.lowerBound)
    if request.flags.contains(.populate) || isLocked { _ = populate(range) }
    return range.lowerBound
  }

  /// The object of `MAP_SHARED | MAP_ANONYMOUS`.
  private func sharedMemory(for request: MapRequest) throws(Errno) -> SharedMemory {
    let (padded, overflowed) = request.byteCount.addingReportingOverflow(AddressSpaceState.pageSize - 1)
    guard !overflowed, padded <= UserSpace.end else { throw .ENOMEM }
    if request.flags.contains(.noReserve) && CommitAccount.policy != .never {
      return SharedMemory(pageCount: padded >> 12)
    }
    return try SharedMemory.make(promised: Int(padded >> 12))
  }

  /// munmap(2).
  public func unmap(_ address: UInt64, _ byteCount: UInt64) throws(Errno) {
    try change { state, flush throws(Errno) in try state.unmap(address, byteCount, flush: &flush) }
  }

  /// mprotect(2), for a protection without unknown bits.
  public func protect(_ address: UInt64, _ byteCount: UInt64, _ protection: Protection) throws(Errno) {
    guard protection.isSubset(of: .all) else { throw .EINVAL }
    let range = try AddressSpaceState.pages(address, byteCount)
    try change { state, flush throws(Errno) in try state.protect(range, protection, flush: &flush) }
  }

  /// mremap(2).
  ///
  /// - Returns: the address of the first page.
  public func remap(
    _ address: UInt64, _ oldByteCount: UInt64, _ newByteCount: UInt64, _ flags: RemapFlags, to fixed: UInt64 = 0
  ) throws(Errno) -> UInt64 {
    let range = try change { state, flush throws(Errno) in
      try state.remap(address, oldByteCount, newByteCount, flags, to: fixed, flush: &flush)
    }
    if isLockedNow(range.lowerBound) { _ = populate(range) }
    return range.lowerBound
  }

  /// brk(2).
  ///
  /// - Returns: where the break is now.
  public func setBreak(_ address: UInt64) -> UInt64 {
    var flush = TLBFlush()
    return state.withLock { $0.setBreak(address, flush: &flush) }
  }

  /// Sets where the program break begins and is: after a program was loaded.
  public func setHeapStart(_ address: UInt64) {
    state.withLock { $0.heap = address..<address }
  }

  /// Sets the highest address that is chosen for a mapping: below the stack.
  public func setMappingBase(_ address: UInt64) {
    state.withLock { $0.mappingBase = min(address, UserSpace.defaultEnd) & ~4095 }
  }
}
