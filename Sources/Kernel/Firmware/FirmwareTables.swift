import ACPI
import BootInformation
import Foundations
import Logging
import Machine

/// The firmware's tables in physical memory.
struct FirmwareReader: ACPIMemory {
  borrowing func read(at address: UInt64, into bytes: inout MutableSpan<UInt8>) -> Bool {
    do throws(Errno) {
      try FirmwareMemory().read(at: address, into: &bytes)
      return true
    } catch {
      return false
    }
  }
}

/// The loader's copy of the root pointer, from address 0 on.
private struct RootPointerReader: ACPIMemory {
  let bytes: BootText<36>

  borrowing func read(at address: UInt64, into bytes: inout MutableSpan<UInt8>) -> Bool {
    let copy = self.bytes.bytes
    guard address <= copy.count, bytes.count <= copy.count - Int(address) else { return false }
    for index in 0..<bytes.count { bytes[index] = copy[Int(address) + index] }
    return true
  }
}

/// What the firmware says of the machine, for the boot steps that want it.
struct FirmwareTables: ~Copyable {
  private let list: ACPITableList

  /// Finds the tables, by the loader's information or where a BIOS leaves them, and logs them.
  ///
  /// - Returns: nil when there are none that can be used.
  init?(_ information: borrowing BootInformation) {
    do throws(ACPITableError) {
      guard let root = try Self.root(information) else {
        KernelLog.add(.warning, .acpi, "the firmware has no ACPI tables")
        return nil
      }
      list = try ACPITableList(root, in: FirmwareReader())
    } catch {
      KernelLog.add(.warning, .acpi, "the ACPI tables cannot be used: \(error.reason)")
      return nil
    }
    for index in 0..<list.entries.count { Self.log(list.entries[index]) }
  }

  private static func root(_ information: borrowing BootInformation) throws(ACPITableError) -> RootPointer? {
    if information.rootPointer.count > 0 {
      return try RootPointer(at: 0, in: RootPointerReader(bytes: information.rootPointer))
    }
    let reader = FirmwareReader()
    guard let address = information.rsdpAddress ?? RootPointer.searchBIOS(reader) else { return nil }
    return try RootPointer(at: address, in: reader)
  }

  /// A copy of table number `instance` with this signature; nil, logged unless it is only missing, when there is none.
  func table(_ signature: ACPISignature, instance: Int = 0) -> ACPITable? {
    do throws(ACPITableError) {
      return try list.table(signature, instance: instance, in: FirmwareReader())
    } catch {
      return nil
    }
  }

  /// How many tables have this signature.
  func count(of signature: ACPISignature) -> Int { list.count(of: signature) }

  /// Where the tables are that can be used, for who wants one by its maker's name.
  func directory() throws(Errno) -> FirmwareTableDirectory {
    var directory = FirmwareTableDirectory()
    for index in 0..<list.entries.count where list.entries[index].error == nil {
      try directory.entries.append(list.entries[index])
    }
    return directory
  }

  private static func log(_ entry: ACPITableList.Entry) {
    var text = Message()
    entry.signature.write(to: &text)
    text.write(Message(" \(hex: entry.address, width: 8) \(entry.length) bytes, revision \(UInt64(entry.revision)) "))
    write(entry.oem, count: 6, to: &text)
    text.write(" ")
    write(entry.oemTable, count: 8, to: &text)
    switch entry.error {
    case nil: KernelLog.add(.info, .acpi, text)
    case .some(let error):
      text.write(": refused, ")
      text.write(error.reason)
      KernelLog.add(.warning, .acpi, text)
    }
  }

  /// Writes the characters of a name, the first in the lowest byte.
  private static func write(_ characters: UInt64, count: Int, to text: inout Message) {
    for index in 0..<count {
      let byte = UInt8(truncatingIfNeeded: characters >> UInt64(index * 8))
      if byte != 0 { text.write(byte: (0x20...0x7e).contains(byte) ? byte : 0x3f) }
    }
  }
}

/// The tables that AML's LoadTable and DataTableRegion can name.
struct FirmwareTableDirectory: ~Copyable {
  fileprivate(set) var entries = GrowableArray<ACPITableList.Entry>()
  /// The table that was read last, so that reading it byte by byte does not copy it each time.
  private var copied: ACPITable?
  private var copiedNumber: UInt32 = 0

  /// The number of the first table with these; zero stands for any maker.
  func find(signature: UInt32, oem: UInt64, oemTable: UInt64) -> UInt32? {
    for index in 0..<entries.count where entries[index].signature.rawValue == signature {
      guard oem == 0 || entries[index].oem == oem else { continue }
      guard oemTable == 0 || entries[index].oemTable == oemTable else { continue }
      return UInt32(index)
    }
    return nil
  }

  /// How long table `number` is; zero when there is none.
  func length(of number: UInt32) -> UInt64 {
    Int(number) < entries.count ? UInt64(entries[Int(number)].length) : 0
  }

  /// Byte `offset` of table `number`; zero behind its end.
  mutating func byte(of number: UInt32, at offset: UInt64) -> UInt8 {
    guard offset < length(of: number) else { return 0 }
    if copied == nil || copiedNumber != number {
      do throws(ACPITableError) {
        copied = try ACPITable(at: entries[Int(number)].address, in: FirmwareReader())
        copiedNumber = number
      } catch {
        return 0
      }
    }
    switch copied {
    case .some(let table): return Int(offset) < table.bytes.count ? table.bytes[Int(offset)] : 0
    case nil: return 0
    }
  }
}

extension ACPITableError {
  /// The error in words.
  var reason: Message {
    switch self {
    case .unreadable: "its memory cannot be read"
    case .badSignature: "it has another signature"
    case .badChecksum: "its checksum is wrong"
    case .badLength(_, let stated): "its length \(UInt64(stated)) makes no sense"
    case .badEntry(let offset): "its entry at \(offset) makes no sense"
    case .missing: "it is missing"
    case .outOfMemory: "there is no memory for it"
    }
  }
}
