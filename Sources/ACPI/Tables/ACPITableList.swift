import Foundations
import Machine

/// Where the firmware's tables are: what the root pointer leads to. Source: ACPI 6.5, sections 5.2.5 to 5.2.8.
///
/// A table that is not what it says is left out with its error kept; the rest can be used.
public struct ACPITableList: ~Copyable {
  /// One table in the list.
  public struct Entry: Sendable {
    /// What it is; zero for memory that cannot be read.
    public var signature: ACPISignature
    /// Where it is.
    public var address: UInt64
    /// Its bytes with the header.
    public var length: UInt32
    /// Its revision.
    public var revision: UInt8
    /// Six characters: who made it.
    public var oem: UInt64
    /// Eight characters: what the maker calls it.
    public var oemTable: UInt64
    /// Why it cannot be used; nil when it can.
    public var error: ACPITableError?
  }

  /// More tables than any machine has.
  private static let entryLimit = 1_024

  /// The tables in the firmware's order, then the DSDT.
  public private(set) var entries = GrowableArray<Entry>()
  /// The root pointer's revision: 0 for ACPI 1.0, 2 for all since.
  public private(set) var revision: UInt8 = 0
  /// Whether addresses came from the XSDT.
  public private(set) var isExtended = false

  /// Reads the list behind the root pointer at `address`.
  public init<Memory: ACPIMemory & ~Copyable>(
    rootPointerAt address: UInt64, in memory: borrowing Memory
  ) throws(ACPITableError) {
    try self.init(RootPointer(at: address, in: memory), in: memory)
  }

  /// Reads the list behind a root pointer.
  public init<Memory: ACPIMemory & ~Copyable>(
    _ root: RootPointer, in memory: borrowing Memory
  ) throws(ACPITableError) {
    revision = root.revision
    try addRoot(root, memory)
    try addDSDT(memory)
  }

  /// Takes the XSDT, or the RSDT when there is none or it is bad.
  private mutating func addRoot<Memory: ACPIMemory & ~Copyable>(
    _ root: RootPointer, _ memory: borrowing Memory
  ) throws(ACPITableError) {
    if root.extendedTable != 0 {
      do {
        let table = try ACPITable(at: root.extendedTable, "XSDT", in: memory)
        isExtended = true
        return try add(table, entrySize: 8, memory)
      } catch {
        guard root.table != 0, error != .outOfMemory else { throw error }
      }
    }
    let table = try ACPITable(at: UInt64(root.table), "RSDT", in: memory)
    try add(table, entrySize: 4, memory)
  }

  private mutating func add<Memory: ACPIMemory & ~Copyable>(
    _ table: borrowing ACPITable, entrySize: Int, _ memory: borrowing Memory
  ) throws(ACPITableError) {
    var offset = ACPITable.headerLength
    while table.has(offset, entrySize), entries.count < Self.entryLimit {
      let address = entrySize == 8 ? table.integer64(offset) : UInt64(table.integer32(offset))
      offset += entrySize
      if address != 0 { try addEntry(at: address, memory) }
    }
  }

  /// The DSDT is not in the list: the FADT leads to it.
  private mutating func addDSDT<Memory: ACPIMemory & ~Copyable>(
    _ memory: borrowing Memory
  ) throws(ACPITableError) {
    guard let index = firstIndex(of: "FACP"), entries[index].error == nil else { return }
    let address = try FADT(try ACPITable(at: entries[index].address, "FACP", in: memory)).dsdtAddress
    if address != 0 { try addEntry(at: address, memory) }
  }

  private mutating func addEntry<Memory: ACPIMemory & ~Copyable>(
    at address: UInt64, _ memory: borrowing Memory
  ) throws(ACPITableError) {
    var entry = Entry(
      signature: ACPISignature(rawValue: 0), address: address, length: 0, revision: 0, oem: 0, oemTable: 0)
    do throws(ACPITableError) {
      let header = try ACPITable(raw: address, count: ACPITable.headerLength, in: memory)
      entry.signature = header.signature
      entry.length = header.integer32(4)
      entry.revision = header.revision
      entry.oem = header.oem
      entry.oemTable = header.oemTable
      // The FACS has no checksum. Source: ACPI 6.5, section 5.2.10.
      if entry.signature != "FACS" { _ = try ACPITable(at: address, in: memory) }
    } catch {
      if error == .outOfMemory { throw error }
      entry.error = error
    }
    do { try entries.append(entry) } catch { throw .outOfMemory }
  }

