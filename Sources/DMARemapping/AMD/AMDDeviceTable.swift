import Foundations
import Machine

/// What a device's entry in the device table says of interrupt messages and of the system management range.
///
/// Firmware knows, and tells it in the ACPI table IVRS. Source: AMD 48882, tables 7 and 95.
struct AMDDeviceSettings: Equatable, Sendable {
  /// The byte of the IVRS's device entry: bits 0...2 let INIT, external and NMI messages pass, 4...5 are about system management,
  /// 6 and 7 let the messages of LINT0 and LINT1 pass.
  var rawValue: UInt8

  /// Creates settings from the byte of the IVRS.
  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// What an entry says besides translation, for devices of `domain`. Messages of fixed vectors always pass, as none is remapped.
  func words(domain: UInt16) -> (AMDDeviceEntries.Domain, AMDDeviceEntries.Messages) {
    var second = AMDDeviceEntries.Domain()
    second.domain = domain
    second.systemManagement = rawValue >> 4 & 3
    var third = AMDDeviceEntries.Messages()
    third.passes = rawValue & 7
    third.passesLocal = rawValue >> 6
    return (second, third)
  }
}

/// The device table: for each source identifier whether translation is on, and by which page table.
///
/// No entry is ever without translation (V and TV are 1 in all of them): who is attached to nothing reaches nothing.
/// Source: AMD 48882, section 2.2.2.
final class AMDDeviceTable {
  static var entryByteCount: Int { 32 }
  /// Entries of one page, the least that a unit takes.
  private static var pageEntryCount: Int { 4_096 / entryByteCount }

  private let memory: DMABuffer
  /// A page table that maps nothing, for who is attached to nothing.
  private let empty: DMABuffer
  /// How many source identifiers have an entry; the unit refuses all others.
  let count: Int
  /// The first word of an entry of who is attached to nothing.
  private let closed: UInt64

  /// Makes a table in which nobody reaches anything, with entries up to that of `lastSourceID` at least.
  ///
  /// - Parameter levelCount: the levels of page tables.
  /// - Throws: `ENOMEM`.
  init(lastSourceID: UInt16, levelCount: Int) throws(Errno) {
    let count = (Int(lastSourceID) / Self.pageEntryCount + 1) * Self.pageEntryCount
    let empty = try DMABuffer(byteCount: 4_096)
    let memory = try DMABuffer(byteCount: count * Self.entryByteCount)
    let closed = Self.closedWord(empty.deviceAddress, levelCount: levelCount)
    Self.closeAll(memory, closed, count)
    self.count = count
    self.closed = closed
    self.empty = empty
    self.memory = memory
  }

  private static func closeAll(_ memory: borrowing DMABuffer, _ closed: UInt64, _ count: Int) {
    for index in 0..<count { close(memory, index * entryByteCount, closed, AMDDeviceSettings(rawValue: 0)) }
  }

  /// Where the unit finds it.
  var address: UInt64 { memory.deviceAddress }
  /// What the register that leads to it says of its size: pages less one.
  var lastPage: UInt16 { UInt16(truncatingIfNeeded: count / Self.pageEntryCount - 1) }

  /// Takes the device's access away. The unit is to forget its entry, and what it has of the domain.
  func close(_ sourceID: UInt16, _ settings: AMDDeviceSettings) {
    guard Int(sourceID) < count else { return }
    Self.close(memory, Int(sourceID) * Self.entryByteCount, closed, settings)
  }

  /// The first word goes first, in one access: without permissions what follows does not matter.
  private static func close(
    _ memory: borrowing DMABuffer, _ offset: Int, _ closed: UInt64, _ settings: AMDDeviceSettings
  ) {
    var (second, third) = settings.words(domain: 0)
    // Who goes on without a driver may do so often.
    second.suppressesRepetition = true
    memory.write64(closed, at: offset)
    memory.write64(second.rawValue, at: offset + 8)
    memory.write64(third.rawValue, at: offset + 16)
    memory.write64(0, at: offset + 24)
  }

  /// Lets the device reach what the page table of a domain maps. The unit is to forget its entry.
  ///
  /// The first word goes last, in one access, so that the entry never has one domain's table and another one's number.
  ///
  /// - Returns: false when there is no entry for it.
  func open(_ sourceID: UInt16, to domain: RemappingDomain, _ settings: AMDDeviceSettings) -> Bool {
    guard Int(sourceID) < count else { return false }
    let offset = Int(sourceID) * Self.entryByteCount
    let (second, third) = settings.words(domain: domain.identifier)
    var first = AMDDeviceEntries.Translation(
      rawValue: Self.closedWord(domain.tableAddress, levelCount: domain.format.levelCount))
    first.canRead = true
    first.canWrite = true
    memory.write64(closed, at: offset)
    memory.write64(second.rawValue, at: offset + 8)
    memory.write64(third.rawValue, at: offset + 16)
    memory.write64(first.rawValue, at: offset)
    return true
  }

  /// The first word of an entry that gives no access.
  ///
  /// It has a page table nevertheless, an empty one: QEMU notes an access that is refused on its way through tables, and none that is
  /// refused before.
  static func closedWord(_ table: UInt64, levelCount: Int) -> UInt64 {
    var word = AMDDeviceEntries.Translation()
    word.isValid = true
    word.translates = true
    word.levelCount = UInt8(truncatingIfNeeded: levelCount)
    word.pageTable = table
    return word.rawValue
  }
}
