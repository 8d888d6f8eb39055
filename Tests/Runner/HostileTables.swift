/// An ACPI table that lies, and what the kernel has to say of it.
///
/// QEMU puts lengths and checksums right, so tables with wrong ones are for the host's tests only.
struct HostileTables: Sendable {
  var name: String
  var machine = "q35"
  var arguments: [String] = []
  var bytes: [UInt8]
  /// What the log has when the lie was noticed.
  var complaint: String

  static let all = [
    HostileTables(
      name: "code that loops while it is loaded", bytes: table("SSDT", loop), complaint: "ends early: too m"),
    HostileTables(
      name: "a device whose start sleeps for ever", bytes: table("SSDT", device(loopAround(sleep))),
      complaint: "_INI of \\EVIL failed: too much time"),
    HostileTables(
      name: "code that writes into the kernel", bytes: table("SSDT", write(to: 0x10_0000)),
      complaint: "ends early: access refused"),
    HostileTables(
      name: "code that is noise", bytes: table("SSDT", (0..<400).map { UInt8(truncatingIfNeeded: $0 * 73 + 11) }),
      complaint: "ends early: "),
    HostileTables(
      name: "an MCFG that leads into memory", machine: "pc",
      bytes: table("MCFG", number(0, 8) + number(0x10_0000, 8) + number(0, 2) + [0, 255] + number(0, 4)),
      complaint: "the memory of MCFG at"),
    HostileTables(
      name: "an MCFG with its buses in reverse", machine: "pc",
      bytes: table("MCFG", number(0, 8) + number(0xb000_0000, 8) + number(0, 2) + [255, 0] + number(0, 4)),
      complaint: "the ACPI table MCFG cannot be used"),
    HostileTables(
      name: "an HPET that leads into memory", machine: "q35,hpet=off",
      bytes: table("HPET", number(0x8086_a201, 4) + [0, 64, 0, 0] + number(0x10_0000, 8) + number(0, 4)),
      complaint: "the HPET at"),
    HostileTables(
      name: "a SLIT of more nodes than there are bytes", bytes: table("SLIT", number(UInt64.max, 8)),
      complaint: "SLIT"),
    HostileTables(
      name: "an SRAT whose entries have no length", bytes: table("SRAT", number(1, 12) + [0, 0, 0, 0]),
      complaint: "SRAT"),
  ]

  /// A table with a header whose checksum is right. Source: ACPI 6.5, section 5.2.6.
  private static func table(_ signature: String, _ body: [UInt8]) -> [UInt8] {
    var bytes = Array(signature.utf8) + number(UInt64(36 + body.count), 4) + [2, 0]
    bytes += Array("APUS  HOSTILE ".utf8) + number(1, 4) + Array("APUS".utf8) + number(1, 4)
    bytes += body
    bytes[9] = 0 &- bytes.reduce(0, &+)
    return bytes
  }

  private static func number(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 < 8 ? value >> UInt64($0 * 8) : 0) }
  }

  // MARK: AML. Source: ACPI 6.5, section 20.2.

  /// `While (One) {}`
  private static let loop = loopAround([])
  /// `Sleep (100)`
  private static let sleep: [UInt8] = [0x5b, 0x22, 0x0a, 100]

  /// `While (One) { … }`
  private static func loopAround(_ body: [UInt8]) -> [UInt8] { [0xa2] + package([0x01] + body) }

  /// `Device (EVIL) { Method (_INI) { … } }`
  private static func device(_ body: [UInt8]) -> [UInt8] {
    let method = [0x14] + package(Array("_INI".utf8) + [0] + body)
    return [0x5b, 0x82] + package(Array("EVIL".utf8) + method)
  }

  /// `OperationRegion (KMEM, SystemMemory, address, 0x1000) Field (KMEM, ByteAcc) { KBYT, 8 } KBYT = 0xCC`
  private static func write(to address: UInt64) -> [UInt8] {
    let region = [0x5b, 0x80] + Array("KMEM".utf8) + [0, 0x0c] + number(address, 4) + [0x0b] + number(0x1000, 2)
    let field = [0x5b, 0x81] + package(Array("KMEM".utf8) + [1] + Array("KBYT".utf8) + [8])
    return region + field + [0x70, 0x0a, 0xcc] + Array("KBYT".utf8)
  }

  /// The length that counts itself, in one byte, before what it counts.
  private static func package(_ content: [UInt8]) -> [UInt8] {
    precondition(content.count < 63)
    return [UInt8(content.count + 1)] + content
  }
}
