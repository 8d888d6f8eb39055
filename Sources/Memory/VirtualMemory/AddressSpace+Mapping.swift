public import Foundations
import Machine

/// mmap(2), munmap(2), mprotect(2), mremap(2) and brk(2).
extension AddressSpace {
  /// mmap(2).
  ///
  /// - Parameter isKilled: asked after every few pages that are populated whether the caller is on its way out: then the rest is left.
  /// - Returns: the address of the first page.
  public func map(_ request: MapRequest, unless isKilled: () -> Bool = { false }) throws(Errno) -> UInt64 {
    try AddressSpaceState.checkArguments(request)
    var request = request
    if request.flags.contains(.anonymous), request.flags.sharing == .shared, request.object == nil,
      let byteCount = AddressSpaceState.roundedUp(request.byteCount)
    {
      try KernelObjects.checkMemory()
      let memory = SharedMemory(pageCount: byteCount >> 12)
      request.object = memory
      request.newMemory = memory
    }
    if request.flags.contains(.anonymous) { request.offset = 0 }
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
    let populates = request.flags.contains(.populate) && !request.flags.contains(.nonBlocking)
    if populates || isLockedNow(range.lowerBound) { populateIfPossible(range, unless: isKilled) }
    return range.lowerBound
  }

  /// munmap(2).
  public func unmap(_ address: UInt64, _ byteCount: UInt64) throws(Errno) {
    try change { state, flush throws(Errno) in try state.unmap(address, byteCount, flush: &flush) }
  }

  /// mprotect(2). `protection` may also have `PROT_SEM`, `PROT_GROWSDOWN` and `PROT_GROWSUP`.
  public func protect(_ address: UInt64, _ byteCount: UInt64, _ protection: Protection) throws(Errno) {
    let growing: Protection = [.growsDown, .growsUp]
    if protection.isSuperset(of: growing) { throw .EINVAL }
    let range = try AddressSpaceState.pages(address, byteCount, orThrow: .ENOMEM)
    guard byteCount > 0 else { return }
    guard protection.isSubset(of: Protection.all.union(.semaphores).union(growing)) else { throw .EINVAL }
    try change { state, flush throws(Errno) in try state.protect(range, protection, flush: &flush) }
  }

  /// mremap(2).
  ///
  /// - Parameter isKilled: asked after every few pages that are populated whether the caller is on its way out.
  /// - Returns: the address of the first page.
  public func remap(
    _ address: UInt64, _ oldByteCount: UInt64, _ newByteCount: UInt64, _ flags: RemapFlags, to target: UInt64 = 0,
    unless isKilled: () -> Bool = { false }
  ) throws(Errno) -> UInt64 {
    let request = try AddressSpaceState.checkArguments(address, oldByteCount, newByteCount, flags, to: target)
    let range = try change { state, flush throws(Errno) in try state.remap(request, flush: &flush) }
    if isLockedNow(range.lowerBound) { populateIfPossible(range, unless: isKilled) }
    return range.lowerBound
  }

  /// brk(2), which has no error but that the break stays where it was.
  ///
  /// - Parameter isKilled: asked after every few pages that are populated whether the caller is on its way out.
  /// - Returns: where the break is now.
  public func setBreak(_ address: UInt64, unless isKilled: () -> Bool = { false }) -> UInt64 {
    do throws(Errno) {
      let added = try change { state, flush throws(Errno) in try state.setBreak(address, flush: &flush) }
      if !added.isEmpty, isLockedNow(added.lowerBound) { populateIfPossible(added, unless: isKilled) }
      return address
    } catch {
      return state.withLock { $0.heap.upperBound }
    }
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
