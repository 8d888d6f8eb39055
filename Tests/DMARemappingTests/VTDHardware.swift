import DeviceModels
import Foundations
import Machine
import PCI

@testable import DMARemapping

/// A VT-d unit in software: does what registers and queue tell it, walks the tables in simulated memory, and remembers all that it has
/// seen until it is told to forget it, as the worst of hardware may. Source: VT-d 4.1, chapters 3 and 6.
final class VTDHardware {
  struct Options {
    var levels = 4
    var hasQueue = true
    var remembersAbsence = false
    var needsFlush = false
    var forgetsPages = true
    var largestMask: UInt64 = 9
    var records: UInt64 = 4
    var controlsSnooping = false
    var addressBits: UInt64 = 48
  }

  struct Context: Equatable {
    var table: UInt64
    var levels: Int
    var domain: UInt16
  }

  let options: Options
  let registers = DeviceModel(VTDModel.layout)
  let cache = DeviceModel(VTDTranslationCacheModel.layout)
  let faults = DeviceModel(VTDFaultsModel.layout)
  /// What was refused and not recorded, for want of room.
  var lostCount = 0
  /// The unit does not take descriptors.
  var isStuck = false
  var flushCount = 0
  var descriptorCount = 0
  /// Descriptors, or what is in the tables, that the manual does not allow.
  var mistakes: [String] = []

  private var root: UInt64 = 0
  private var head: UInt64 = 0
  private var nextRecord = 0
  // What it remembers. nil is that something was absent.
  private var contexts: [UInt16: Context?] = [:]
  private var pages: [UInt16: [UInt64: UInt64?]] = [:]
  private var tables: [UInt16: [UInt64: UInt64]] = [:]

  init(_ options: Options = Options()) {
    self.options = options
    let widths: UInt64 = 1 << UInt64(options.levels - 2)
    var capabilities: UInt64 = 2  // 256 domains.
    capabilities |= (options.needsFlush ? 1 << 4 : 0) | (options.remembersAbsence ? 1 << 7 : 0)
    capabilities |= widths << 8 | (options.addressBits - 1) << 16 | 0x22 << 24
    capabilities |= (options.forgetsPages ? 1 << 39 : 0) | (options.records - 1) << 40 | options.largestMask << 48
    capabilities |= 3 << 54
    registers[VTDModel.version] = 0x10
    registers[VTDModel.capabilities] = capabilities
    registers[VTDModel.extendedCapabilities] =
      1 | (options.hasQueue ? 2 : 0) | (options.controlsSnooping ? 1 << 7 : 0) | 0xf << 8
    registers.onWrite[VTDModel.globalCommand] = { [unowned self] _, _, value in self.command(value) }
    registers.onWrite[VTDModel.contextCommand] = { [unowned self] model, _, value in
      guard value >> 63 == 1 else { return }
      if registers[VTDModel.globalStatus] >> 26 & 1 == 1 { mistakes.append("registers used beside the queue") }
      forgetContexts(value >> 61 & 3, UInt16(truncatingIfNeeded: value), UInt16(truncatingIfNeeded: value >> 16))
      if !isStuck { model[VTDModel.contextCommand] = value & ~(1 << 63) }
    }
    cache.onWrite[VTDTranslationCacheModel.command] = { [unowned self] model, _, value in
      guard value >> 63 == 1 else { return }
      if registers[VTDModel.globalStatus] >> 26 & 1 == 1 { mistakes.append("registers used beside the queue") }
      if value >> 48 & 3 != 3 { mistakes.append("not drained") }
      forgetPages(
        value >> 60 & 3, UInt16(truncatingIfNeeded: value >> 32), model[VTDTranslationCacheModel.address])
      if !isStuck { model[VTDTranslationCacheModel.command] = value & ~(1 << 63) }
    }
    registers.onWrite[VTDModel.queueTail] = { [unowned self] _, _, _ in self.takeDescriptors() }
    faults.onWrite[VTDFaultsModel.upper] = { [unowned self] _, _, _ in self.updateFaultStatus() }
  }

