import Boot
import Foundations
import PageFrames
import Synchronization

/// The window through which device registers are reached: linear, so that a physical address has one place in it for ever.
///
/// Pages are mapped when they are first asked for, in pages of 2 MiB where that fits, and stay.
enum DeviceMap {
  static let base = UInt64(APUS_DEVICE_MAP)
  private static let pageSize = PageTable.pageSize
  private static let largePageSize: UInt64 = 2 << 20

  /// What physical addresses this CPU has, as far as the map can hold them: 64 TiB.
  ///
  /// Source: Intel SDM vol. 2A, CPUID leaf 80000008h.
  static var byteCount: UInt64 {
    let hasLeaf = apus_read_cpuid(0x8000_0000, 0).eax >= 0x8000_0008
    let width = hasLeaf ? apus_read_cpuid(0x8000_0008, 0).eax & 0xff : 36
    return 1 << UInt64(min(max(width, 36), 46))
  }

  static func address(of physical: UInt64) -> UInt64 { base + physical }

  /// Registers that safe code must not reach. Messages to local APICs are writes to the first 1 MiB.
  private struct Reserved: Sendable {
    var ranges: InlineArray<16, Range<UInt64>> = InlineArray(repeating: 0..<0)
    var count = 0
  }

  private static let interruptMessages: Range<UInt64> = 0xfee0_0000..<0xfef0_0000
  private static let reserved = SpinLock(Reserved())

  /// Maps `range` for whoever asks.
  ///
  /// - Returns: its address.
  /// - Throws: what `DeviceSpace.map` says.
  static func map(_ range: Range<UInt64>, _ caching: DeviceSpace.Caching) throws(Errno) -> UInt64 {
    let pages = try pages(of: range)
    guard !pages.overlaps(interruptMessages), !isReserved(pages) else { throw .EPERM }
    return try map(range, pages, caching)
  }

  /// Maps `range` for Machine, and keeps its pages from everybody else from now on.
  static func mapReserved(_ range: Range<UInt64>) throws(Errno) -> UInt64 {
    let pages = try pages(of: range)
    let isKept = reserved.withLock { reserved in
      guard reserved.count < reserved.ranges.count else { return false }
      reserved.ranges[reserved.count] = pages
      reserved.count += 1
      return true
    }
    guard isKept else { throw .ENOMEM }
    return try map(range, pages, .uncached)
  }

  private static func isReserved(_ pages: Range<UInt64>) -> Bool {
    reserved.withLock { reserved in
      for index in 0..<reserved.count where reserved.ranges[index].overlaps(pages) { return true }
      return false
    }
  }

  private static func pages(of range: Range<UInt64>) throws(Errno) -> Range<UInt64> {
    guard !range.isEmpty, range.upperBound <= byteCount else { throw .EINVAL }
    return range.lowerBound & ~(pageSize - 1)..<(range.upperBound + pageSize - 1) & ~(pageSize - 1)
  }

  private static func map(
    _ range: Range<UInt64>, _ pages: Range<UInt64>, _ caching: DeviceSpace.Caching
  ) throws(Errno) -> UInt64 {
    // SAFETY: a plain read of a flag that only the boot CPU writes, while it is alone.
    guard unsafe PhysicalReach.hasKernelTables else { throw .ENODEV }
    guard PhysicalMap.isOutside(pages) else { throw .EPERM }
    let attributes = attributes(caching)
    var page = pages.lowerBound
    while page < pages.upperBound {
      let isLarge = page & (largePageSize - 1) == 0 && pages.upperBound - page >= largePageSize
      if isLarge, try mapPage(page, level: 1, attributes.union(.large)) {
        page += largePageSize
      } else {
        // Part of a large page may be there already, with the same caching.
        let isMapped = try mapPage(page, level: 0, attributes)
        guard isMapped || covers(page, attributes) else { throw .EBUSY }
        page += pageSize
      }
    }
    return address(of: range.lowerBound)
  }

  /// Maps one page.
  ///
  /// - Returns: false when there is a table or a larger page in its place, or it is mapped with another caching.
  private static func mapPage(_ page: UInt64, level: Int, _ attributes: PageAttributes) throws(Errno) -> Bool {
    // SAFETY: the entry is for a page of the device map, which nothing else maps; entries go from 0 to their value once.
    guard
      let entry = unsafe KernelTables.entry(
        at: UInt(address(of: page)), level: level, createsTables: true, .kernel)
    else {
      guard isTranslated(page) else { throw .ENOMEM }
      return false
    }
    let wanted = page | attributes.rawValue
    let (isOurs, old) = unsafe entry.pointee.compareExchange(
      expected: 0, desired: wanted, ordering: .acquiringAndReleasing)
    return isOurs || old == wanted
  }

  private static func isTranslated(_ page: UInt64) -> Bool {
    PageTable.translate(address(of: page), root: KernelRoot.frame.address) != nil
  }

  /// Whether `page` is mapped already, with `attributes`.
  private static func covers(_ page: UInt64, _ attributes: PageAttributes) -> Bool {
    let translation = PageTable.translate(address(of: page), root: KernelRoot.frame.address)
    guard let (entry, _) = translation else { return false }
    let caching: PageAttributes = [.writeThrough, .cacheDisable]
    return entry & caching.rawValue == attributes.intersection(caching).rawValue
  }

  private static func attributes(_ caching: DeviceSpace.Caching) -> PageAttributes {
    switch caching {
    case .uncached: .device
    case .writeCombining: .frameBuffer
    case .writeBack: .data
    }
  }
}
