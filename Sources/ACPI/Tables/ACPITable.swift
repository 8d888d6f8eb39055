import Foundations
import Machine

/// One table, copied out of physical memory and checked. Source: ACPI 6.5, section 5.2.6.
///
/// Reading beyond the end gives nil, never a trap: tables of older revisions are shorter.
public struct ACPITable: ~Copyable {
  /// The length of the header that all tables but RSDP and FACS have.
  public static let headerLength = 36
  /// Longer than any real table: firmware's DSDTs have some hundred KiB.
  static let lengthLimit: UInt32 = 16 << 20

  /// The table's bytes with its header.
  public private(set) var bytes = GrowableArray<UInt8>()
  /// Where it came from.
  public let address: UInt64

  /// Copies the table at `address` and checks its length and checksum.
  ///
  /// - Parameter expected: The signature that it must have; nil for any.
  public init<Memory: ACPIMemory & ~Copyable>(
    at address: UInt64, _ expected: ACPISignature? = nil, in memory: borrowing Memory
  ) throws(ACPITableError) {
    self.address = address
    try read(count: Self.headerLength, memory)
    let length = integer32(4)
    if let expected, expected != signature { throw .badSignature(address: address) }
    guard length >= UInt32(Self.headerLength), length <= Self.lengthLimit else {
      throw .badLength(address: address, stated: length)
    }
    try read(count: Int(length), memory)
    var sum: UInt8 = 0
    for index in 0..<bytes.count { sum &+= bytes[index] }
    guard sum == 0 else { throw .badChecksum(address: address) }
  }

  /// Copies `count` bytes at `address` that have no header, such as the RSDP.
  init<Memory: ACPIMemory & ~Copyable>(
    raw address: UInt64, count: Int, in memory: borrowing Memory
  ) throws(ACPITableError) {
    self.address = address
    try read(count: count, memory)
  }

  private mutating func read<Memory: ACPIMemory & ~Copyable>(
    count: Int, _ memory: borrowing Memory
  ) throws(ACPITableError) {
    let address = address
    guard address <= UInt64.max - UInt64(count) else { throw .unreadable(address: address) }
    // Page by page, so that a table that lies about its length costs no more than what is really there.
    while bytes.count < count {
      let start = bytes.count
      do { try bytes.resize(to: min(count, start + 4_096), filledWith: 0) } catch { throw .outOfMemory }
      var span = bytes.mutableSpan
      var page = span._mutatingExtracting(droppingFirst: start)
      guard memory.read(at: address + UInt64(start), into: &page) else { throw .unreadable(address: address) }
    }
  }

  /// Gives the bytes away, for the interpreter.
  public consuming func takeBytes() -> GrowableArray<UInt8> { bytes }

  /// How many bytes it has.
  public var count: Int { bytes.count }
  /// What it is.
  public var signature: ACPISignature { ACPISignature(rawValue: integer32(0)) }
  /// Its revision.
  public var revision: UInt8 { integer8(8) }
  /// Six characters: who made it.
  public var oem: UInt64 { integer64(10) & 0xffff_ffff_ffff }
  /// Eight characters: what the maker calls it.
  public var oemTable: UInt64 { integer64(16) }

  /// Whether `count` bytes at `offset` are in the table.
  func has(_ offset: Int, _ count: Int) -> Bool { offset >= 0 && count >= 0 && offset <= bytes.count - count }

  /// The number in `count` bytes, 8 at most; zero behind the end.
  private func integer(_ offset: Int, _ count: Int) -> UInt64 {
    guard has(offset, count) else { return 0 }
    var value: UInt64 = 0
    for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(index * 8) }
    return value
  }

  func integer8(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: integer(offset, 1)) }
  func integer16(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: integer(offset, 2)) }
  func integer32(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: integer(offset, 4)) }
  func integer64(_ offset: Int) -> UInt64 { integer(offset, 8) }

  /// The generic address at `offset`, or nil when the table is too short for it or it says that there is none.
  func genericAddress(_ offset: Int) -> GenericAddress? {
    guard has(offset, 12), integer64(offset + 4) != 0 else { return nil }
    return GenericAddress(
      space: AMLAddressSpace(rawValue: integer8(offset)), bitWidth: integer8(offset + 1),
      bitOffset: integer8(offset + 2), accessSize: integer8(offset + 3), address: integer64(offset + 4))
  }

  /// Calls `body` for each of the entries that begin with a type and a length, from `start` to the end.
  ///
  /// - Throws: `.badEntry` for a length that is zero or passes the end; what `body` throws.
  func forEachEntry(
    from start: Int, _ body: (_ type: UInt8, _ offset: Int, _ length: Int) throws(ACPITableError) -> Void
  ) throws(ACPITableError) {
    var offset = start
    while offset < count {
      let length = Int(integer8(offset + 1))
      guard has(offset, 2), length >= 2, has(offset, length) else { throw .badEntry(offset: offset) }
      try body(integer8(offset), offset, length)
      offset += length
    }
  }
}
