import Foundations
import Machine

@testable import DMARemapping
@testable import DeviceModels

/// AMD's IOMMU in software: reads commands, walks tables in simulated memory, and remembers all that it ever saw until it is told to
/// forget it, as a unit with caches without limits would.
///
/// Written from the manual and not from the driver. Used within `SimulatedMemory.exclusive`.
final class AMDUnitModel {
  /// What a domain's table said on the way to a page.
  private struct Place: Hashable {
    var domain: UInt16
    var level: Int
    var index: UInt64
  }

  private struct DeviceEntry {
    var words: [UInt64]
    var isValid: Bool { words[0] & 3 == 3 }
    var mode: Int { Int(words[0] >> 9 & 7) }
    var domain: UInt16 { UInt16(truncatingIfNeeded: words[1]) }
  }

  let registers = DeviceModel(AMDIOMMUModel.layout)
  /// Whether it remembers that something was not mapped.
  var cachesMissingEntries = false
  /// It reads commands and does not end waits.
  var isSilent = false
  /// It does not log, as QEMU's does not.
  var isDumb = false
  /// It remembers for each device which pages it has reached, in which domain, and asks that before the device table, as QEMU's does.
  var looksAtPagesFirst = false
  /// How events look before they are there: the tail moves first.
  var delaysEvents = false
  private(set) var commands: [UInt8] = []
  private(set) var illegal = 0
  private var devices: [UInt16: DeviceEntry] = [:]
  private var entries: [Place: UInt64] = [:]
  private var reached: [UInt16: [UInt64: UInt16]] = [:]

  init() {
    registers[AMDIOMMUModel.extendedFeatures] = 0x29d3
    registers.onWrite[AMDIOMMUModel.control] = { [unowned self] _, _, _ in self.control() }
    registers.onWrite[AMDIOMMUModel.commandBufferTail] = { [unowned self] _, _, _ in self.readCommands() }
  }

  private func control() {
    registers[AMDIOMMUModel.Status.isReadingCommands] = registers[AMDIOMMUModel.Control.readsCommands]
    let hasRoom = registers[AMDIOMMUModel.Status.hasOverflow] == 0
    registers[AMDIOMMUModel.Status.isLogging] = hasRoom ? registers[AMDIOMMUModel.Control.logsEvents] : 0
  }

  private var isOn: Bool { registers[AMDIOMMUModel.Control.isEnabled] == 1 }

