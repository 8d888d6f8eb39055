public import Foundations
public import Machine
public import PageFrames

/// What some devices behind one unit may reach.
///
/// Made by its unit, which numbers it. It keeps its unit, its page table and its number until nothing refers to it.
public final class RemappingDomain: DMADomain {
  /// The number by which the unit knows it.
  public let identifier: UInt16
  /// The unit that enforces it.
  public let unit: RemappingUnit
  private let table: IOPageTable

  /// Makes a domain in which nothing is mapped; `identifier` goes back to the unit with the domain, and when this throws.
  ///
  /// - Throws: `ENOMEM`.
  /// - Context: any without locks, not in contained work.
  public init(_ unit: RemappingUnit, identifier: UInt16, _ format: IOPageTableFormat) throws(Errno) {
    do throws(Errno) { table = try IOPageTable(format) } catch {
      unit.release(identifier)
      throw error
    }
    self.identifier = identifier
    self.unit = unit
    super.init()
  }

  deinit { unit.release(identifier) }

  /// How its tables are written.
  public var format: IOPageTableFormat { table.format }
  /// The physical address of its topmost table.
  public var tableAddress: UInt64 { table.address }

  public override func map(first: FrameNumber, count: Int) throws(Errno) {
    guard count > 0 else { throw .EINVAL }
    try map(pages: UInt64(first.rawValue)..<UInt64(first.rawValue) + UInt64(count))
  }

  /// Lets devices reach memory that firmware has told them to use.
  ///
  /// - Throws: as `map(first:count:)`.
  public func map(reserved addresses: Range<UInt64>) throws(Errno) {
    guard !addresses.isEmpty, addresses.upperBound <= 1 << 63 else { throw .EINVAL }
    try map(pages: addresses.lowerBound >> 12..<(addresses.upperBound + 0xfff) >> 12)
  }

  private func map(pages: Range<UInt64>) throws(Errno) {
    try Containment.outside { () throws(Errno) in
      try table.map(pages)
      do throws(Errno) { try unit.noticeMapped(pages, in: identifier) } catch {
        _ = remove(pages)
        throw error
      }
    }
  }

  public override func unmap(first: FrameNumber, count: Int) -> Bool {
    guard count > 0 else { return true }
    return Containment.outside { remove(UInt64(first.rawValue)..<UInt64(first.rawValue) + UInt64(count)) }
  }

  private func remove(_ pages: Range<UInt64>) -> Bool {
    table.unmap(pages) { pages, extent in unit.forget(pages, in: identifier, tablesToo: extent == .tables) }
  }
}
