import Boot
import Foundations
import PageFrames
import Synchronization

/// Memory that is mapped page by page: for what must lie in one piece but may be made of any frames, and for stacks, which
/// need an unmapped page below them.
///
/// The range is divided by size: each power of two has 16 GiB of addresses, cut into equal slots, of which the first page is
/// never mapped. So finding a slot, giving it back and telling a slot's size from an address take constant time, and running
/// past either end of an allocation faults. Tables below the top level are made as needed and kept.
enum DynamicMap {
  /// Slots of 2^1 to 2^18 pages.
  private static let orders = 1...18
  private static let arenaShift = 34
  /// Where a free slot's link is in an entry: clear of the bit that says present.
  private static let linkShift: UInt64 = 12
  /// Pages of the largest allocation.
  static let largestPageCount = (1 << 18) - 1

  /// The slots of one size. Those that were given back are linked through the entries of their first pages, which are never
  /// present: the entry of a free slot holds the next free slot's number plus 1.
  private struct Arena: Sendable {
    /// Slots from here on were never used.
    var unused: UInt32 = 0
    /// The number of the first free slot plus 1, or 0.
    var firstFree: UInt32 = 0
  }

  private static let arenas = SpinLock(InlineArray<19, Arena>(repeating: Arena()))

  /// Whether `address` lies in the range.
  @inline(__always)
  static func contains(_ address: UInt) -> Bool {
    address >= UInt(APUS_DYNAMIC_MAP) && address < UInt(APUS_DYNAMIC_MAP_END)
  }

  /// Maps `pageCount` new frames, whose contents are whatever they were, in one piece.
  ///
  /// - Returns: the address of the first page, or nil when there is no memory or no slot.
  static func allocate(pageCount: Int, priority: AllocationPriority) -> UInt? {
    guard pageCount > 0, pageCount <= largestPageCount else { return nil }
    let order = max(1, Int.bitWidth - pageCount.leadingZeroBitCount)
    guard let slot = takeSlot(order, priority) else { return nil }
    let address = start(of: slot, order: order) + 4096
    for page in 0..<pageCount {
      if map(address + UInt(page) << 12, priority) { continue }
      unmap(address, pageCount: page)
      returnSlot(slot, order: order)
      return nil
    }
    return address
  }

  /// Unmaps what begins at `address` and frees its frames.
  ///
  /// - Returns: how many pages it had; 0, changing nothing, when nothing that `allocate` returned begins there.
  static func release(_ address: UInt) -> Int {
    let offset = address &- UInt(APUS_DYNAMIC_MAP)
    let order = Int(offset >> UInt(arenaShift))
    guard contains(address), orders.contains(order) else { return 0 }
    let slot = UInt32(truncatingIfNeeded: (offset & (1 << UInt(arenaShift) - 1)) >> UInt(12 + order))
    guard start(of: slot, order: order) + 4096 == address else { return 0 }
    var pageCount = 0
    while pageCount < 1 << order - 1, frame(at: address + UInt(pageCount) << 12) != nil { pageCount += 1 }
    guard pageCount > 0 else { return 0 }
    unmap(address, pageCount: pageCount)
    returnSlot(slot, order: order)
    return pageCount
  }

  /// The unmapped page below an allocation that holds `address`, if one does.
  static func guardPage(containing address: UInt64) -> Range<UInt64>? {
    guard let first = slotStart(containing: address), address - first < 4096 else { return nil }
    return first..<first + 4096
  }

  /// The pages from that which holds `address` to the last mapped one of its allocation; nil when it is not mapped.
  static func pages(from address: UInt64) -> Range<UInt64>? {
    guard slotStart(containing: address) != nil else { return nil }
    let first = UInt(address) & ~4095
    var end = first
    while end - first < UInt(pageScanLimit), frame(at: end) != nil { end += 4096 }
    return end == first ? nil : UInt64(first)..<UInt64(end)
  }

  /// No stack is larger.
  private static let pageScanLimit = 1 << 20

