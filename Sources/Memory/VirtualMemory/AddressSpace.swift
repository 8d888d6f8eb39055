public import Foundations
public import Machine
import Synchronization

/// A program's memory, with the calls of Linux that change it.
///
/// Every call may be made from any CPU. One lock guards the areas and the page table; it is let go of wherever an object may
/// have to wait for a disk, and where memory has to be made free. A program's memory is never copied to or from while it is held.
///
/// Source: the man pages mmap(2), munmap(2), mprotect(2), mremap(2), madvise(2), mlock(2), brk(2), msync(2) and mincore(2).
public final class AddressSpace: PageFaultHandler {
  private static let hugePolicy = Atomic<Int>(HugePagePolicy.always.rawValue)

  /// Whether programs get huge pages.
  public static var hugePages: HugePagePolicy {
    get { HugePagePolicy(rawValue: hugePolicy.load(ordering: .relaxed)) ?? .never }
    set { hugePolicy.store(newValue.rawValue, ordering: .relaxed) }
  }

  let state: SpinLock<AddressSpaceState>

  /// Makes an address space without areas.
  ///
  /// - Throws: `ENOMEM`.
  public static func make() throws(Errno) -> AddressSpace {
    AddressSpace(try AddressSpaceState())
  }

  private init(_ state: consuming AddressSpaceState) {
    self.state = SpinLock(state)
  }

  /// Makes this CPU translate programs' addresses by this address space.
  public func activate() {
    state.withLock { CurrentAddressSpace.activate($0.table, handler: self) }
  }

  // MARK: Faults

  /// Makes the access possible, or says that it is not allowed.
  @inline(__always)
  public override func resolve(address: UInt64, access: PageFaultAccess) -> Bool {
    resolveFault(address, access.kind) == .resolved
  }

  /// Makes the access of `kind` to `address` possible, or says why it cannot be.
  public func resolveFault(_ address: UInt64, _ kind: PageFaultAccess.Kind) -> FaultOutcome {
    var attempt = 0
    while true {
      let outcome = tryFault(address, kind)
      guard outcome == .outOfMemory, FrameAllocator.relieve(attempt: attempt) else { return outcome }
      attempt += 1
    }
  }

  @inline(__always)
  private func tryFault(_ address: UInt64, _ kind: PageFaultAccess.Kind) -> FaultOutcome {
    var flush = TLBFlush()
    var generation = 0
    let need = state.withLock { state in
      generation = state.generation
      return state.resolve(address, kind, hugePages: Self.hugePages, flush: &flush)
    }
    switch need {
    case .nothing(let outcome): return outcome
    case .page(let object, let index): return tryFault(address, kind, object, index, generation)
    }
  }

  @inline(never)
  private func tryFault(
    _ address: UInt64, _ kind: PageFaultAccess.Kind, _ object: MappedObject, _ index: UInt64, _ generation: Int
  ) -> FaultOutcome {
    guard index < object.pageCount else { return .busError }
    do throws(Errno) {
      var frame: UserFrame? = try object.page(index)
      var flush = TLBFlush()
      return state.withLock { state in
        guard let frame = frame.take() else { return .busError }
        return state.finish(address, kind, frame, generation: generation, flush: &flush)
      }
    } catch {
      return error == .ENOMEM ? .outOfMemory : .busError
    }
  }

  // MARK: Mapping

  /// mmap(2).
  ///
  /// - Returns: the address of the first page.
  public func map(_ request: MapRequest) throws(Errno) -> UInt64 {
    var request = request
    if request.flags.isSuperset(of: [.shared, .anonymous]) && request.object == nil {
      request.object = SharedMemory(pageCount: request.byteCount >> 12 + 1)
      request.offset = 0
    }
    var flush = TLBFlush()
    let range = try attaching(request.object) { () throws(Errno) in
      try state.withLock { state throws(Errno) in try state.map(request, flush: &flush) }
    }
    flush.finish()
    detachUnused()
    let isLocked = isLockedNow(range.lowerBound)
    if request.flags.contains(.populate) || isLocked { _ = populate(range) }
    return range.lowerBound
  }

  /// munmap(2).
  public func unmap(_ address: UInt64, _ byteCount: UInt64) throws(Errno) {
    var flush = TLBFlush()
    try state.withLock { state throws(Errno) in try state.unmap(address, byteCount, flush: &flush) }
    flush.finish()
    detachUnused()
  }

  /// Unmaps everything: the end of the program. Objects know of the address space until this is called.
  public func tearDown() {
    var flush = TLBFlush()
    state.withLock { state in
      while let area = state.areas.firstArea(endingAfter: 0) {
        // A whole area never cuts a large page.
        do throws(Errno) { try state.table.unmap(area.range, flush: &flush) } catch { return }
        state.take(area)
      }
      state.heap = 0..<0
    }
    flush.finish()
    detachUnused()
  }

