import Foundations

/// Which CPUs and which memory are near each other. Source: ACPI 6.5, section 5.2.16.
public struct SRAT: ~Copyable {
  private let table: ACPITable

  /// One thing that belongs to a proximity domain.
  public enum Entry: Equatable, Sendable {
    /// A CPU by its APIC identifier.
    case processor(apic: UInt32, domain: UInt32)
    /// A range of memory.
    case memory(range: Range<UInt64>, domain: UInt32, isHotPluggable: Bool, isNonVolatile: Bool)
  }

  /// Reads the table and checks all its entries.
  ///
  /// - Throws: `.badEntry` for an entry that is too short, passes the end, or has memory beyond all addresses.
  public init(_ table: consuming ACPITable) throws(ACPITableError) {
    guard table.signature == "SRAT" else { throw .badSignature(address: table.address) }
    guard table.count >= 48 else { throw .badLength(address: table.address, stated: UInt32(table.count)) }
    try table.forEachEntry(from: 48) { type, offset, length throws(ACPITableError) in
      switch type {
      case 0: guard length >= 16 else { throw .badEntry(offset: offset) }
      case 1:
        guard length >= 40, table.integer64(offset + 8) <= UInt64.max - table.integer64(offset + 16) else {
          throw .badEntry(offset: offset)
        }
      case 2: guard length >= 24 else { throw .badEntry(offset: offset) }
      default: break
      }
    }
    self.table = table
  }

  /// Calls `body` for each entry that is enabled, in the table's order.
  public func forEach(_ body: (Entry) -> Void) {
    try? table.forEachEntry(from: 48) { type, offset, _ throws(ACPITableError) in
      if let entry = self.entry(type, offset) { body(entry) }
    }
  }

  private func entry(_ type: UInt8, _ offset: Int) -> Entry? {
    switch type {
    case 0:
      guard table.integer32(offset + 4)[bit: 0] else { return nil }
      // Revision 1 has eight bits of the domain, and rubbish where the others are.
      let high = table.revision >= 2 ? table.integer32(offset + 8) & 0xffff_ff00 : 0
      return .processor(apic: UInt32(table.integer8(offset + 3)), domain: UInt32(table.integer8(offset + 2)) | high)
    case 1:
      let flags = table.integer32(offset + 28)
      let (base, length) = (table.integer64(offset + 8), table.integer64(offset + 16))
      guard flags[bit: 0], length > 0 else { return nil }
      let domain = table.integer32(offset + 2) & (table.revision >= 2 ? UInt32.max : 0xff)
      return .memory(
        range: base..<(base + length), domain: domain, isHotPluggable: flags[bit: 1], isNonVolatile: flags[bit: 2])
    case 2:
      guard table.integer32(offset + 12)[bit: 0] else { return nil }
      return .processor(apic: table.integer32(offset + 8), domain: table.integer32(offset + 4))
    default: return nil
    }
  }
}

/// How far proximity domains are from each other. Source: ACPI 6.5, section 5.2.17.
public struct SLIT: ~Copyable {
  private let table: ACPITable
  /// How many domains there are.
  public let count: Int

  /// Reads the table.
  ///
  /// - Throws: `.badLength` when the matrix does not fit into it; `.badEntry` for a distance below 10, or for a domain that is
  ///   not 10 from itself.
  public init(_ table: consuming ACPITable) throws(ACPITableError) {
    guard table.signature == "SLIT" else { throw .badSignature(address: table.address) }
    let stated = table.integer64(36)
    guard table.has(36, 8), stated <= 1_024, table.has(44, Int(stated * stated)) else {
      throw .badLength(address: table.address, stated: UInt32(table.count))
    }
    let count = Int(stated)
    for from in 0..<count {
      for to in 0..<count {
        let offset = 44 + from * count + to
        guard from == to ? table.integer8(offset) == 10 : table.integer8(offset) >= 10 else {
          throw .badEntry(offset: offset)
        }
      }
    }
    self.count = count
    self.table = table
  }

  /// The distance between two domains, 10 for near; nil for domains that are none and for those that do not reach each other.
  public func distance(from: Int, to: Int) -> UInt8? {
    guard from >= 0, from < count, to >= 0, to < count else { return nil }
    let distance = table.integer8(44 + from * count + to)
    return distance == 255 ? nil : distance
  }
}