  private func firstIndex(of signature: ACPISignature) -> Int? {
    for index in 0..<entries.count where entries[index].signature == signature { return index }
    return nil
  }

  /// How many tables have this signature and can be used.
  public func count(of signature: ACPISignature) -> Int {
    var count = 0
    for index in 0..<entries.count where entries[index].signature == signature && entries[index].error == nil {
      count += 1
    }
    return count
  }

  /// Copies table number `instance`, 0..., with this signature.
  ///
  /// - Throws: `.missing` when there is none; the table's own error when it cannot be used.
  public func table<Memory: ACPIMemory & ~Copyable>(
    _ signature: ACPISignature, instance: Int = 0, in memory: borrowing Memory
  ) throws(ACPITableError) -> ACPITable {
    var number = 0
    var failure: ACPITableError?
    for index in 0..<entries.count where entries[index].signature == signature {
      if let error = entries[index].error {
        failure = error
        continue
      }
      if number == instance { return try ACPITable(at: entries[index].address, signature, in: memory) }
      number += 1
    }
    throw failure ?? .missing(signature: signature.rawValue)
  }
}

/// The root pointer: where everything begins. Source: ACPI 6.5, section 5.2.5.3.
public struct RootPointer: Equatable, Sendable {
  /// 0 for ACPI 1.0, 2 for all since.
  public var revision: UInt8
  /// Address of the RSDT.
  public var table: UInt32
  /// Address of the XSDT, zero when there is none.
  public var extendedTable: UInt64

  /// Reads and checks the pointer at `address`.
  public init<Memory: ACPIMemory & ~Copyable>(
    at address: UInt64, in memory: borrowing Memory
  ) throws(ACPITableError) {
    let first = try ACPITable(raw: address, count: 20, in: memory)
    // "RSD PTR " as a number.
    guard first.integer64(0) == 0x2052_5450_2044_5352 else { throw .badSignature(address: address) }
    guard Self.sum(first) == 0 else { throw .badChecksum(address: address) }
    revision = first.integer8(15)
    table = first.integer32(16)
    extendedTable = 0
    guard revision >= 2 else { return }
    let whole = try ACPITable(raw: address, count: 36, in: memory)
    let length = whole.integer32(20)
    guard length >= 36, length <= 4_096 else { throw .badLength(address: address, stated: length) }
    guard Self.sum(try ACPITable(raw: address, count: Int(length), in: memory)) == 0 else {
      throw .badChecksum(address: address)
    }
    extendedTable = whole.integer64(24)
  }

  private static func sum(_ bytes: borrowing ACPITable) -> UInt8 {
    var sum: UInt8 = 0
    for index in 0..<bytes.count { sum &+= bytes.integer8(index) }
    return sum
  }

  /// Looks for the pointer where a PC's BIOS leaves it, on 16-byte boundaries: in the first KiB of the extended BIOS data area,
  /// then in 0xE0000...0xFFFFF. Source: ACPI 6.5, section 5.2.5.1.
  public static func searchBIOS<Memory: ACPIMemory & ~Copyable>(_ memory: borrowing Memory) -> UInt64? {
    // The BIOS data area has the segment of the extended one at 0x40E.
    if let pointer = try? ACPITable(raw: 0x40e, count: 2, in: memory) {
      let start = UInt64(pointer.integer16(0)) << 4
      if start >= 0x400, start < 0xa_0000, let found = search(start..<(start + 0x400), memory) { return found }
    }
    return search(0xe_0000..<0x10_0000, memory)
  }

  private static func search<Memory: ACPIMemory & ~Copyable>(
    _ range: Range<UInt64>, _ memory: borrowing Memory
  ) -> UInt64? {
    var address = range.lowerBound
    while address < range.upperBound {
      if (try? RootPointer(at: address, in: memory)) != nil { return address }
      address += 16
    }
    return nil
  }
}