  static func word(_ address: UInt64) -> UInt64? {
    SimulatedBus.read(address, count: 8).map { $0.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  }

  @discardableResult
  static func store(_ value: UInt64, at address: UInt64) -> Bool {
    SimulatedBus.write((0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }, at: address)
  }

  // MARK: Commands

  private func readCommands() {
    guard isOn, registers[AMDIOMMUModel.Control.readsCommands] == 1 else { return }
    let base = registers[AMDIOMMUModel.commandBufferBase] & 0xf_ffff_ffff_f000
    let size = UInt64(16) << registers[AMDIOMMUModel.CommandBufferBase.exponent]
    let tail = registers[AMDIOMMUModel.commandBufferTail]
    var head = registers[AMDIOMMUModel.commandBufferHead]
    while head != tail, head < size, let first = Self.word(base + head), let second = Self.word(base + head + 8) {
      execute(first, second)
      head = (head + 16) % size
    }
    registers[AMDIOMMUModel.commandBufferHead] = head
  }

  private func execute(_ first: UInt64, _ second: UInt64) {
    commands.append(UInt8(first >> 60))
    switch first >> 60 {
    case 1:
      if first >> 52 & 0xff != 0 { illegal += 1 }
      if !isSilent, first & 1 == 1, !Self.store(second, at: first & 0xf_ffff_ffff_fff8) { illegal += 1 }
    case 2:
      if first >> 16 & 0xfff_ffff_ffff != 0 || second != 0 { illegal += 1 }
      devices[UInt16(truncatingIfNeeded: first)] = nil
    case 3:
      if first & 0xffff_ffff != 0 || first >> 48 & 0xfff != 0 || second & 0xffc != 0 { illegal += 1 }
      forget(UInt16(truncatingIfNeeded: first >> 32), second)
    case 8:
      if first << 4 != 0 || second != 0 { illegal += 1 }
      devices = [:]
      entries = [:]
      reached = [:]
    default: illegal += 1
    }
  }

  /// The size is one page, or told by the lowest zero of the address above its twelve low bits.
  private func forget(_ domain: UInt16, _ operand: UInt64) {
    reached = reached.mapValues { $0.filter { $0.value != domain } }
    let address = operand >> 12
    var range = address...address
    if operand & 1 == 1 {
      let ones = UInt64((~address).trailingZeroBitCount)
      if ones >= 51 {
        range = 0...UInt64.max >> 12
      } else {
        let first = (address >> (ones + 1)) << (ones + 1)
        range = first...(first + (1 << (ones + 1)) - 1)
      }
    }
    entries = entries.filter { place, _ in
      guard place.domain == domain else { return true }
      let shift = UInt64(9 * (place.level - 1))
      let covered = (place.index << shift)...((place.index << shift) + (1 << shift) - 1)
      guard covered.overlaps(range) else { return true }
      return place.level > 1 && operand & 2 == 0
    }
  }

  // MARK: Devices

  /// Whether a device's access gets through. One that does not is logged.
  func reaches(_ source: UInt16, _ address: UInt64, writing: Bool = true) -> Bool {
    guard isOn else { return true }
    if looksAtPagesFirst, reached[source]?[address >> 12] != nil { return true }
    guard let entry = deviceEntry(source) else { return refuse(source, 0, address, writing, code: 3) }
    // Without V everything passes; the driver never leaves an entry so.
    guard entry.isValid else { return entry.words[0] & 1 == 0 }
    let permission: UInt64 = writing ? 1 << 62 : 1 << 61
    guard entry.words[0] & permission != 0 else { return refuse(source, entry.domain, address, writing) }
    guard entry.mode > 0 else { return true }
    guard entry.mode == 6 || address >> UInt64(12 + 9 * entry.mode) == 0 else {
      return refuse(source, entry.domain, address, writing)
    }
    var table = entry.words[0] & 0xf_ffff_ffff_f000
    var level = entry.mode
    while level > 0 {
      let place = Place(domain: entry.domain, level: level, index: address >> UInt64(12 + 9 * (level - 1)))
      guard let value = entries[place] ?? Self.word(table + (place.index & 511) * 8) else {
        return refuse(source, entry.domain, address, writing, code: 4)
      }
      guard value & 1 == 1 else {
        if cachesMissingEntries { entries[place] = value }
        return refuse(source, entry.domain, address, writing)
      }
      entries[place] = value
      guard value & permission != 0, value >> 9 & 7 == UInt64(level - 1) else {
        return refuse(source, entry.domain, address, writing, isPresent: true)
      }
      table = value & 0xf_ffff_ffff_f000
      level -= 1
    }
    reached[source, default: [:]][address >> 12] = entry.domain
    // Addresses mean themselves.
    return table >> 12 == address >> 12
  }

  private func deviceEntry(_ source: UInt16) -> DeviceEntry? {
    if let known = devices[source] { return known }
    let count = (registers[AMDIOMMUModel.DeviceTableBase.lastPage] + 1) * 128
    guard UInt64(source) < count else { return nil }
    let base = (registers[AMDIOMMUModel.deviceTableBase] & 0xf_ffff_ffff_f000) + UInt64(source) * 32
    let words = (0..<4).compactMap { Self.word(base + UInt64($0) * 8) }
    guard words.count == 4 else { return nil }
    devices[source] = DeviceEntry(words: words)
    return devices[source]
  }

  /// The four words of a device's entry as they are in memory.
  func entryInMemory(_ source: UInt16) -> [UInt64] {
    let base = (registers[AMDIOMMUModel.deviceTableBase] & 0xf_ffff_ffff_f000) + UInt64(source) * 32
    return (0..<4).map { Self.word(base + UInt64($0) * 8) ?? .max }
  }

  // MARK: Events

  private func refuse(
    _ source: UInt16, _ domain: UInt16, _ address: UInt64, _ writing: Bool, isPresent: Bool = false, code: UInt64 = 2
  ) -> Bool {
    var first = code << 60 | UInt64(domain) << 32 | UInt64(source)
    if isPresent { first |= 1 << 52 }
    if writing { first |= 1 << 53 }
    log(first, address)
    return false
  }

  /// Writes an event, if the log runs and has room.
  func log(_ first: UInt64, _ second: UInt64) {
    guard !isDumb, isOn, registers[AMDIOMMUModel.Status.isLogging] == 1 else { return }
    let base = registers[AMDIOMMUModel.eventLogBase] & 0xf_ffff_ffff_f000
    let size = UInt64(16) << registers[AMDIOMMUModel.EventLogBase.exponent]
    let tail = registers[AMDIOMMUModel.eventLogTail]
    let next = (tail + 16) % size
    guard next != registers[AMDIOMMUModel.eventLogHead] else {
      registers[AMDIOMMUModel.Status.hasOverflow] = 1
      registers[AMDIOMMUModel.Status.isLogging] = 0
      return
    }
    if !delaysEvents {
      Self.store(first, at: base + tail)
      Self.store(second, at: base + tail + 8)
    }
    registers[AMDIOMMUModel.eventLogTail] = next
    registers[AMDIOMMUModel.Status.hasEvent] = 1
  }
}
