import Foundations

/// The header of an entry, in digits. Source: cpio(5), "New ASCII Format" and "New CRC Format".
struct CpioHeader {
  static let byteCount = 110

  let entry: ArchiveEntry
  /// Bytes of the name with the zero at its end.
  let nameByteCount: UInt32
  /// The sum of the content's bytes, in the kind of archive that has one.
  let sum: UInt32?

  /// Reads the `byteCount` bytes of a header.
  init(_ bytes: Span<UInt8>) throws(ArchiveError.Reason) {
    guard bytes.count == Self.byteCount, bytes.starts(with: "07070") else { throw .notAnArchive }
    func field(_ index: Int) throws(ArchiveError.Reason) -> UInt32 { try Self.field(index, of: bytes) }
    switch bytes[5] {
    case UInt8(ascii: "1"): sum = nil
    case UInt8(ascii: "2"): sum = try field(12)
    case UInt8(ascii: "7"): throw .unsupportedArchive
    default: throw .notAnArchive
    }
    var entry = ArchiveEntry()
    entry.inode = try field(0)
    entry.mode = try field(1)
    entry.user = try field(2)
    entry.group = try field(3)
    entry.linkCount = try field(4)
    entry.modificationTime = try field(5)
    entry.size = try field(6)
    entry.device = .init(major: try field(7), minor: try field(8))
    entry.representedDevice = .init(major: try field(9), minor: try field(10))
    self.entry = entry
    nameByteCount = try field(11)
  }

  /// The number in field `index` behind the magic: eight hexadecimal digits.
  private static func field(_ index: Int, of bytes: Span<UInt8>) throws(ArchiveError.Reason) -> UInt32 {
    var value: UInt32 = 0
    for place in 6 + index * 8..<14 + index * 8 {
      let digit: UInt8
      switch bytes[place] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[place] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[place] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[place] - UInt8(ascii: "A") + 10
      default: throw .malformedHeader
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
