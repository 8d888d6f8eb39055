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

  private static let nextIdentifier = Atomic<UInt64>(1)

  /// Its number, which is never another's.
  public let identifier: UInt64
  let state: SpinLock<AddressSpaceState>

  /// Makes an address space without areas. Ended by `tearDown`: the objects that it maps keep it until then.
  ///
  /// - Throws: `ENOMEM`.
  public static func make() throws(Errno) -> AddressSpace {
    try KernelObjects.checkMemory()
    return AddressSpace(try AddressSpaceState())
  }

  private init(_ state: consuming AddressSpaceState) {
    identifier = Self.nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue
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

  /// The same, and says why not.
  public override func answer(address: UInt64, access: PageFaultAccess) -> PageFaultAnswer {
    switch resolveFault(address, access.kind) {
    case .resolved: .resolved
    case .badAddress: .badAddress
    case .badAccess: .badAccess
    case .busError: .busError
    case .outOfMemory: .outOfMemory
    }
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
    let need = state.withLock { state in
      state.resolve(address, kind, hugePages: Self.hugePages, flush: &flush)
    }
    switch need {
    case .nothing(let outcome): return outcome
    case .page(let page): return tryFault(address, kind, page)
    }
  }

  @inline(never)
  private func tryFault(_ address: UInt64, _ kind: PageFaultAccess.Kind, _ page: ObjectPage) -> FaultOutcome {
    guard page.index < page.object.pageCount else { return .busError }
    do throws(Errno) {
      var frame: UserFrame? = try page.object.page(page.index)
      var flush = TLBFlush()
      return state.withLock { state in
        guard let frame = frame.take() else { return .busError }
        return state.finish(address, kind, page, frame, flush: &flush)
      }
    } catch {
      return error == .ENOMEM ? .outOfMemory : .busError
    }
  }

  // MARK: Changing

  /// Runs `body` under the lock, drops what TLBs still have of what it took away, and lets go of objects that no area has any
  /// more. Where it fails for lack of memory, asks for some and runs `body` again.
  func change<Result>(
    _ body: (inout AddressSpaceState, inout TLBFlush) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    var attempt = 0
    while true {
      var flush = TLBFlush()
      var lacksMemory = false
      do throws(Errno) {
        let result = try state.withLock { state throws(Errno) in
          state.lacksMemory = false
          defer { lacksMemory = state.lacksMemory }
          return try body(&state, &flush)
        }
        flush.finish()
        releaseUnusedObjects()
        return result
      } catch {
        flush.finish()
        releaseUnusedObjects()
        guard error == .ENOMEM, lacksMemory, FrameAllocator.relieve(attempt: attempt) else { throw error }
        attempt += 1
      }
    }
  }

  /// Tells objects that no area has any more.
  func releaseUnusedObjects() {
    while let object = state.withLock({ $0.objects.releaseUnused(mappedBy: self) }) { _ = consume object }
  }

  /// Calls `body` without the lock for each area of `range`, the part of it in the range, and the object behind it.
  ///
  /// - Parameter skipsHoles: whether to go on behind a hole.
  /// - Throws: `ENOMEM` for a hole, in the end or at once; and what `body` throws.
  func forEachArea(
    of range: Range<UInt64>, skipsHoles: Bool = true,
    _ body: (Area, Range<UInt64>, MappedObject?) throws(Errno) -> Void
  ) throws(Errno) {
    var hasHole = false
    var address = range.lowerBound
    while address < range.upperBound {
      let found: (Area, MappedObject?)? = state.withLock { state in
        guard let area = state.areas.firstArea(in: address..<range.upperBound) else { return nil }
        return (area, state.object(of: area))
      }
      guard let (area, object) = found else { throw .ENOMEM }
      if area.start > address {
        guard skipsHoles else { throw .ENOMEM }
        hasHole = true
      }
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
    return try AddressSpaceState.pages(start, padded, orThrow: .EINVAL)
  }
}