  var spaces: VTDSpaces<DeviceModel> {
    VTDSpaces(commands: registers, cache: cache, status: registers, faults: faults)
  }

  func makeUnit(lookLimit: Int = 50) throws -> VTDUnit<DeviceModel> {
    try VTDUnit("dmar0", VTDScope(segment: 0, servesOthers: true), spaces, lookLimit: lookLimit)
  }

  var isTranslating: Bool { registers[VTDModel.globalStatus] >> 31 == 1 }

  // MARK: What software says

  private func command(_ value: UInt64) {
    var status = registers[VTDModel.globalStatus]
    status = status & ~(1 << 31) | value & 1 << 31
    status = status & ~(1 << 25) | value & 1 << 25
    if value >> 26 & 1 == 1, status >> 26 & 1 == 0 { head = 0 }
    status = status & ~(1 << 26) | value & 1 << 26
    if value >> 30 & 1 == 1 {
      root = registers[VTDModel.rootTable]
      if root & 0xfff != 0 { mistakes.append("root table mode") }
      status |= 1 << 30
    }
    if value >> 27 & 1 == 1 { flushCount += 1 }
    registers[VTDModel.globalStatus] = status
  }

  private func word(_ address: UInt64) -> UInt64 {
    guard let bytes = SimulatedBus.read(address, count: 8) else {
      mistakes.append("a table or queue that is not in memory")
      return 0
    }
    return bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64($1.offset * 8) }
  }

  private func takeDescriptors() {
    guard registers[VTDModel.globalStatus] >> 26 & 1 == 1, !isStuck else { return }
    let (queue, tail) = (registers[VTDModel.queueAddress] & ~0xfff, registers[VTDModel.queueTail])
    while head != tail {
      descriptorCount += 1
      take(word(queue + head), word(queue + head + 8))
      head = (head + 16) % 4096
    }
    registers[VTDModel.queueHead] = head
  }

  private func take(_ lower: UInt64, _ upper: UInt64) {
    switch lower & 15 {
    case 1:
      if lower & ~0x3_ffff_ffff_003f != 0 || upper != 0 { mistakes.append("reserved bits of a context descriptor") }
      forgetContexts(
        lower >> 4 & 3, UInt16(truncatingIfNeeded: lower >> 16), UInt16(truncatingIfNeeded: lower >> 32))
    case 2:
      if lower & ~0xffff_00ff != 0 { mistakes.append("reserved bits of a translation descriptor") }
      if lower >> 6 & 3 != 3 { mistakes.append("not drained") }
      forgetPages(lower >> 4 & 3, UInt16(truncatingIfNeeded: lower >> 16), upper)
    case 5:
      let number = (0..<4).map { UInt8(truncatingIfNeeded: lower >> UInt64(32 + $0 * 8)) }
      if lower >> 5 & 1 == 1, !SimulatedBus.write(number, at: upper & ~3) { mistakes.append("status") }
    default: mistakes.append("descriptor \(lower)")
    }
  }

  private func forgetContexts(_ extent: UInt64, _ domain: UInt16, _ source: UInt16) {
    switch extent {
    case 1: contexts = [:]
    case 2: contexts = contexts.filter { ($0.value?.domain ?? 0) != domain }
    case 3: if let known = contexts[source], (known?.domain ?? 0) == domain { contexts[source] = .none }
    default: mistakes.append("extent of contexts")
    }
  }

  private func forgetPages(_ extent: UInt64, _ domain: UInt16, _ address: UInt64) {
    switch extent {
    case 1: (pages, tables) = ([:], [:])
    case 2: (pages[domain], tables[domain]) = (nil, nil)
    case 3:
      let mask = address & 0x3f
      if !options.forgetsPages || mask > options.largestMask { mistakes.append("more pages than it takes") }
      let first = address >> 12
      if first & (1 << mask - 1) != 0 { mistakes.append("pages that are not aligned") }
      let range = first..<first + 1 << mask
      pages[domain] = pages[domain]?.filter { !range.contains($0.key) }
      if address >> 6 & 1 == 0 {
        tables[domain] = tables[domain]?.filter { !range.overlaps($0.key << 9..<($0.key + 1) << 9) }
      }
    default: mistakes.append("extent of translations")
    }
  }

  // MARK: What devices do

  /// Whether a device reaches `page`; refused accesses are recorded.
  func access(_ source: PCIAddress, _ page: UInt64, _ isRead: Bool = true) -> Bool {
    guard isTranslating else { return true }
    guard let context = context(of: source.routing) else {
      record(source.routing, page, isRead, reason: 2)
      return false
    }
    guard let target = target(of: page, context) else {
      record(source.routing, page, isRead, reason: isRead ? 6 : 5)
      return false
    }
    if target != page { mistakes.append("page \(page) is \(target)") }
    return true
  }

  private func context(of source: UInt16) -> Context? {
    if let known = contexts[source] {
      if known != nil || options.remembersAbsence { return known }
    }
    let found = walk(source)
    contexts[source] = .some(found)
    return found
  }

  private func walk(_ source: UInt16) -> Context? {
    let bus = word((root & ~0xfff) + UInt64(source >> 8) * 16)
    guard bus & 1 == 1 else { return nil }
    let place = (bus & ~0xfff) + UInt64(source & 0xff) * 16
    let (lower, upper) = (word(place), word(place + 8))
    guard lower & 1 == 1 else { return nil }
    if lower & 0xffe != 0 || upper & ~0xff_ff07 != 0 { mistakes.append("bits of a context entry") }
    let levels = Int(upper & 7) + 2
    if levels != options.levels { mistakes.append("depth of page tables") }
    return Context(table: lower & ~0xfff, levels: levels, domain: UInt16(truncatingIfNeeded: upper >> 8))
  }

  private func target(of page: UInt64, _ context: Context) -> UInt64? {
    if let known = pages[context.domain]?[page] {
      if known != nil || options.remembersAbsence { return known }
    }
    var table = tables[context.domain]?[page >> 9]
    if table == nil {
      var next: UInt64? = context.table
      for level in stride(from: context.levels, to: 1, by: -1) {
        next = next.flatMap { entry($0, page >> UInt64(9 * (level - 1)), isPage: false) }
      }
      table = next
      if let next { tables[context.domain, default: [:]][page >> 9] = next }
    }
    let found = table.flatMap { entry($0, page, isPage: true) }.map { $0 >> 12 }
    pages[context.domain, default: [:]][page] = .some(found)
    return found
  }

  private func entry(_ table: UInt64, _ index: UInt64, isPage: Bool) -> UInt64? {
    let entry = word(table + (index & 511) * 8)
    guard entry & 3 == 3 else {
      if entry != 0 { mistakes.append("an entry with half a permission") }
      return nil
    }
    let snoops: UInt64 = isPage && options.controlsSnooping ? 1 << 11 : 0
    if entry & 0xfff != 3 | snoops || entry >> 52 != 0 { mistakes.append("bits of an entry") }
    return entry & ~0xfff
  }

  // MARK: Faults

  func record(_ source: UInt16, _ page: UInt64, _ isRead: Bool, reason: UInt64) {
    guard faults[VTDFaultsModel.upper, nextRecord] >> 63 == 0 else {
      lostCount += 1
      registers[VTDModel.FaultStatus.hasOverflowed] = 1
      return
    }
    faults[VTDFaultsModel.lower, nextRecord] = page << 12
    faults[VTDFaultsModel.upper, nextRecord] = 1 << 63 | (isRead ? 1 << 62 : 0) | reason << 32 | UInt64(source)
    if registers[VTDModel.FaultStatus.hasFaults] == 0 {
      registers[VTDModel.FaultStatus.firstFault] = UInt64(nextRecord)
    }
    nextRecord = (nextRecord + 1) % Int(options.records)
    updateFaultStatus()
  }

  private func updateFaultStatus() {
    let isAny = (0..<Int(options.records)).contains { faults[VTDFaultsModel.upper, $0] >> 63 == 1 }
    registers[VTDModel.FaultStatus.hasFaults] = isAny ? 1 : 0
  }
}
