import Boot
import PageFrames
import Synchronization

/// The kernel's own page tables once boot has built them: entries for single pages, with tables made as needed and kept.
///
/// Tables near the root are made at boot, because every address space made later has copies of the entries for them.
enum KernelTables {
  private struct Root: Sendable {
    let table: UInt64
    let levelCount: Int
  }

  private static let root = BootCell<Root>()

  /// Makes the tables at `table` those of the kernel, and makes what must be there before any address space.
  ///
  /// - Returns: false when there is no memory.
  static func start(table: UInt64, levelCount: Int) -> Bool {
    root.fill(Root(table: table & PageTable.entryAddressMask, levelCount: levelCount))
    var address = UInt64(APUS_DYNAMIC_MAP)
    guard makeTable(at: UInt(address)) else { return false }
    // With five levels one entry of the root has all of the device map below it.
    let step: UInt64 = 1 << (3 + 9 * UInt64(levelCount))
    address = DeviceMap.base
    while address < DeviceMap.base + DeviceMap.byteCount {
      guard makeTable(at: UInt(address)) else { return false }
      let (next, isPastEnd) = address.addingReportingOverflow(step)
      if isPastEnd { break }
      address = next
    }
    return true
  }

  /// Makes the table below the root's entry for `address`.
  private static func makeTable(at address: UInt) -> Bool {
    let second = (root.withValue { $0.levelCount } ?? 4) - 2
    // SAFETY: asks only whether the table could be made.
    return unsafe entry(at: address, level: second, createsTables: true, .emergency) != nil
  }

  // SAFETY (section): entries are reached only through tables that boot or this type made, in frames that are never freed.
  // Tables are installed by compare-and-exchange, so two CPUs may need the same one at a time.

  /// The entry for `address` at `lowest`, 0 for that of a page; nil when a table is missing and not to be made, or there is no memory for it.
  ///
  /// SAFETY: the caller owns the page at `address` in the dynamic or the device map, where boot maps no large pages but the
  /// frame buffer's, which it does not ask for.
  static func entry(
    at address: UInt, level lowest: Int = 0, createsTables: Bool, _ priority: AllocationPriority
  ) -> UnsafePointer<
    Atomic<UInt64>
  >? {
    guard let root = root.withValue({ $0 }) else { return nil }
    var table = root.table
    var level = root.levelCount
    while true {
      level -= 1
      let index = UInt64(address) >> (12 + 9 * UInt64(level)) & 511
      let slot = unsafe UnsafePointer<Atomic<UInt64>>(bitPattern: UInt(PhysicalMap.address(of: table) + index * 8))
        .unsafelyUnwrapped
      if level == lowest { return unsafe slot }
      var next = unsafe slot.pointee.load(ordering: .acquiring)
      if next & PageAttributes.present.rawValue == 0 {
        guard createsTables, let frame = PageTableFrames.takeZeroed(priority) else { return nil }
        let new = frame.address | PageAttributes([.present, .writable]).rawValue
        let (isOurs, current) = unsafe slot.pointee.compareExchange(
          expected: 0, desired: new, ordering: .acquiringAndReleasing)
        if !isOurs { PageTableFrames.release(frame) }
        next = isOurs ? new : current
      } else if next & PageAttributes.large.rawValue != 0 {
        return nil
      }
      table = next & PageTable.entryAddressMask
    }
  }
}
