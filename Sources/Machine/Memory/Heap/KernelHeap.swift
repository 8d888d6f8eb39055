import Boot
import PageFrames
import Slabs

/// The heap behind Swift's allocations: small objects from the slabs, large ones in whole pages, and before there are frames
/// a first-fit heap in the image.
///
/// Where a block came from is told from its address when it is freed, so no block has a header and freeing needs no size.
enum KernelHeap {
  private static let early = SpinLock(EarlyHeap())

  /// Gives the early heap its memory, part of the image's zeroed storage.
  static func start() {
    early.withLock { $0.add(start: UInt(apus_first_arena_address()), count: UInt(APUS_FIRST_ARENA_SIZE)) }
  }

  /// Takes `count` bytes at a multiple of `alignment`, a power of two, or returns nil when there is no memory.
  @inline(__always)
  static func allocate(
    count: UInt, alignment: UInt, _ priority: AllocationPriority = .kernel
  ) -> UnsafeMutableRawPointer? {
    #if os(none)
      // SAFETY: a nonzero address is new memory of that size which only the caller knows.
      if apus_read_heap() != 0 { return unsafe CompartmentHeap.allocateHere(count: count, alignment: alignment) }
    #endif
    if let sizeClass = SizeClasses.index(byteCount: count, alignment: alignment), ObjectHeap.isStarted {
      // SAFETY: a nonzero address is new memory of that size which only the caller knows.
      return unsafe UnsafeMutableRawPointer(
        bitPattern: ObjectHeap.allocate(sizeClass, byteCount: Int(bitPattern: count), priority))
    }
    return unsafe allocateLarge(count: count, alignment: alignment, priority)
  }

  @inline(never)
  private static func allocateLarge(
    count: UInt, alignment: UInt, _ priority: AllocationPriority
  ) -> UnsafeMutableRawPointer? {
    guard ObjectHeap.isStarted else {
      // SAFETY: the pointer is new memory that only the caller knows.
      return unsafe early.withLock { heap in unsafe heap.allocate(count: count, alignment: alignment) }
    }
    guard count <= UInt(DynamicMap.largestPageCount) << 12, alignment & (alignment &- 1) == 0 else { return nil }
    let pageCount = Int(max((count + 4095) >> 12, alignment >> 12, 1))
    // SAFETY: new frames in the physical map, or new pages in the dynamic map, that only the caller knows.
    if let first = FrameAllocator.allocateRun(.kernel, count: pageCount, priority) {
      FrameTable.descriptors[first].index = UInt64(pageCount)
      return unsafe FrameMemory.pointer(to: first)
    }
    guard alignment <= 4096, let address = DynamicMap.allocate(pageCount: pageCount, priority: priority) else {
      return nil
    }
    return unsafe UnsafeMutableRawPointer(bitPattern: address)
  }

  /// Takes a block back.
  @inline(__always)
  static func release(_ memory: UnsafeMutableRawPointer) {
    let address = UInt(bitPattern: memory)
    let offset = UInt64(address) &- PhysicalMap.base
    if offset < PhysicalMap.limit {
      let frame = FrameNumber(containing: offset)
      let descriptors = FrameTable.descriptors
      if Int(frame.rawValue) < descriptors.count, descriptors[frame].isKind(.slab) {
        return ObjectHeap.release(address, Int(descriptors[frame].owner))
      }
    }
    // SAFETY: it frees only what the tables of whoever gave it out say was given out.
    unsafe releaseLarge(memory)
  }

  @inline(never)
  private static func releaseLarge(_ memory: UnsafeMutableRawPointer) {
    let address = UInt(bitPattern: memory)
    let offset = UInt64(address) &- PhysicalMap.base
    if offset < PhysicalMap.limit {
      let frame = FrameNumber(containing: offset)
      let descriptors = FrameTable.descriptors
      if Int(frame.rawValue) < descriptors.count, descriptors[frame].isKind(.compartment) {
        // SAFETY: the frame's owner is the heap that it belongs to.
        return unsafe CompartmentHeap.release(memory, number: Int(descriptors[frame].owner))
      }
      guard Int(frame.rawValue) < descriptors.count, descriptors[frame].isKind(.kernel), offset & 4095 == 0,
        descriptors[frame].index > 0
      else { fatalError("freed memory that is not allocated") }
      let count = Int(descriptors[frame].index)
      descriptors[frame].index = 0
      return FrameAllocator.releaseRun(frame, count: count)
    }
    if DynamicMap.contains(address) {
      guard DynamicMap.release(address) > 0 else { fatalError("freed memory that is not allocated") }
      return
    }
    // SAFETY: the early heap tells its own blocks from anything else in its memory before it touches one.
    let isBlock = early.withLock { heap in unsafe heap.contains(address) && heap.release(memory) }
    if !isBlock { fatalError("freed memory that is not allocated") }
  }

  /// What the heap of the time before the frames holds.
  static var earlyStatistics: (used: Int, total: Int) { early.withLock { ($0.usedByteCount, $0.totalByteCount) } }
}