  private static func slotStart(containing address: UInt64) -> UInt64? {
    guard contains(UInt(address)) else { return nil }
    let offset = UInt(address) - UInt(APUS_DYNAMIC_MAP)
    let order = Int(offset >> UInt(arenaShift))
    guard orders.contains(order) else { return nil }
    return UInt64(UInt(address) & ~(1 << UInt(12 + order) - 1))
  }

  private static func start(of slot: UInt32, order: Int) -> UInt {
    UInt(APUS_DYNAMIC_MAP) + UInt(order) << UInt(arenaShift) + UInt(slot) << UInt(12 + order)
  }

  // SAFETY (section): a leaf entry belongs to whoever owns its slot, and the first page's to whoever holds the lock.

  private static func takeSlot(_ order: Int, _ priority: AllocationPriority) -> UInt32? {
    arenas.withLock { arenas in
      let firstFree = arenas[order].firstFree
      if firstFree != 0,
        let link = unsafe KernelTables.entry(at: start(of: firstFree - 1, order: order), createsTables: false, .kernel)
      {
        let next = unsafe link.pointee.exchange(0, ordering: .relaxed)
        arenas[order].firstFree = UInt32(truncatingIfNeeded: next >> linkShift)
        return firstFree - 1
      }
      let slot = arenas[order].unused
      // The table is made before the slot is taken, so that the slot can be put on the list whatever fails after that.
      guard slot < 1 << UInt32(arenaShift - 12 - order),
        unsafe KernelTables.entry(at: start(of: slot, order: order), createsTables: true, priority) != nil
      else { return nil }
      arenas[order].unused = slot + 1
      return slot
    }
  }

  private static func returnSlot(_ slot: UInt32, order: Int) {
    arenas.withLock { arenas in
      // There is one since the slot was first taken.
      guard let link = unsafe KernelTables.entry(at: start(of: slot, order: order), createsTables: false, .kernel)
      else { return }
      unsafe link.pointee.store(UInt64(arenas[order].firstFree) << linkShift, ordering: .relaxed)
      arenas[order].firstFree = slot + 1
    }
  }

  private static func map(_ address: UInt, _ priority: AllocationPriority) -> Bool {
    guard let entry = unsafe KernelTables.entry(at: address, createsTables: true, priority),
      let frame = FrameAllocator.allocate(.kernel, priority)
    else { return false }
    unsafe entry.pointee.store(frame.address | PageAttributes.data.rawValue, ordering: .relaxed)
    return true
  }

  private static func unmap(_ address: UInt, pageCount: Int) {
    guard pageCount > 0 else { return }
    // First no CPU may reach the pages any more, then their frames may be used again. The entries hold them meanwhile.
    for page in 0..<pageCount {
      guard let entry = unsafe KernelTables.entry(at: address + UInt(page) << 12, createsTables: false, .kernel) else {
        continue
      }
      unsafe entry.pointee.bitwiseAnd(~PageAttributes.present.rawValue, ordering: .relaxed)
    }
    ProcessorMessages.invalidateKernelEverywhere(UInt64(address), pageCount: pageCount)
    for page in 0..<pageCount {
      guard let entry = unsafe KernelTables.entry(at: address + UInt(page) << 12, createsTables: false, .kernel) else {
        continue
      }
      let old = unsafe entry.pointee.exchange(0, ordering: .relaxed)
      if old != 0 { FrameAllocator.release(FrameNumber(containing: old & PageTable.entryAddressMask)) }
    }
  }

  /// The frame mapped at `address`, or nil.
  private static func frame(at address: UInt) -> FrameNumber? {
    guard let entry = unsafe KernelTables.entry(at: address, createsTables: false, .kernel) else { return nil }
    let value = unsafe entry.pointee.load(ordering: .relaxed)
    guard value & PageAttributes.present.rawValue != 0 else { return nil }
    return FrameNumber(containing: value & PageTable.entryAddressMask)
  }
}