  /// Runs `body`, which maps `object`, with the object knowing of it.
  private func attaching<Result>(
    _ object: MappedObject?, _ body: () throws(Errno) -> Result
  ) throws(Errno) -> Result {
    guard let object else { return try body() }
    try object.attach(self)
    let isKnown = state.withLock { $0.has(object) }
    do throws(Errno) {
      let result = try body()
      if isKnown { object.detach(self) }
      return result
    } catch {
      if isKnown || !state.withLock({ $0.has(object) }) { object.detach(self) }
      detachUnused()
      throw error
    }
  }

  /// Tells objects that no area has any more.
  private func detachUnused() {
    while let object = state.withLock({ $0.takeUnusedObject() }) { object.detach(self) }
  }

  /// Runs `body` with the state, under the lock.
  func withState(_ body: (inout AddressSpaceState) -> Void) {
    state.withLock { body(&$0) }
  }

  /// mprotect(2), for a protection without unknown bits.
  public func protect(_ address: UInt64, _ byteCount: UInt64, _ protection: Protection) throws(Errno) {
    guard protection.isSubset(of: .all) else { throw .EINVAL }
    let range = try AddressSpaceState.pages(address, byteCount)
    var flush = TLBFlush()
    try state.withLock { state throws(Errno) in try state.protect(range, protection, flush: &flush) }
  }

  /// mremap(2).
  ///
  /// - Returns: the address of the first page.
  public func remap(
    _ address: UInt64, _ oldByteCount: UInt64, _ newByteCount: UInt64, _ flags: RemapFlags, to fixed: UInt64 = 0
  ) throws(Errno) -> UInt64 {
    var flush = TLBFlush()
    let range = try state.withLock { state throws(Errno) in
      try state.remap(address, oldByteCount, newByteCount, flags, to: fixed, flush: &flush)
    }
    flush.finish()
    detachUnused()
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

  // MARK: Fork

  /// fork(2): an address space with the same areas, whose private pages are copied when either writes to them.
  ///
  /// - Throws: `ENOMEM`.
  public func clone() throws(Errno) -> AddressSpace {
    let child = try AddressSpace.make()
    while true {
      do throws(Errno) {
        try adoptObjects(in: child)
        var flush = TLBFlush()
        try state.withLock { state throws(Errno) in
          try child.state.withLock { childState throws(Errno) in try state.clone(into: &childState, flush: &flush) }
        }
        flush.finish()
        child.detachUnused()
        return child
      } catch {
        child.tearDown()
        guard error == .EAGAIN else { throw error }
      }
    }
  }

  /// Makes `child` known to every object that this address space has, and the objects to it.
  private func adoptObjects(in child: AddressSpace) throws(Errno) {
    var index = 0
    while true {
      let (object, isEnd) = state.withLock { $0.object(numbered: index) }
      if isEnd { return }
      index += 1
      guard let object else { continue }
      try object.attach(child)
      do throws(Errno) {
        _ = try child.state.withLock { state throws(Errno) in try state.number(of: object) }
      } catch {
        object.detach(child)
        throw error
      }
    }
  }

  // MARK: Populating

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

  private func isLockedNow(_ address: UInt64) -> Bool {
    state.withLock { state in
      state.areas.area(at: address).map { $0.flags.contains(.locked) && !$0.flags.contains(.lockedOnFault) } ?? false
    }
  }

  /// Calls `body` without the lock for each area of `range`, the part of it in the range, and the object behind it.
  ///
  /// - Throws: `ENOMEM` for a hole, after everything else was done; and what `body` throws.
  func forEachArea(
    of range: Range<UInt64>, _ body: (Area, Range<UInt64>, MappedObject?) throws(Errno) -> Void
  ) throws(Errno) {
    var hasHole = false
    var address = range.lowerBound
    while address < range.upperBound {
      let found: (Area, MappedObject?)? = state.withLock { state in
        guard let area = state.areas.firstArea(endingAfter: address) else { return nil }
        return (area, state.object(of: area))
      }
      guard let (area, object) = found, area.start < range.upperBound else {
        hasHole = true
        break
      }
      if area.start > address { hasHole = true }
      let part = max(area.start, address)..<min(area.end, range.upperBound)
      try body(area, part, object)
      address = part.upperBound
    }
    if hasHole { throw .ENOMEM }
  }

  /// The pages that hold any of `byteCount` bytes at `address`, which need not be aligned.
  static func coveredPages(_ address: UInt64, _ byteCount: UInt64) throws(Errno) -> Range<UInt64> {
    let start = address & ~(AddressSpaceState.pageSize - 1)
    let (padded, overflowed) = byteCount.addingReportingOverflow(address - start)
    guard !overflowed else { throw .EINVAL }
    return try AddressSpaceState.pages(start, padded)
  }
}
