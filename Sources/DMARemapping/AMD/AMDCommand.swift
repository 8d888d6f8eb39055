/// A command to AMD's IOMMU: 16 bytes. Source: AMD 48882, section 2.4.
struct AMDCommand: Equatable {
  static var byteCount: Int { 16 }
  /// The address that means all pages. Source: section 2.4.3.
  private static var everyPage: UInt64 { 0x7fff_ffff_ffff_f000 }

  let first: UInt64
  let second: UInt64

  private init(_ operation: UInt64, _ first: UInt64, _ second: UInt64 = 0) {
    self.first = operation << 60 | first
    self.second = second
  }

  /// When all before it is done: write `value` to `address`, a multiple of eight.
  static func completionWait(storing value: UInt64, at address: UInt64) -> AMDCommand {
    AMDCommand(1, address & 0xf_ffff_ffff_fff8 | 1, value)
  }

  /// Forget a device's entry in the device table.
  static func invalidateDevice(_ sourceID: UInt16) -> AMDCommand { AMDCommand(2, UInt64(sourceID)) }

  /// Forget what page tables say of all pages of a domain.
  static func invalidateDomain(_ domain: UInt16) -> AMDCommand {
    AMDCommand(3, UInt64(domain) << 32, everyPage | 0b11)
  }

  /// Forget what page tables say of `pages`, page numbers, at least one, of a domain, and what is near them: a range has a size of
  /// two to some power and begins at a multiple of that.
  ///
  /// - Parameter withTables: also entries that name tables.
  static func invalidate(_ pages: Range<UInt64>, of domain: UInt16, withTables: Bool) -> AMDCommand {
    let limit: UInt64 = 1 << 52
    guard !pages.isEmpty, pages.upperBound <= limit else { return invalidateDomain(domain) }
    let last = pages.upperBound - 1
    let tables: UInt64 = withTables ? 0b10 : 0
    guard last != pages.lowerBound else { return AMDCommand(3, UInt64(domain) << 32, last << 12 | tables) }
    // The size is told by how many ones stand below the lowest zero.
    let highest = 63 - UInt64((last ^ pages.lowerBound).leadingZeroBitCount)
    guard highest < 50 else { return invalidateDomain(domain) }
    let address = ((pages.lowerBound >> highest) << highest | ((1 << highest) - 1)) << 12
    return AMDCommand(3, UInt64(domain) << 32, address | tables | 1)
  }

  /// Forget everything.
  static var invalidateAll: AMDCommand { AMDCommand(8, 0) }
}
