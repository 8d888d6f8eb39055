/// A command to AMD's IOMMU: 16 bytes. Source: AMD 48882, section 2.4.
struct AMDCommand: Equatable {
  static var byteCount: Int { 16 }
  /// The address that means all pages. Source: section 2.4.3.
  private static var everyPage: UInt64 { 0x7fff_ffff_ffff_f000 }

  let first: UInt64
  let second: UInt64

  /// When all before it is done: write `value` to `address`, a multiple of eight.
  static func completionWait(storing value: UInt64, at address: UInt64) -> AMDCommand {
    var command = AMDCommands.Wait()
    command.stores = true
    command.address = address
    return AMDCommand(first: command.rawValue, second: value)
  }

  /// Forget a device's entry in the device table.
  static func invalidateDevice(_ sourceID: UInt16) -> AMDCommand {
    var command = AMDCommands.InvalidateDevice()
    command.source = sourceID
    return AMDCommand(first: command.rawValue, second: 0)
  }

  /// Forget what page tables say of all pages of a domain.
  static func invalidateDomain(_ domain: UInt16) -> AMDCommand {
    invalidate(everyPage, .range, .pagesAndTables, of: domain)
  }

  /// Forget what page tables say of `pages`, page numbers, at least one, of a domain, and what is near them: a range has a size of
  /// two to some power and begins at a multiple of that.
  ///
  /// - Parameter withTables: also entries that name tables.
  static func invalidate(_ pages: Range<UInt64>, of domain: UInt16, withTables: Bool) -> AMDCommand {
    let limit: UInt64 = 1 << 52
    guard !pages.isEmpty, pages.upperBound <= limit else { return invalidateDomain(domain) }
    let extent: Extent = withTables ? .pagesAndTables : .pages
    let last = pages.upperBound - 1
    guard last != pages.lowerBound else { return invalidate(last << 12, .one, extent, of: domain) }
    // The size is told by how many ones stand below the lowest zero.
    let highest = 63 - UInt64((last ^ pages.lowerBound).leadingZeroBitCount)
    guard highest < 50 else { return invalidateDomain(domain) }
    let page = (pages.lowerBound >> highest) << highest | ((1 << highest) - 1)
    return invalidate(page << 12, .range, extent, of: domain)
  }

  private enum Size { case one, range }
  private enum Extent { case pages, pagesAndTables }

  private static func invalidate(_ address: UInt64, _ size: Size, _ extent: Extent, of domain: UInt16) -> AMDCommand {
    var command = AMDCommands.InvalidatePages()
    command.domain = domain
    var pages = AMDCommands.Pages()
    pages.isRange = size == .range
    pages.withTables = extent == .pagesAndTables
    pages.address = address
    return AMDCommand(first: command.rawValue, second: pages.rawValue)
  }

  /// Forget everything.
  static var invalidateAll: AMDCommand { AMDCommand(first: AMDCommands.InvalidateAll().rawValue, second: 0) }
}
