import ACPI
import Foundations

/// Writes tables into a small memory that begins at address zero.
struct TableBuilder {
  var memory = SavedMemory(bytes: [UInt8](repeating: 0, count: 1 << 16))
  private var next = 0x1000

  static func number(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
  }

  /// A table with a good header around `body`.
  static func table(_ signature: String, revision: UInt8 = 1, _ body: [UInt8]) -> [UInt8] {
    var table = Array(signature.utf8) + [0, 0, 0, 0, revision, 0] + Array("APUS  TEST    ".utf8) + [1, 0, 0, 0]
    table += Array("APUS".utf8) + [1, 0, 0, 0] + body
    RandomCode.seal(&table)
    return table
  }

  /// Puts bytes at the next free address; gives it.
  mutating func place(_ bytes: [UInt8], at address: Int? = nil) -> UInt64 {
    let start = address ?? next
    memory.bytes.replaceSubrange(start..<(start + bytes.count), with: bytes)
    if address == nil { next += (bytes.count + 15) & ~15 }
    return UInt64(start)
  }

  /// A root pointer of revision 0 or 2.
  static func rootPointer(table: UInt32, extended: UInt64?) -> [UInt8] {
    var pointer = Array("RSD PTR ".utf8) + [0] + Array("APUS  ".utf8) + [extended == nil ? 0 : 2]
    pointer += number(UInt64(table), 4)
    pointer[8] = 0 &- pointer.reduce(0, &+)
    guard let extended else { return pointer }
    pointer += number(36, 4) + number(extended, 8) + [0, 0, 0, 0]
    pointer[32] = 0 &- pointer.reduce(0, &+)
    return pointer
  }

  static func genericAddress(_ space: UInt8, _ bits: UInt8, _ address: UInt64, access: UInt8 = 0) -> [UInt8] {
    [space, bits, 0, access] + number(address, 8)
  }

  /// A FADT of revision 6 with both forms of each block, the generic one elsewhere than the port.
  static func fadt(dsdt: UInt64, facs: UInt64 = 0, count: Int = 276) -> [UInt8] {
    var body = [UInt8](repeating: 0, count: 276 - 36)
    func set(_ offset: Int, _ bytes: [UInt8]) {
      body.replaceSubrange((offset - 36)..<(offset - 36 + bytes.count), with: bytes)
    }
    set(36, number(facs, 4))
    set(40, number(dsdt, 4))
    set(45, [4])
    set(46, number(9, 2))
    set(48, number(0xb2, 4) + [0xe1, 0x1e])
    set(56, number(0x600, 4) + number(0, 4) + number(0x604, 4) + number(0, 4) + number(0x650, 4) + number(0x608, 4))
    set(80, number(0x620, 4) + number(0x640, 4) + [4, 2, 1, 4, 16, 8, 16])
    set(108, [0x32])
    set(109, number(0b10_0011, 2))
    set(112, number(1 << 10 | 1 << 8 | 1 << 4, 4))
    set(116, genericAddress(1, 8, 0xcf9))
    set(128, [6])
    set(148, genericAddress(1, 32, 0x1600))
    set(172, genericAddress(1, 8, 0x1604, access: 2))
    set(244, genericAddress(0, 8, 0xfed8_0000))
    set(256, genericAddress(0, 8, 0xfed8_0001))
    return table("FACP", revision: 6, Array(body.prefix(count - 36)))
  }

  /// An MADT with one of each kind of entry.
  static let madt = table(
    "APIC", revision: 5,
    number(0xfee0_0000, 4) + number(1, 4)
      + [0, 8, 3, 7] + number(1, 4) + [0, 8, 4, 8] + number(2, 4)
      + [1, 12, 9, 0] + number(0xfec0_0000, 4) + number(24, 4)
      + [2, 10, 0, 5] + number(20, 4) + number(0xd, 2)
      + [3, 8] + number(0xf, 2) + number(2, 4)
      + [4, 6, 0xff] + number(5, 2) + [1]
      + [5, 12, 0, 0] + number(0x1_fee0_0000, 8)
      + [9, 16, 0, 0] + number(300, 4) + number(1, 4) + number(70_000, 4)
      + [10, 12] + number(0, 2) + number(UInt64(UInt32.max), 4) + [0, 0, 0, 0] + [0x7f, 4, 1, 2])

  static let srat = table(
    "SRAT", revision: 3,
    number(1, 4) + number(0, 8)
      + [0, 16, 2, 9] + number(1, 4) + [0, 1, 0, 0] + number(0, 4)
      + [0, 16, 5, 10] + number(0, 4) + number(0, 8)
      + [1, 40] + number(7, 4) + number(0, 2) + number(0x1000, 8) + number(0x2000, 8) + number(0, 4) + number(3, 4)
      + number(0, 8)
      + [2, 24, 0, 0] + number(3, 4) + number(500, 4) + number(1, 4) + number(0, 8))

  static let slit = table("SLIT", number(2, 8) + [10, 21, 255, 10])
  static let mcfg = table(
    "MCFG",
    number(0, 8) + number(0xb000_0000, 8) + number(0, 2) + [0, 127] + number(0, 4)
      + number(0x8_0000_0000, 8) + number(3, 2) + [128, 255] + number(0, 4))
  static let hpet = table(
    "HPET", number(0x8086_a201, 4) + genericAddress(0, 64, 0xfed0_0000) + [2] + number(0x37ee, 2) + [0])
  static let bgrt = table("BGRT", number(1, 2) + [0b11, 0] + number(0x7000_0000, 8) + number(300, 4) + number(200, 4))
  static let waet = table("WAET", number(2, 4))
}
